import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { toMinute } from '../text/words.ts';
import { readTags } from './tags.ts';

/** A backup that an earlier run requested and the cloud is still making. */
export interface BeingMade {
  readonly backup: string;
  /** ISO 8601. */
  readonly since: string;
  readonly encrypted: boolean;
  /** GiB. */
  readonly size: number;
}

type Seen = Pick<Backup, 'id' | 'status' | 'metadata' | 'createdAt' | 'size'>;

/**
 * Recognizes a backup of ours that is still being made and that nobody waits for; undefined for all others.
 *
 * @param anyRun also accepts one that its run did not leave to the cloud, for callers that do not wait either
 */
export function asBeingMade(backup: Seen, anyRun: boolean): BeingMade | undefined {
  const tags = backup.status === 'creating' ? readTags(backup) : undefined;
  return tags?.state === 'started' && (anyRun || tags.handedOver) ? asMade(backup) : undefined;
}

/** A backup of ours, whatever its state; undefined for all others. */
export function asMade(backup: Seen): BeingMade | undefined {
  const tags = readTags(backup);
  return tags && { backup: backup.id, since: backup.createdAt, encrypted: tags.encrypted, size: backup.size };
}

/** All such backups, by the volume's id. */
export function beingMade(
  backups: readonly (Seen & Pick<Backup, 'volumeId'>)[],
  anyRun: boolean,
): ReadonlyMap<string, BeingMade> {
  return new Map(
    backups.flatMap((backup) => {
      const made = asBeingMade(backup, anyRun);
      return made === undefined ? [] : [[backup.volumeId, made] as const];
    }),
  );
}

/** "being backed up since … by an earlier run (backup 5f2c…)". */
export function toldBeingMade({ backup, since }: Pick<BeingMade, 'backup' | 'since'>): string {
  return `being backed up since ${toMinute(Date.parse(since))} by an earlier run (backup ${backup})`;
}
