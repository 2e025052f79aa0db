import type { Environment } from '../../environment.ts';
import { messageOf, OperationError } from '../../errors.ts';
import { getVolume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Filled } from '../../restore/volume/from-image.ts';
import type { Commands } from '../../runbook/commands.ts';
import { holdingsOf } from '../../temporaries/holdings.ts';
import { removeAll } from '../../temporaries/remove.ts';
import { laterOf, laterOfUnseen, tellOfStaying } from '../../temporaries/staying.ts';
import { temporariesOf } from '../../temporaries/things.ts';
import type { Hand } from './hand.ts';
import { type Made, recording, recordingClient } from './recording.ts';

/** What to restore by hand. */
export interface HandVolume {
  readonly commands: Commands;
  /** Its restore point, behind that of its key if that has to be there first. */
  readonly points: readonly string[];
  /** The shell variable that has the id of the volume in the end. */
  readonly variable: string;
  /** Of the volume, as recorded. */
  readonly name: string;
  /** That the commands move. */
  readonly gigabytes: number;
}

/**
 * Restores a volume by the commands of `RESTORE.md`. Whatever they made bears the record of a temporary, and goes if
 * they fail; else only the volume stays.
 *
 * @param environment whose ledger records scratch
 * @throws OperationError if a command fails, with what it said
 */
export async function fillByHand(
  environment: Environment,
  hand: Hand,
  { commands, points, variable, name, gigabytes }: HandVolume,
): Promise<Filled> {
  const { answer, made } = recording(environment.ledger, gigabytes, (kind, made) =>
    environment.log.info(`${kind} ${made} was made by the commands of RESTORE.md`),
  );
  let id: string | undefined;
  try {
    const printed = await hand.run(
      [
        ...commands.before,
        ...commands.cloud,
        ...recordingClient(name),
        ...points.map((point) => commands.restoring(point)),
        `printf '\\n%s\\n' "$${variable}"`,
      ],
      answer,
    );
    const last = printed.split('; ').at(-1) ?? '';
    if (!made.isMade('volume', last))
      throw new OperationError(
        `the commands of RESTORE.md made no volume, but say ${last}`,
        'Carry them out by hand.',
      );
    const volume = await getVolume(await environment.session.service('block-storage'), last);
    id = last;
    return { volume, unseen: [] };
  } finally {
    await removeMade(environment, made, id);
  }
}

/** Removes what bears our records, also after a stop; but for one volume. */
async function removeMade({ session, log }: Environment, made: Made, stays?: string): Promise<void> {
  const kinds = (['volumes', 'images', 'secrets'] as const).filter((kind) =>
    made.has(kind.slice(0, -1) as 'volume' | 'image' | 'secret'),
  );
  const what = 'the drill by hand';
  session.windUp();
  try {
    const all = temporariesOf(await holdingsOf(session, kinds, kinds));
    const ours = all.filter(
      ({ id, record, original }) => id !== stays && made.tags.includes(record.tag) && original !== 'doubtful',
    );
    await removeAll(session, ours, {
      removed: ({ kind, id }) => log.debug(`${kind} ${id} of ${what}, is being removed`),
      refused: (thing, why) =>
        tellOfStaying(log, `${thing.kind} ${thing.id} of ${what},`, why, laterOf(thing)),
    });
  } catch (error) {
    tellOfStaying(log, `what ${what} made,`, messageOf(error), laterOfUnseen('scratch'));
  }
}
