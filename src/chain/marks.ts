import { messageOf } from '../errors.ts';
import { type Backup, listBackups, updateBackupMetadata } from '../openstack/blockstorage/v3/backups.ts';
import type { ServiceClient } from '../openstack/connection.ts';
import { pool } from '../pool.ts';
import type { Log } from '../ports/log.ts';
import { metadataWith, readTags, type Tags } from './tags.ts';

/** How many backups to mark at a time. */
const AT_ONCE = 8;

interface Tagged {
  readonly backup: Backup;
  readonly tags: Tags;
}

/**
 * Marks backups as recorded in a manifest, so that no later run takes them for leftovers. Waits until a place that
 * outlives this machine has the manifest: if this run dies first, the next one adopts the backup. A mark that cannot be
 * set costs the next run a look. Each mark costs a request.
 */
export class Marks {
  readonly #whole = new Map<string, Tagged>();
  readonly #waiting = new Set<string>();

  /** Remembers a finished backup, as the cloud just showed it, and the tags that it should have. */
  saw(backup: Backup, tags: Tags): void {
    this.#whole.set(backup.id, { backup, tags });
  }

  /** The same backups with the tags that they should have, where these wait to be written. */
  corrected(backups: readonly Backup[]): Backup[] {
    return backups.map((backup) => {
      const seen = this.#whole.get(backup.id);
      return seen === undefined ? backup : { ...backup, metadata: metadataWith(backup, seen.tags) };
    });
  }

  /** Marks a backup whose manifest is already published. */
  async set(client: ServiceClient, backupId: string, log: Log): Promise<void> {
    const seen = this.#whole.get(backupId);
    if (seen !== undefined) await mark(client, seen.backup, seen.tags, log);
  }

  /** Queues a mark until the manifest is published. */
  later(backupId: string): void {
    this.#waiting.add(backupId);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sets the queued marks. Lists the backups first, to keep what others have since written to their metadata. */
  async setAll(client: ServiceClient, log: Log): Promise<void> {
    if (this.#waiting.size === 0) return;
    await markThose(client, log, ({ id }) => (this.#waiting.has(id) ? this.#whole.get(id)?.tags : undefined));
  }
}

/**
 * Marks the backups of a manifest that another process published. Several with the tags of one point are not marked,
 * since all but one are copies.
 *
 * @param points the ids of its restore points
 */
export function markPoints(client: ServiceClient, points: ReadonlySet<string>, log: Log): Promise<void> {
  return markThose(client, log, (backup) => {
    const tags = readTags(backup);
    return tags?.state === 'started' && points.has(tags.point) ? tags : undefined;
  });
}

async function markThose(
  client: ServiceClient,
  log: Log,
  tagsOf: (backup: Backup) => Tags | undefined,
): Promise<void> {
  if (!client.supports('3.43')) return;
  const found = new Map<string, readonly Tagged[]>();
  try {
    for await (const page of listBackups(client))
      for (const backup of page) {
        const tags = tagsOf(backup);
        if (tags !== undefined) found.set(tags.point, [...(found.get(tags.point) ?? []), { backup, tags }]);
      }
    const alone = [...found.values()].flatMap((those) => (those.length === 1 ? those : []));
    await pool(alone, AT_ONCE, ({ backup, tags }) => mark(client, backup, tags, log));
  } catch (error) {
    log.warn(`backups in the manifest could not be marked as recorded: ${messageOf(error)}`);
  }
}

async function mark(client: ServiceClient, backup: Backup, tags: Tags, log: Log): Promise<void> {
  if (!client.supports('3.43')) return;
  try {
    await updateBackupMetadata(
      client,
      backup.id,
      metadataWith(backup, { ...tags, backup: backup.id, state: 'recorded' }),
    );
  } catch (error) {
    log.warn(`backup ${backup.id} is complete, but could not be marked as recorded: ${messageOf(error)}`);
  }
}
