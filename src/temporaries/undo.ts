import { messageOf } from '../errors.ts';
import type { Session } from '../openstack/connection.ts';
import { removeAll, type Thing } from './remove.ts';
import { type Later, tellOfStaying } from './staying.ts';

/** Something that was made, and that shall be there no more. */
export interface Made extends Thing {
  /** "secret 5f2c…, made for the restore", for messages. */
  readonly what: string;
  /** What later runs do with it, should it stay. */
  readonly later: Later;
}

export interface UndoOptions {
  /** Told of each that is gone, or goes. */
  readonly removed?: (thing: Made) => void;
  /** How long a thing is waited for. */
  readonly withinMs?: number | undefined;
}

/**
 * Takes back what was made for something that does not come to its end, also when the run is told to stop: the one way
 * to undo. What the cloud refuses to remove is told, with who has to do it.
 *
 * @returns whether all is gone, or goes
 */
export async function undo(
  session: Session,
  made: readonly Made[],
  { removed, withinMs }: UndoOptions = {},
): Promise<boolean> {
  session.windUp();
  let gone = true;
  const report = {
    removed: (thing: Made) => removed?.(thing),
    refused: ({ what, later }: Made, why: string) => {
      gone = false;
      tellOfStaying(session.log, `${what},`, why, later);
    },
  };
  await removeAll(session, made, report, { withinMs });
  return gone;
}

/** One thing that was asked for, and may be there without that we know its id. */
export interface Asked<T> {
  /** Looks for it. */
  find(): Promise<T | undefined>;
  /** Whether it is whole after all: a wait may end for a service that does not answer, while the cloud goes on. */
  isWhole(found: T): boolean;
  as(found: T): Made;
  /** For where it cannot be seen. */
  readonly unseen: Pick<Made, 'what' | 'later'>;
}

/** Takes it back, unless it is whole. */
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
