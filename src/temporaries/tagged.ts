import { messageOf } from '../errors.ts';
import type { Log } from '../openstack/log.ts';
import type { Session } from '../openstack/session.ts';
import { holdingsOf } from './holdings.ts';
import { nameOf, temporariesOf } from './leftovers.ts';
import { removeAll } from './remove.ts';

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
): Promise<void> {
  session.windUp();
  try {
    const mine = temporariesOf(await holdingsOf(session)).filter(({ record }) => tags.includes(record.tag));
    await removeAll(session, mine, {
      removed: (thing) => log.debug(`temporary ${nameOf(thing)} of ${what} is removed`),
      refused: (thing, why) =>
        log.warn(`temporary ${nameOf(thing)} of ${what} cannot be removed now, the next run does it: ${why}`),
    });
  } catch (error) {
    log.warn(`the temporaries of ${what} cannot be removed now, the next run does it: ${messageOf(error)}`);
  }
}
