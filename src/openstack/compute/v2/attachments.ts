import { flag, id, list, optionalText } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { nothing } from '../../service.ts';

// https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments-servers-os-volume-attachments

export interface Attachment {
  readonly volumeId: string;
  /** As Nova calls it: /dev/vdb. The guest may see another name. */
  readonly device: string | undefined;
  /** From 2.70. */
  readonly tag: string | undefined;
  /** From 2.79. */
  readonly deleteOnTermination: boolean;
}

const attachmentsUrl = (serverId: string) => `/servers/${encodeURIComponent(serverId)}/os-volume_attachments`;

/** In the cloud's order. */
export function listAttachments(client: ServiceClient, serverId: string): Promise<Attachment[]> {
  return client.call({
    doing: `list the volumes of server ${serverId}`,
    method: 'GET',
    path: attachmentsUrl(serverId),
    ok: [200],
    decode: (answer) =>
      list(answer, 'volumeAttachments', (attachment) => ({
        volumeId: id(attachment, 'volumeId'),
        device: optionalText(attachment, 'device'),
        tag: optionalText(attachment, 'tag'),
        deleteOnTermination: flag(attachment, 'delete_on_termination'),
      })),
  });
}

/** Starts to attach; done when the volume is `in-use`. From 2.101 the answer is 202. */
export function attachVolume(
  client: ServiceClient,
  serverId: string,
  volume: {
    readonly id: string;
    readonly device?: string | undefined;
    readonly tag?: string | undefined;
    readonly deleteOnTermination?: boolean | undefined;
  },
): Promise<void> {
  return client.call({
    doing: `attach volume ${volume.id} to server ${serverId}`,
    method: 'POST',
    path: attachmentsUrl(serverId),
    json: {
      volumeAttachment: {
        volumeId: volume.id,
        device: volume.device,
        tag: client.supports('2.49') ? volume.tag : undefined,
        delete_on_termination: client.supports('2.79') ? volume.deleteOnTermination : undefined,
      },
    },
    ok: [200, 202],
    decode: nothing,
  });
}

/** Sets whether a volume is deleted with its server. From 2.85. */
export function setDeleteOnTermination(
  client: ServiceClient,
  serverId: string,
  volumeId: string,
  value: boolean,
): Promise<void> {
  return client.call({
    doing: `set whether volume ${volumeId} is deleted with server ${serverId}`,
    method: 'PUT',
    path: `${attachmentsUrl(serverId)}/${encodeURIComponent(volumeId)}`,
    json: { volumeAttachment: { volumeId, delete_on_termination: value } },
    ok: [202],
    decode: nothing,
  });
}

/** Starts to detach; done when the volume is `available`. */
export function detachVolume(client: ServiceClient, serverId: string, volumeId: string): Promise<void> {
  return client.call({
    doing: `detach volume ${volumeId} from server ${serverId}`,
    method: 'DELETE',
    path: `${attachmentsUrl(serverId)}/${encodeURIComponent(volumeId)}`,
    ok: [202, 404],
    decode: nothing,
  });
}
