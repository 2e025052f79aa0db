import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { toMinute } from '../text/words.ts';
import { readTags } from './tags.ts';

/** A backup that an earlier run asked for, and that the cloud is still making. */
export interface BeingMade {
  readonly backup: string;
  /** ISO 8601. */
  readonly since: string;
}

/**
 * Whether a backup is ours and still being made, and nobody waits for it.
 *
 * @param anyRun also one that its run did not hand over: who waits for nothing does not ask who does
 */
export function isBeingMade(backup: Pick<Backup, 'id' | 'status' | 'metadata'>, anyRun: boolean): boolean {
  const tags = backup.status === 'creating' ? readTags(backup) : undefined;
  return tags?.state === 'started' && (anyRun || tags.handedOver);
}

/** Those of a project, by the volume's id. */
export function beingMade(
  backups: readonly Pick<Backup, 'id' | 'status' | 'metadata' | 'volumeId' | 'createdAt'>[],
  anyRun: boolean,
): ReadonlyMap<string, BeingMade> {
  return new Map(
    backups.flatMap((backup) =>
      isBeingMade(backup, anyRun)
        ? [[backup.volumeId, { backup: backup.id, since: backup.createdAt }] as const]
        : [],
    ),
  );
}

/** "being backed up since … by an earlier run (backup 5f2c…)". */
export function toldBeingMade({ backup, since }: BeingMade): string {
  return `being backed up since ${toMinute(Date.parse(since))} by an earlier run (backup ${backup})`;
}
