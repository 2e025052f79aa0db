import {
  field,
  flag,
  id,
  integer,
  type Json,
  moment,
  optionalId,
  optionalInteger,
  optionalMoment,
  optionalText,
  strings,
  text,
} from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { hasStatus } from '../../errors.ts';
import { itemsOf } from '../../items.ts';
import { pages } from '../../pages.ts';
import { nothing } from '../../service.ts';
import { Watcher } from '../../watcher.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#backups-backups

export interface Backup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly status: string;
  /** GiB: the volume's size, also of an increment. */
  readonly size: number;
  readonly volumeId: string;
  readonly snapshotId: string | undefined;
  readonly incremental: boolean;
  readonly hasDependents: boolean;
  readonly createdAt: string;
  readonly updatedAt: string | undefined;
  /** The time of the data. It orders a chain, since Cinder does not show the parent. */
  readonly dataTimestamp: string;
  readonly failReason: string | undefined;
  readonly container: string | undefined;
  readonly availabilityZone: string | undefined;
  readonly objectCount: number | undefined;
  /** From 3.43. */
  readonly metadata: Readonly<Record<string, string>>;
  /** From 3.64: the backup's own clone of the volume's key. */
  readonly encryptionKeyId: string | undefined;
}

export interface CreateBackup {
  readonly volumeId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly incremental: boolean;
  /** Needed for a volume in use, harmless for others. */
  readonly force: boolean;
  readonly snapshotId?: string | undefined;
  /** From 3.43; keys `[a-zA-Z0-9-_:. /]{1,255}`, values up to 255 characters. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

const backupUrl = (backupId: string) => `/backups/${encodeURIComponent(backupId)}`;

/** @throws CloudError 404 when there is none with this id in the project */
export function getBackup(client: ServiceClient, backupId: string): Promise<Backup> {
  return client.call({
    doing: `read backup ${backupId}`,
    method: 'GET',
    path: backupUrl(backupId),
    ok: [200],
    decode: (answer) => decodeBackup(field(answer, 'backup')),
  });
}

export interface BackupFilter {
  readonly volumeId?: string | undefined;
  readonly status?: string | undefined;
  readonly name?: string | undefined;
  readonly newestFirst?: boolean | undefined;
}

/** The project's backups, a page at a time. */
export function listBackups(client: ServiceClient, filter: BackupFilter = {}): AsyncGenerator<Backup[]> {
  const shared = new Map<string, string>();
  return pages('backups', (page) =>
    client.call({
      doing: 'list the backups',
      method: 'GET',
      path: '/backups/detail',
      query: {
        volume_id: filter.volumeId,
        status: filter.status,
        name: filter.name,
        sort: filter.newestFirst ? 'created_at:desc' : undefined,
        ...page,
      },
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(
          client,
          answer,
          'backups',
          'backup',
          (backup) => withShared(decodeBackup(backup), shared),
          BLANK,
        ),
        more: answer['backups_links'] !== undefined,
      }),
    }),
  );
}

/**
 * Cinder answers 202 even if no backup service is alive: the backup then ends in `error`, or stays `creating`.
 *
 * @returns the id; the answer is only a summary
 */
export function createBackup(client: ServiceClient, backup: CreateBackup): Promise<string> {
  return client.call({
    doing: `start a backup of volume ${backup.volumeId}`,
    method: 'POST',
    path: '/backups',
    json: {
      backup: {
        volume_id: backup.volumeId,
        name: backup.name,
        description: backup.description,
        incremental: backup.incremental,
        force: backup.force,
        snapshot_id: backup.snapshotId,
        metadata: client.supports('3.43') ? backup.metadata : undefined,
      },
    },
    ok: [202],
    decode: (answer) => id(field(answer, 'backup'), 'id'),
  });
}

/** Replaces all of the metadata. From 3.43. */
export function updateBackupMetadata(
  client: ServiceClient,
  backupId: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  return client.call({
    doing: `set the metadata of backup ${backupId}`,
    method: 'PUT',
    path: backupUrl(backupId),
    json: { backup: { metadata } },
    ok: [200],
    decode: nothing,
  });
}

/** A backup that is already gone counts as deleted. A 404 may also mean that there is no backup service. */
export async function deleteBackup(client: ServiceClient, backupId: string): Promise<void> {
  try {
    await client.call({
      doing: `delete backup ${backupId}`,
      method: 'DELETE',
      path: backupUrl(backupId),
      ok: [202],
      decode: nothing,
    });
  } catch (error) {
    if (!hasStatus(error, 404) || /service/i.test(error.words)) throw error;
  }
}

/**
 * Starts writing a backup over a volume. Without a volume, the API would block until it has made a new one
 * of the default type. https://github.com/openstack/cinder/blob/master/cinder/backup/api.py `restore`
 */
export function restoreBackup(client: ServiceClient, backupId: string, volumeId: string): Promise<void> {
  return client.call({
    doing: `restore backup ${backupId} to volume ${volumeId}`,
    method: 'POST',
    path: `${backupUrl(backupId)}/restore`,
    json: { restore: { volume_id: volumeId } },
    ok: [202],
    decode: nothing,
  });
}

/** Watches all backups with one request a tick. */
export function watchBackups(client: ServiceClient): Watcher<Backup> {
  const { clock, log } = client.session;
  const source = {
    list: () => listBackups(client, { newestFirst: true }),
    get: (backupId: string) => getBackup(client, backupId),
  };
  return new Watcher(source, clock, log);
}

/** Keeps each common string once: a project may have 100,000 backups, and most of their strings are the same. */
function withShared(backup: Backup, shared: Map<string, string>): Backup {
  const one = <T extends string | undefined>(text: T): T => {
    if (text === undefined) return text;
    const known = shared.get(text);
    if (known !== undefined) return known as T;
    shared.set(text, text);
    return text;
  };
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(backup.metadata))
    metadata[one(key)] = value.length === 36 && !COMMON.test(key) ? value : one(value);
  const { createdAt, dataTimestamp } = backup;
  return {
    ...backup,
    status: one(backup.status),
    volumeId: one(backup.volumeId),
    container: one(backup.container),
    availabilityZone: one(backup.availabilityZone),
    dataTimestamp: dataTimestamp === createdAt ? createdAt : dataTimestamp,
    updatedAt: backup.updatedAt === createdAt ? createdAt : backup.updatedAt,
    metadata,
  };
}

/** Ids that many backups share; others would only fill the table. */
const COMMON = /type-id$|:chain$|:run$/;

const BLANK = {
  fields: { size: 0, created_at: '1970-01-01T00:00:00', volume_id: 'unknown' },
  kept: ['volume_id', 'encryption_key_id'],
};

function decodeBackup(backup: Json): Backup {
  const createdAt = moment(backup, 'created_at');
  return {
    id: id(backup, 'id'),
    name: optionalText(backup, 'name') ?? '',
    description: optionalText(backup, 'description') ?? '',
    status: text(backup, 'status'),
    size: integer(backup, 'size'),
    volumeId: id(backup, 'volume_id'),
    snapshotId: optionalId(backup, 'snapshot_id'),
    incremental: flag(backup, 'is_incremental'),
    hasDependents: flag(backup, 'has_dependent_backups'),
    createdAt,
    updatedAt: optionalMoment(backup, 'updated_at'),
    dataTimestamp: optionalMoment(backup, 'data_timestamp') ?? createdAt,
    failReason: optionalText(backup, 'fail_reason'),
    container: optionalText(backup, 'container'),
    availabilityZone: optionalText(backup, 'availability_zone'),
    objectCount: optionalInteger(backup, 'object_count'),
    metadata: strings(backup, 'metadata'),
    encryptionKeyId: optionalId(backup, 'encryption_key_id'),
  };
}
