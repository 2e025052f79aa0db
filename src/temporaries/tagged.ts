import { messageOf } from '../errors.ts';
import type { SnapshotFilter } from '../openstack/blockstorage/v3/snapshots.ts';
import type { VolumeFilter } from '../openstack/blockstorage/v3/volumes.ts';
import type { Session } from '../openstack/connection.ts';
import type { ImageFilter } from '../openstack/image/v2/images.ts';
import type { Log } from '../ports/log.ts';
import { holdingsOf } from './holdings.ts';
import { nameOf } from './leftovers.ts';
import { removeAll } from './remove.ts';
import { laterOf, laterOfUnseen, tellOfStaying } from './staying.ts';
import { type Temporary, temporariesOf } from './things.ts';

/** Where a piece of work makes its temporaries: what a list is narrowed to. A kind that it makes none of is missing. */
export interface Places {
  readonly images?: ImageFilter;
  readonly volumes?: VolumeFilter;
  readonly snapshots?: SnapshotFilter;
}

/** What saving makes to get at data. */
const KINDS = ['images', 'volumes', 'snapshots'] as const;

/**
 * The temporaries of one piece of work, found by the tag in their records. Copies of them are not among them.
 *
 * @param places where they are, if that is known: lists of all grow with the project
 * @throws CloudError also where a list is refused: what was made and is not seen would stay for ever
 */
export async function temporariesWith(
  session: Session,
  tags: readonly string[],
  places?: Places,
): Promise<Temporary[]> {
  const kinds = places === undefined ? KINDS : KINDS.filter((kind) => places[kind] !== undefined);
  const all = temporariesOf(await holdingsOf(session, kinds, kinds, places));
  return all.filter(({ record, original }) => tags.includes(record.tag) && original !== 'doubtful');
}

/**
 * Removes all temporaries of one piece of work, found by the tag in their records: also what a request made whose answer
 * was lost, and also when the run is told to stop. What stays, the next run removes.
 *
 * @param tags one or several
 * @param what of whom, for messages: "the backup of volume 5f2c…"
 */
export async function removeTagged(
  session: Session,
  tags: readonly string[],
  what: string,
  log: Log,
  places?: Places,
): Promise<void> {
  session.windUp();
  try {
    await removeAll(session, await temporariesWith(session, tags, places), {
      removed: (thing) => log.debug(`temporary ${nameOf(thing)} of ${what} removed`),
      refused: (thing, why) =>
        tellOfStaying(log, `temporary ${nameOf(thing)} of ${what}`, why, laterOf(thing)),
    });
  } catch (error) {
    tellOfStaying(log, `the temporaries of ${what}`, messageOf(error), laterOfUnseen('scratch'));
  }
}
