import type { Clock } from '../clock.ts';
import type { Log } from '../openstack/log.ts';
import type { Session } from '../openstack/session.ts';
import { cleanUp } from './clean.ts';
import { type Holdings, holdingsOf } from './holdings.ts';
import { findLeftovers, type Leftover, stillLeft } from './leftovers.ts';
import type { Liveness, Owner } from './owner.ts';

/** What the sweep needs of the host. */
export interface Sweeper {
  readonly clock: Clock;
  readonly log: Log;
  liveness(owner: Owner): Promise<Liveness>;
}

/**
 * Removes what dead runs left in the project, or only tells of it.
 *
 * @param holdings where they are listed already
 * @returns all that was found, also the backups that are to be taken up
 */
export async function sweep(
  session: Session,
  sweeper: Sweeper,
  dryRun: boolean,
  holdings?: Holdings,
): Promise<readonly Leftover[]> {
  const { clock, log } = sweeper;
  const found = await findLeftovers(
    holdings ?? (await holdingsOf(session)),
    (owner) => sweeper.liveness(owner),
    clock.now(),
  );
  if (found.length === 0) return found;
  const left = stillLeft(found, await holdingsOf(session));
  await cleanUp(session, left, log, dryRun);
  return left;
}
