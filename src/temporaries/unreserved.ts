import { deleteVolumeAttachment, listVolumeAttachments } from '../openstack/blockstorage/v3/attachments.ts';
import { deleteVolume } from '../openstack/blockstorage/v3/volumes.ts';
import { hasStatus } from '../openstack/errors.ts';
import type { ServiceClient } from '../openstack/service.ts';

/**
 * Deletes a temporary volume. Nova reserves the volumes of a new server one after the other, and those before one that it
 * refuses stay reserved for a server that never is: that is taken off them.
 */
export async function deleteUnreserved(client: ServiceClient, volumeId: string): Promise<void> {
  try {
    await deleteVolume(client, volumeId);
  } catch (error) {
    if (!hasStatus(error, 400) || !client.supports('3.27')) throw error;
    const attachments = await listVolumeAttachments(client, volumeId);
    const reserved = attachments.filter((one) => one.volumeId === volumeId && one.status === 'reserved');
    if (reserved.length === 0) throw error;
    for (const { id } of reserved) await deleteVolumeAttachment(client, id);
    await deleteVolume(client, volumeId);
  }
}
