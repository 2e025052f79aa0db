import { withoutTime } from '../../catalog/entries.ts';
import { readTags } from '../../chain/tags.ts';
import { InputError } from '../../errors.ts';
import type { VolumeBackupPoint } from '../../manifest/schema.ts';
import { type Backup, getBackup, listBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { getVolume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { collect } from '../../pool.ts';
import { quoted } from '../../text/escape.ts';

/** What is known about the source volume of a backup. Without the manifest, some of it is unknown: undefined. */
export interface RestoreSource {
  readonly backupId: string;
  /** GiB. */
  readonly size: number;
  readonly encrypted: boolean;
  readonly volumeId: string;
  readonly name: string;
  readonly typeId: string | undefined;
  readonly typeName: string | undefined;
  readonly availabilityZone: string | undefined;
  readonly bootable: boolean | undefined;
  readonly description: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly imageMetadata: Readonly<Record<string, string>> | undefined;
}

export function fromManifest({ resource, backup }: VolumeBackupPoint): RestoreSource {
  return {
    backupId: backup.id,
    size: backup.size,
    encrypted: resource.encryption !== null,
    volumeId: resource.id,
    name: resource.name,
    typeId: resource.type.id ?? undefined,
    typeName: resource.type.name ?? undefined,
    availabilityZone: resource.availabilityZone === '' ? undefined : resource.availabilityZone,
    bootable: resource.bootable,
    description: resource.description,
    metadata: resource.metadata,
    imageMetadata: resource.imageMetadata,
  };
}

/**
 * What can be known of a backup without its manifest: our tags on it, else the source volume if it still exists.
 *
 * @throws InputError if there is no such backup, or it cannot be told whether it is encrypted
 */
export async function fromBackup(client: ServiceClient, backupId: string): Promise<RestoreSource> {
  const backup = await existing(client, backupId);
  const tags = readTags(backup);
  const volume = await getVolume(client, backup.volumeId).catch((error: unknown) => {
    if (hasStatus(error, 404, 403)) return undefined;
    throw error;
  });
  const encrypted =
    tags?.encrypted ?? (client.supports('3.64') ? backup.encryptionKeyId !== undefined : volume?.encrypted);
  if (encrypted === undefined)
    throw new InputError(
      `cannot tell whether backup ${backupId} is encrypted: it has no tags of openstack-backup, its volume is gone, and the cloud is too old to say`,
      'Restore from its manifest.',
    );
  return {
    backupId,
    size: backup.size,
    encrypted,
    volumeId: backup.volumeId,
    name: volume?.name ?? withoutTime(backup.name),
    typeId: tags?.volumeTypeId ?? volume?.volumeTypeId,
    typeName: tags?.volumeType ?? volume?.volumeType,
    availabilityZone: volume?.availabilityZone,
    bootable: tags?.bootable ?? volume?.bootable,
    description: volume?.description,
    metadata: volume?.metadata,
    imageMetadata: volume?.imageMetadata,
  };
}

async function existing(client: ServiceClient, backupId: string): Promise<Backup> {
  try {
    return await getBackup(client, backupId);
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    throw new InputError(
      `there is no backup ${backupId} in project ${client.session.scope.project.name}`,
      `${await candidates(client)} Backups of other projects cannot be seen with these credentials.`,
      error,
    );
  }
}

const MOST_LISTED = 20;

/** The newest that can be restored. */
async function candidates(client: ServiceClient): Promise<string> {
  const all = await collect(listBackups(client)).catch(() => undefined);
  if (all === undefined) return 'List them with: openstack volume backup list.';
  const whole = all
    .filter(({ status }) => status === 'available')
    .sort((a, b) => Date.parse(b.dataTimestamp) - Date.parse(a.dataTimestamp));
  if (whole.length === 0) return 'It has none.';
  const told = whole
    .slice(0, MOST_LISTED)
    .map(
      ({ id, name, volumeId, dataTimestamp }) =>
        `${id} (${quoted(name)}, of volume ${volumeId}, ${dataTimestamp})`,
    );
  const more = whole.length > MOST_LISTED ? `, and ${whole.length - MOST_LISTED} more` : '';
  return `It has: ${told.join(', ')}${more}.`;
}
