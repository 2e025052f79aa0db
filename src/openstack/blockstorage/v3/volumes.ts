import {
  field,
  flag,
  id,
  integer,
  type Json,
  list,
  moment,
  optionalId,
  optionalMoment,
  optionalText,
  strings,
  text,
} from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { pages } from '../../pages.ts';
import { nothing } from '../../service.ts';
import { Watcher } from '../../watcher.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly status: string;
  /** GiB. */
  readonly size: number;
  readonly availabilityZone: string;
  readonly createdAt: string;
  readonly updatedAt: string | undefined;
  readonly volumeType: string | undefined;
  /** From 3.63. */
  readonly volumeTypeId: string | undefined;
  readonly encrypted: boolean;
  /** From 3.64; absent for the all-zero key of a fixed-key cloud. */
  readonly encryptionKeyId: string | undefined;
  readonly bootable: boolean;
  readonly multiattach: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly imageMetadata: Readonly<Record<string, string>>;
  readonly attachments: readonly { readonly serverId: string; readonly device: string }[];
  readonly groupId: string | undefined;
  readonly snapshotId: string | undefined;
  /** From 3.65; false for what Cinder makes for itself, such as the source of a backup of a volume in use. */
  readonly consumesQuota: boolean;
}

/** Only the volume's own endpoint shows these: the key's id before 3.64, provider and cipher at every version. */
export interface VolumeEncryption {
  readonly keyId: string | undefined;
  readonly provider: string | undefined;
  readonly cipher: string | undefined;
  /** Bits. */
  readonly keySize: number | undefined;
  readonly controlLocation: string | undefined;
}

export interface CreateVolume {
  /** GiB. */
  readonly size: number;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly volumeType?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** From 3.47. */
  readonly backupId?: string | undefined;
  readonly snapshotId?: string | undefined;
  /** Needs a size: at least the image's bytes, rounded up to whole GiB, and its `min_disk`. */
  readonly imageId?: string | undefined;
}

const volumeUrl = (volumeId: string) => `/volumes/${encodeURIComponent(volumeId)}`;

/** @throws CloudError 404 when there is none with this id in the project */
export function getVolume(client: ServiceClient, volumeId: string): Promise<Volume> {
  return client.call({
    doing: `read volume ${volumeId}`,
    method: 'GET',
    path: volumeUrl(volumeId),
    ok: [200],
    decode: (answer) => decodeVolume(field(answer, 'volume')),
  });
}

export interface VolumeFilter {
  readonly name?: string | undefined;
  /** Newest first when true: a watcher waits for new volumes. */
  readonly newestFirst?: boolean | undefined;
}

/** The project's volumes, a page at a time. */
export function listVolumes(client: ServiceClient, filter: VolumeFilter = {}): AsyncGenerator<Volume[]> {
  return pages('volumes', (page) =>
    client.call({
      doing: 'list the volumes',
      method: 'GET',
      path: '/volumes/detail',
      query: { name: filter.name, sort: filter.newestFirst ? 'created_at:desc' : undefined, ...page },
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(client, answer, 'volumes', 'volume', decodeVolume, BLANK),
        more: answer['volumes_links'] !== undefined,
      }),
    }),
  );
}

export function createVolume(client: ServiceClient, volume: CreateVolume): Promise<Volume> {
  return client.call({
    doing: `create a volume of ${volume.size} GiB`,
    method: 'POST',
    path: '/volumes',
    json: {
      volume: {
        size: volume.size,
        name: volume.name,
        description: volume.description,
        volume_type: volume.volumeType,
        availability_zone: volume.availabilityZone,
        metadata: volume.metadata,
        backup_id: volume.backupId,
        snapshot_id: volume.snapshotId,
        imageRef: volume.imageId,
      },
    },
    ok: [202],
    decode: (answer) => decodeVolume(field(answer, 'volume')),
  });
}

export function updateVolume(
  client: ServiceClient,
  volumeId: string,
  change: { name?: string; description?: string },
): Promise<void> {
  return client.call({
    doing: `rename volume ${volumeId}`,
    method: 'PUT',
    path: volumeUrl(volumeId),
    json: { volume: change },
    ok: [200],
    decode: nothing,
  });
}

export function deleteVolume(client: ServiceClient, volumeId: string): Promise<void> {
  return client.call({
    doing: `delete volume ${volumeId}`,
    method: 'DELETE',
    path: volumeUrl(volumeId),
    ok: [202, 404],
    decode: nothing,
  });
}

/** Replaces all of the volume's metadata. */
export function replaceVolumeMetadata(
  client: ServiceClient,
  volumeId: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  return client.call({
    doing: `set the metadata of volume ${volumeId}`,
    method: 'PUT',
    path: `${volumeUrl(volumeId)}/metadata`,
    json: { metadata },
    ok: [200],
    decode: nothing,
  });
}

export function setBootable(client: ServiceClient, volumeId: string, bootable: boolean): Promise<void> {
  return client.call({
    doing: `set the bootable flag of volume ${volumeId}`,
    method: 'POST',
    path: `${volumeUrl(volumeId)}/action`,
    json: { 'os-set_bootable': { bootable } },
    ok: [200, 202],
    idempotent: true,
    decode: nothing,
  });
}

export function setImageMetadata(
  client: ServiceClient,
  volumeId: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  return client.call({
    doing: `set the image metadata of volume ${volumeId}`,
    method: 'POST',
    path: `${volumeUrl(volumeId)}/action`,
    json: { 'os-set_image_metadata': { metadata } },
    ok: [200, 202],
    idempotent: true,
    decode: nothing,
  });
}

/** A missing key counts as unset. */
export function unsetImageMetadata(client: ServiceClient, volumeId: string, key: string): Promise<void> {
  return client.call({
    doing: `unset the image metadata ${key} of volume ${volumeId}`,
    method: 'POST',
    path: `${volumeUrl(volumeId)}/action`,
    json: { 'os-unset_image_metadata': { key } },
    ok: [200, 202, 404],
    idempotent: true,
    decode: nothing,
  });
}

/**
 * For a project reader, at any microversion. `/types/{id}/encryption` says the same to administrators only.
 * https://github.com/openstack/cinder/blob/master/cinder/api/contrib/volume_encryption_metadata.py
 */
export function getVolumeEncryption(client: ServiceClient, volumeId: string): Promise<VolumeEncryption> {
  return client.call({
    doing: `read the encryption of volume ${volumeId}`,
    method: 'GET',
    path: `${volumeUrl(volumeId)}/encryption`,
    ok: [200],
    decode: (answer) => ({
      keyId: optionalId(answer, 'encryption_key_id'),
      provider: optionalText(answer, 'provider'),
      cipher: optionalText(answer, 'cipher'),
      keySize: typeof answer['key_size'] === 'number' ? integer(answer, 'key_size') : undefined,
      controlLocation: optionalText(answer, 'control_location'),
    }),
  });
}

/** Watches all volumes with one request a tick. */
export function watchVolumes(client: ServiceClient): Watcher<Volume> {
  const { clock, log } = client.session;
  const source = {
    list: () => listVolumes(client, { newestFirst: true }),
    get: (volumeId: string) => getVolume(client, volumeId),
  };
  return new Watcher(source, clock, log);
}

/** A volume that cannot be read; its key still counts as used. */
const BLANK = {
  fields: { size: 0, created_at: '1970-01-01T00:00:00', attachments: [] },
  kept: ['encryption_key_id'],
};

function decodeVolume(volume: Json): Volume {
  return {
    id: id(volume, 'id'),
    name: optionalText(volume, 'name') ?? '',
    description: optionalText(volume, 'description') ?? '',
    status: text(volume, 'status'),
    size: integer(volume, 'size'),
    availabilityZone: optionalText(volume, 'availability_zone') ?? '',
    createdAt: moment(volume, 'created_at'),
    updatedAt: optionalMoment(volume, 'updated_at'),
    volumeType: optionalText(volume, 'volume_type'),
    volumeTypeId: optionalId(volume, 'volume_type_id'),
    encrypted: flag(volume, 'encrypted'),
    encryptionKeyId: optionalId(volume, 'encryption_key_id'),
    bootable: flag(volume, 'bootable'),
    multiattach: flag(volume, 'multiattach'),
    metadata: strings(volume, 'metadata'),
    imageMetadata: strings(volume, 'volume_image_metadata'),
    attachments: list(volume, 'attachments', (attachment) => ({
      serverId: optionalText(attachment, 'server_id') ?? '',
      device: optionalText(attachment, 'device') ?? '',
    })),
    groupId: optionalId(volume, 'group_id'),
    snapshotId: optionalId(volume, 'snapshot_id'),
    consumesQuota: volume['consumes_quota'] !== false,
  };
}
