import type { Clock } from '../clock.ts';
import { type Backup, listBackups, updateBackupMetadata } from '../openstack/blockstorage/v3/backups.ts';
import type { ServiceClient } from '../openstack/connection.ts';
import { CloudError } from '../openstack/errors.ts';
import type { Watcher } from '../openstack/watcher.ts';
import { collect } from '../pool.ts';
import type { Log } from '../ports/log.ts';
import { isCounted, tagsAsMade } from './parent.ts';
import { metadataWith, type Tags } from './tags.ts';

/** How long Cinder may take to count an available increment among its parent's dependents. */
const COUNTED_MS = 15_000;

export interface AgreeTools {
  readonly client: ServiceClient;
  readonly backups: Watcher<Backup>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Corrects the tags of a finished backup to what Cinder made: it takes the newest backup as the parent, which may have
 * changed since the decision, and a driver may make a full backup instead. The backup is good, whatever fails here.
 *
 * @param before the volume's backups right before the request
 */
export async function agreeOnChain(
  backup: Backup,
  tags: Tags,
  before: readonly Backup[],
  tools: AgreeTools,
): Promise<Tags> {
  const { client, log } = tools;
  const now = await seen(backup, tags, before, tools);
  if (now === undefined) return tags;
  const made = tagsAsMade(backup, tags, now, before) ?? tags;
  if (made === tags) return tags;
  log.warn(
    made.parent === undefined
      ? `the cloud made backup ${backup.id} full although an increment was requested; a new chain starts with it`
      : `the cloud made backup ${backup.id} an increment of ${made.parent}, not of ${tags.parent}, which was the newest a moment before`,
  );
  try {
    await updateBackupMetadata(client, backup.id, metadataWith(backup, made));
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    // Marking it as recorded will write the tags again.
    log.warn(`cannot correct the tags of backup ${backup.id}: ${error.message}`);
  }
  return made;
}

/** What identifies the parent; undefined if the cloud does not say. */
async function seen(
  backup: Backup,
  tags: Tags,
  before: readonly Backup[],
  tools: AgreeTools,
): Promise<readonly Backup[] | undefined> {
  if (!backup.incremental) return [];
  try {
    return await counted(backup, tags.parent, before, tools);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    tools.log.warn(
      `backup ${backup.id} is complete, but the cloud does not show which backup it is an increment of: ${error.message}. Its tags say ${tags.parent ?? 'none'}`,
    );
    return undefined;
  }
}

/**
 * Lists the volume's backups once the parent counts the increment. Cinder makes it available first, and counts it
 * after: `_finish_backup` in https://github.com/openstack/cinder/blob/master/cinder/backup/manager.py
 */
async function counted(
  { id, volumeId, createdAt }: Backup,
  recorded: string | undefined,
  before: readonly Backup[],
  { backups, client, clock, signal }: AgreeTools,
): Promise<readonly Backup[]> {
  const now = await backupsOf(client, volumeId);
  if (recorded === undefined || isCounted({ id, volumeId, createdAt }, recorded, now, before)) return now;
  const shows = ({ hasDependents }: Backup) => (hasDependents ? { done: true } : undefined);
  // If it has another parent, this wait times out, and the list says which.
  await backups.until(recorded, shows, { deadline: clock.now() + COUNTED_MS, signal }).catch(() => undefined);
  return backupsOf(client, volumeId);
}

export function backupsOf(client: ServiceClient, volumeId: string): Promise<Backup[]> {
  return collect(listBackups(client, { volumeId }));
}
