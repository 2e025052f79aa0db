import { deleteVolumeAttachment, listVolumeAttachments } from '../openstack/blockstorage/v3/attachments.ts';
import { deleteVolume } from '../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../openstack/connection.ts';
import { hasStatus } from '../openstack/errors.ts';

/** Deletes a temporary volume, even one reserved for a server that never came to be. */
export async function deleteUnreserved(client: ServiceClient, volumeId: string): Promise<void> {
  try {
    await deleteVolume(client, volumeId);
  } catch (error) {
    if (!hasStatus(error, 400) || !(await unreserve(client, volumeId))) throw error;
    await deleteVolume(client, volumeId);
  }
}

/**
 * Takes a stale reservation off a volume. Nova reserves the volumes of a new server one after the other; when it
 * refuses one, those before it stay reserved for a server that never came to be.
 *
 * @returns whether it was reserved
 */
export async function unreserve(client: ServiceClient, volumeId: string): Promise<boolean> {
  if (!client.supports('3.27')) return false;
  const attachments = await listVolumeAttachments(client, volumeId);
  const reserved = attachments.filter((one) => one.volumeId === volumeId && one.status === 'reserved');
  for (const { id } of reserved) await deleteVolumeAttachment(client, id);
  return reserved.length > 0;
}
