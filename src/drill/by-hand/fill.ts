import type { Environment } from '../../environment.ts';
import { messageOf, OperationError } from '../../errors.ts';
import type { Commands } from '../../runbook/commands.ts';
import { holdingsOf } from '../../temporaries/holdings.ts';
import { removeAll } from '../../temporaries/remove.ts';
import { laterOf, laterOfUnseen, tellOfStaying } from '../../temporaries/staying.ts';
import { bearersOf } from '../../temporaries/things.ts';
import type { Hand } from './hand.ts';
import { type Made, type MadeKind, recording, recordingClient } from './recording.ts';

/** What to restore by hand. */
export interface HandPoint {
  readonly commands: Commands;
  readonly kind: MadeKind;
  /** Its restore point, behind that of its key if that has to be there first. */
  readonly points: readonly string[];
  /** The shell variable that has the id of what was restored in the end. */
  readonly variable: string;
  /** Its name, as recorded. */
  readonly name: string;
  /** That the commands move. */
  readonly gigabytes: number;
}

/** What the commands restored. */
export interface Handmade {
  readonly id: string;
  /** Removes it, with its key; also after a stop. */
  remove(): Promise<void>;
}

/**
 * Restores something by the commands of `RESTORE.md`. Whatever they made bears the record of a temporary, and goes if
 * they fail; else only what was wanted stays, and the key of an image with it.
 *
 * @param environment whose ledger records scratch
 * @throws OperationError if a command fails, with what it said
 */
export async function fillByHand(
  environment: Environment,
  hand: Hand,
  { commands, kind, points, variable, name, gigabytes }: HandPoint,
): Promise<Handmade> {
  const { answer, made } = recording(environment.ledger, gigabytes, (kind, made) =>
    environment.log.info(`${kind} ${made} was made by the commands of RESTORE.md`),
  );
  let id: string | undefined;
  try {
    const printed = await hand.run(
      [
        ...commands.before,
        ...commands.cloud,
        ...recordingClient(kind === 'volume' ? name : undefined),
        ...points.map((point) => commands.restoring(point)),
        `printf '\\n%s\\n' "$${variable}"`,
      ],
      answer,
    );
    const last = printed.split('; ').at(-1) ?? '';
    if (!made.isMade(kind, last))
      throw new OperationError(
        `the commands of RESTORE.md made no ${kind}, but say ${last}`,
        'Carry them out by hand.',
      );
    id = last;
    return { id, remove: () => removeMade(environment, made) };
  } finally {
    // A volume has its own copy of its key.
    if (id === undefined || kind === 'volume') await removeMade(environment, made, id);
  }
}

/**
 * Carries out the section of something that stayed in the cloud: it only looks whether that is there.
 *
 * @throws OperationError if it is not as it was
 */
export async function lookByHand(
  { ledger }: Environment,
  hand: Hand,
  { commands, points }: Pick<HandPoint, 'commands' | 'points'>,
): Promise<void> {
  const { answer } = recording(ledger, 0, () => undefined);
  const sections = points.map((point) => commands.restoring(point));
  await hand.run([...commands.before, ...commands.cloud, ...recordingClient(undefined), ...sections], answer);
}

/** Removes what bears our records, also after a stop; but for one thing. */
async function removeMade({ session, log }: Environment, made: Made, stays?: string): Promise<void> {
  const kinds = (['volumes', 'images', 'secrets'] as const).filter((kind) =>
    made.has(kind.slice(0, -1) as MadeKind),
  );
  const what = 'the drill by hand';
  session.windUp();
  try {
    const all = bearersOf(made.tags, await holdingsOf(session, kinds, kinds));
    const ours = all.filter(({ id }) => id !== stays);
    await removeAll(session, ours, {
      removed: ({ kind, id }) => log.debug(`${kind} ${id} of ${what}, is being removed`),
      refused: (thing, why) =>
        tellOfStaying(log, `${thing.kind} ${thing.id} of ${what},`, why, laterOf(thing)),
    });
  } catch (error) {
    tellOfStaying(log, `what ${what} made,`, messageOf(error), laterOfUnseen('scratch'));
  }
}
