import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { toMinute } from '../text/words.ts';
import { readTags } from './tags.ts';

/** A backup that an earlier run asked for, and that the cloud is still making. */
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
 * A backup that is ours and still being made, and that nobody waits for; undefined for others.
 *
 * @param anyRun also one that its run did not hand over: who waits for nothing does not ask who does
 */
export function asBeingMade(backup: Seen, anyRun: boolean): BeingMade | undefined {
  const tags = backup.status === 'creating' ? readTags(backup) : undefined;
  if (tags?.state !== 'started' || !(anyRun || tags.handedOver)) return undefined;
  return { backup: backup.id, since: backup.createdAt, encrypted: tags.encrypted, size: backup.size };
}

/** Those of a project, by the volume's id. */
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
