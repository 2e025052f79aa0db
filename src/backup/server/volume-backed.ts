import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Attachment } from '../../openstack/compute/v2/attachments.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';

/** What a hypervisor calls the first disk of a bus. */
const FIRST = /^\/dev\/(?:v|s|h|xv|ub)da$/;

/**
 * Whether a server boots from a volume. An image id proves nothing: a server made from the image of a volume-backed one
 * has that image, and volumes. Nova shows the root device to administrators only, but a disk of the server's own has
 * the first name, which then no volume has; unless that is on another bus, and such a volume does not boot.
 * https://github.com/openstack/nova/blob/master/nova/compute/utils.py `is_volume_backed_instance`
 *
 * @param volumes of the project
 */
export function isVolumeBacked(
  { imageId }: Pick<Server, 'imageId'>,
  attachments: readonly Pick<Attachment, 'volumeId' | 'device'>[],
  volumes: readonly Pick<Volume, 'id' | 'bootable'>[],
): boolean {
  if (imageId === undefined) return true;
  const first = attachments.find(({ device }) => FIRST.test(device ?? ''));
  return volumes.some(({ id, bootable }) => id === first?.volumeId && bootable);
}
