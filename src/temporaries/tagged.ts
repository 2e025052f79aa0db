import { messageOf } from '../errors.ts';
import type { SnapshotFilter } from '../openstack/blockstorage/v3/snapshots.ts';
import type { VolumeFilter } from '../openstack/blockstorage/v3/volumes.ts';
import type { Session } from '../openstack/connection.ts';
import type { ImageFilter } from '../openstack/image/v2/images.ts';
import type { Log } from '../ports/log.ts';
import { holdingsOf, networkHoldingsOf } from './holdings.ts';
import { nameOf } from './leftovers.ts';
import { removeAll } from './remove.ts';
import { laterOf, laterOfUnseen, tellOfStaying } from './staying.ts';
import { bearersOf, type Temporary } from './things.ts';

/** Where a job makes its temporaries, to narrow the lists. A missing kind is one that it does not make. */
export interface Places {
  readonly images?: ImageFilter;
  readonly volumes?: VolumeFilter;
  readonly snapshots?: SnapshotFilter;
}

/** What a backup makes to get at data. */
const KINDS = ['images', 'volumes', 'snapshots'] as const;

/**
 * The temporaries of one job, found by the tag in their records. Copies are left out.
 *
 * @param places where they are, if known: a full list grows with the project
 * @throws CloudError also if a list is refused: a temporary that is not seen would stay for ever
 */
export async function temporariesWith(
  session: Session,
  tags: readonly string[],
  places?: Places,
): Promise<Temporary[]> {
  const kinds = places === undefined ? KINDS : KINDS.filter((kind) => places[kind] !== undefined);
  return bearersOf(tags, await holdingsOf(session, kinds, kinds, places));
}

/**
 * All that was made with these records and still stands, servers and what they have in networks too. Copies are left out.
 *
 * @throws CloudError if servers cannot be listed
 */
export async function everythingWith(session: Session, tags: readonly string[]): Promise<Temporary[]> {
  const kinds = ['servers', 'images', 'volumes', 'snapshots', 'secrets'] as const;
  const [holdings, networks] = await Promise.all([
    holdingsOf(session, ['servers'], kinds),
    networkHoldingsOf(session),
  ]);
  return bearersOf(tags, { ...holdings, ...networks });
}

/**
 * Removes all temporaries of one job, found by the tag in their records: also those of a request whose answer was lost,
 * and also when the run is told to stop. The next run removes what stays.
 *
 * @param tags one or several
 * @param what whose they are, for messages: "the backup of volume 5f2c…"
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
