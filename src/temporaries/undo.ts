import { messageOf } from '../errors.ts';
import type { Session } from '../openstack/connection.ts';
import { removeAll, type Thing } from './remove.ts';
import { type Later, tellOfStaying } from './staying.ts';

/** Something that was made and must go again. */
export interface Made extends Thing {
  /** "secret 5f2c…, made for the restore", for messages. */
  readonly what: string;
  /** What later runs do with it if it stays. */
  readonly later: Later;
}

export interface UndoOptions {
  /** Called for each thing that is gone, or is going. */
  readonly removed?: (thing: Made) => void;
  /** How long to wait for each thing. */
  readonly withinMs?: number | undefined;
  /** Asked right before each removal; what is not ours any more stays, and is reported. */
  readonly isStillOurs?: (thing: Made) => Promise<boolean>;
}

/**
 * Removes what was made for something that did not finish, also when the run is told to stop; the one way to undo. What
 * the cloud refuses to remove is reported, with who has to remove it.
 *
 * @returns whether everything is gone, or is going
 */
export async function undo(
  session: Session,
  made: readonly Made[],
  { removed, withinMs, isStillOurs }: UndoOptions = {},
): Promise<boolean> {
  session.windUp();
  let gone = true;
  const report = {
    removed: (thing: Made) => removed?.(thing),
    refused: ({ what, later }: Made, why: string) => {
      gone = false;
      tellOfStaying(session.log, `${what},`, why, later);
    },
    kept: ({ what }: Made) => {
      gone = false;
      session.log.warn(
        `${what}, bears no record of openstack-backup any more: somebody took it over, and it stays. Delete it if nobody needs it`,
      );
    },
  };
  await removeAll(session, made, report, { withinMs, ...(isStillOurs && { stillLeft: isStillOurs }) });
  return gone;
}

/** A thing that was requested, and may exist although its id is unknown. */
export interface Asked<T> {
  find(): Promise<T | undefined>;
  /** Whether it is complete after all: a wait may fail because a service does not answer, while the cloud goes on. */
  isWhole(found: T): boolean;
  as(found: T): Made;
  /** For the message if it cannot be seen. */
  readonly unseen: Pick<Made, 'what' | 'later'>;
}

/** Removes it, unless it is complete. */
export async function undoAsked<T>(
  session: Session,
  { find, isWhole, as, unseen }: Asked<T>,
  options: UndoOptions = {},
): Promise<{ readonly whole: T | undefined; readonly gone: boolean }> {
  session.windUp();
  try {
    const found = await find();
    if (found !== undefined && isWhole(found)) return { whole: found, gone: false };
    return { whole: undefined, gone: await undo(session, found === undefined ? [] : [as(found)], options) };
  } catch (error) {
    tellOfStaying(session.log, `${unseen.what},`, messageOf(error), unseen.later);
    return { whole: undefined, gone: false };
  }
}
