import type { Refused, Subject } from '../../backup/kind.ts';
import { BeingBackedUp } from '../../backup/volume/being-backed-up.ts';
import { backupsOf } from '../../chain/agree.ts';
import { toldBeingMade } from '../../chain/being-made.ts';
import { readTags } from '../../chain/tags.ts';
import { PlainError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { type Backup, watchBackups } from '../../openstack/blockstorage/v3/backups.ts';
import type { Session } from '../../openstack/connection.ts';
import { DeadlineError } from '../../openstack/watcher.ts';
import { pool } from '../../pool.ts';
import type { Host } from '../../ports/host.ts';
import type { Log } from '../../ports/log.ts';
import { parseOwner } from '../../ports/owner.ts';
import { quoted } from '../../text/escape.ts';

/** Which backups of other runs stand for a volume's own; undefined if none does. */
export type Leaves =
  | {
      /** Whether an unfinished one is left to the cloud, so that its volume counts as saved. */
      isLeft(backup: Backup): boolean;
      /** Whether one, once it is complete, is what the plan asks for. */
      saves(backup: Backup): boolean;
    }
  | undefined;

/** A volume that cannot be backed up now, because an earlier run has its backup under way. */
export interface UnderWay {
  readonly subject: Subject;
  readonly error: BeingBackedUp & { readonly backup: Backup };
}

/** A server is never under way: a backup of one of its disks does not save it, so the run waits. */
export function isUnderWay(
  one: { readonly subject: Subject; readonly error: unknown },
  leaves: Leaves,
): one is UnderWay {
  return isInTheWay(one) && leaves?.isLeft(one.error.backup) === true;
}

function isInTheWay(one: { readonly subject: Subject; readonly error: unknown }): one is UnderWay {
  const { subject, error } = one;
  return subject.kind === 'volume' && error instanceof BeingBackedUp && error.backup !== undefined;
}

/** Whether another run is just making the backup that the plan asks for. */
export function isOthers(
  one: { readonly subject: Subject; readonly error: unknown },
  leaves: Leaves,
): one is UnderWay {
  return isInTheWay(one) && leaves?.saves(one.error.backup) === true;
}

/**
 * Waits until another run has finished its backup of the same volume, which is then saved.
 *
 * @param until the deadline, milliseconds since the epoch in the cloud's time
 * @returns whether it is
 */
export async function isSavedByOther(
  session: Session,
  host: Pick<Host, 'log' | 'signal'>,
  { subject: { name, id }, error: { backup } }: UnderWay,
  until: number,
): Promise<boolean> {
  const what = `volume ${quoted(name)} (${id})`;
  host.log.info(`${what} is being backed up by another run (backup ${backup.id}): waiting until it is done`);
  const watcher = watchBackups(await session.service('block-storage'));
  const deadline = Math.min(until, session.clock.now() + allowance(backup.size));
  const now = await watcher
    .until(backup.id, (seen) => (seen.status === 'creating' ? undefined : { done: seen }), {
      deadline,
      signal: host.signal,
    })
    .catch((error: unknown) => {
      if (error instanceof PlainError || error instanceof DeadlineError || host.signal.aborted)
        return undefined;
      throw error;
    });
  if (now?.status !== 'available') return false;
  host.log.info(`${what} was saved by another run (backup ${backup.id})`);
  return true;
}

/** Adds the backup that is in the way, if it was not yet listed when the volume was. */
export async function withBackup(session: Session, one: Refused): Promise<Refused> {
  const { subject, error } = one;
  if (!(error instanceof BeingBackedUp) || error.backup !== undefined || subject.kind !== 'volume')
    return one;
  const backups = await backupsOf(await session.service('block-storage'), subject.id).catch(
    (error: unknown) => {
      if (error instanceof PlainError) return [];
      throw error;
    },
  );
  const running = backups.find(({ status }) => status === 'creating');
  return running === undefined ? one : { subject, error: new BeingBackedUp(subject.id, running) };
}

export function tellUnderWay(log: Log, { subject: { name, id }, error: { backup } }: UnderWay): void {
  const told = toldBeingMade({ backup: backup.id, since: backup.createdAt });
  log.info(`volume ${quoted(name)} (${id}) is ${told}`);
}

/**
 * Waits for backups in the way that an ended run of ours started: the cloud goes on making them, and the run adopts
 * them when they are complete. Does not wait for other people's.
 *
 * @param refused what cannot be saved, and why
 * @param until the deadline, milliseconds since the epoch in the cloud's time
 * @returns whether one finished, so that planning again is worthwhile
 */
export async function waitForUnderWay(
  session: Session,
  host: Pick<Host, 'log' | 'liveness' | 'signal'>,
  refused: readonly { readonly error: PlainError }[],
  until: number,
): Promise<boolean> {
  const ours = await ofEarlierRuns(refused, host);
  if (ours.length === 0) return false;
  const watcher = watchBackups(await session.service('block-storage'));
  const done = await pool(ours, ours.length, async (backup) => {
    const { id, volumeId, size } = backup;
    host.log.info(
      readTags(backup)?.handedOver
        ? `backup ${id} of volume ${volumeId} was left to the cloud by an earlier run, and is still being made: waiting until it is done`
        : `backup ${id} of volume ${volumeId} was started by an interrupted run, and is still being made: waiting to adopt it`,
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

/** The backups in the way that ended runs started, or left to the cloud. */
export async function ofEarlierRuns(
  refused: readonly { readonly error: PlainError }[],
  { liveness }: Pick<Host, 'liveness'>,
): Promise<Backup[]> {
  const found = new Map<string, Backup>();
  for (const { error } of refused) {
    const backup = error instanceof BeingBackedUp ? error.backup : undefined;
    const tags = backup === undefined ? undefined : readTags(backup);
    const owner = tags?.state === 'started' ? parseOwner(tags.owner) : undefined;
    if (backup === undefined || owner === undefined) continue;
    if (tags?.handedOver || (await liveness(owner)) === 'ended') found.set(backup.id, backup);
  }
  return [...found.values()];
}
