import type { Session } from '../openstack/connection.ts';
import type { Log } from '../ports/log.ts';
import type { Liveness, Owner } from '../ports/owner.ts';
import { cleanUp } from './clean.ts';
import { type Holdings, holdingsOf } from './holdings.ts';
import { findLeftovers, type Leftover } from './leftovers.ts';
import { lookedAtAgain } from './recheck.ts';
import type { Removable } from './remove.ts';

/** What the sweep needs of the host. */
export interface Sweeper {
  readonly log: Log;
  liveness(owner: Owner): Promise<Liveness>;
}

/**
 * Removes what dead runs left in the project, or only tells of it. Before anything goes, all is listed again and judged
 * again, and each thing once more right before its removal: a run may have finished something between the listing and its
 * own end, after which it was found dead.
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
  const judge = (seen: Holdings) =>
    findLeftovers(seen, (owner) => sweeper.liveness(owner), session.clock.now());
  const found = await judge(holdings ?? (await holdingsOf(session)));
  if (found.length === 0) return found;
  const listed = await holdingsOf(session);
  const before = new Set(found.map(keyOf));
  const left = (await judge(listed)).filter((leftover) => before.has(keyOf(leftover)));
  const stillLeft = async (thing: Removable) => {
    const now = await lookedAtAgain(session, listed, thing);
    return (await judge(now)).some(
      (leftover) => leftover.action === 'delete' && leftover.kind === thing.kind && leftover.id === thing.id,
    );
  };
  await cleanUp(session, left, stillLeft, sweeper.log, dryRun);
  return left;
}

function keyOf(leftover: Leftover): string {
  return `${leftover.kind} ${'backup' in leftover ? leftover.backup.id : leftover.id}`;
}
