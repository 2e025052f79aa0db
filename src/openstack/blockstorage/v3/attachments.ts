import { id, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { nothing } from '../../service.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#attachments

export interface VolumeAttachment {
  readonly id: string;
  readonly volumeId: string;
  /** `reserved` until the server connects the volume, then `attached`. */
  readonly status: string;
}

/** From 3.27. */
export function listVolumeAttachments(client: ServiceClient, volumeId: string): Promise<VolumeAttachment[]> {
  return client.call({
    doing: `list the attachments of volume ${volumeId}`,
    method: 'GET',
    path: '/attachments',
    query: { volume_id: volumeId },
    ok: [200],
    decode: (answer) =>
      itemsOf(client, answer, 'attachments', 'attachment', (attachment) => ({
        id: id(attachment, 'id'),
        volumeId: id(attachment, 'volume_id'),
        status: text(attachment, 'status'),
      })).items,
  });
}

/**
 * Users may delete attachments that no server has connected. `os-unreserve` does not help: it is for volumes that are
 * `attaching`.
 * https://github.com/openstack/cinder/blob/master/cinder/volume/api.py `attachment_deletion_allowed`
 *
 * @throws CloudError 409 for one that is connected
 */
export function deleteVolumeAttachment(client: ServiceClient, attachmentId: string): Promise<void> {
  return client.call({
    doing: `delete attachment ${attachmentId}`,
    method: 'DELETE',
    path: `/attachments/${encodeURIComponent(attachmentId)}`,
    ok: [200, 404],
    decode: nothing,
  });
}
