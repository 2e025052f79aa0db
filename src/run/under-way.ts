import { BeingBackedUp } from '../backup/volume/being-backed-up.ts';
import { readTags } from '../chain/tags.ts';
import type { PlainError } from '../errors.ts';
import { allowance } from '../openstack/blockstorage/v3/allowance.ts';
import { type Backup, watchBackups } from '../openstack/blockstorage/v3/backups.ts';
import type { Session } from '../openstack/connection.ts';
import { DeadlineError } from '../openstack/watcher.ts';
import { pool } from '../pool.ts';
import type { Host } from '../ports/host.ts';
import { parseOwner } from '../ports/owner.ts';

/**
 * Waits for the backups that stand in the way because a run of ours that was stopped had asked for them: the cloud goes on
 * making them, and they are taken up when they are whole. Others' are not waited for.
 *
 * @param refused what cannot be saved, and why
 * @param until when the run has to end, the cloud's time, milliseconds since the epoch
 * @returns whether one is done, so that it is worth planning again
 */
export async function waitForUnderWay(
  session: Session,
  host: Pick<Host, 'log' | 'liveness' | 'signal'>,
  refused: readonly { readonly error: PlainError }[],
  until: number,
): Promise<boolean> {
  const ours = await ofDeadRuns(refused, host);
  if (ours.length === 0) return false;
  const watcher = watchBackups(await session.service('block-storage'));
  const done = await pool(ours, ours.length, async ({ id, volumeId, size }) => {
    host.log.info(
      `backup ${id} of volume ${volumeId} was started by an interrupted run, and is still being made: waiting to adopt it`,
    );
    const deadline = Math.min(until, session.clock.now() + allowance(size));
    try {
      return await watcher.until(id, judge, { deadline, signal: host.signal });
    } catch (error) {
      if (error instanceof DeadlineError) return false;
      throw error;
    }
  });
  return done.includes(true);
}

function judge({ status }: Backup): { done: true } | undefined {
  return status === 'creating' ? undefined : { done: true };
}

async function ofDeadRuns(
  refused: readonly { readonly error: PlainError }[],
  { liveness }: Pick<Host, 'liveness'>,
): Promise<Backup[]> {
  const found = new Map<string, Backup>();
  for (const { error } of refused) {
    const backup = error instanceof BeingBackedUp ? error.backup : undefined;
    const tags = backup === undefined ? undefined : readTags(backup);
    const owner = tags?.state === 'started' ? parseOwner(tags.owner) : undefined;
    if (backup !== undefined && owner !== undefined && (await liveness(owner)) === 'ended')
      found.set(backup.id, backup);
  }
  return [...found.values()];
}
