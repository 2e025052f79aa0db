import type { Session } from '../openstack/connection.ts';
import type { Log } from '../ports/log.ts';
import type { Liveness, Owner } from '../ports/owner.ts';
import { cleanUp } from './clean.ts';
import { type Holdings, holdingsOf, type Looked, networkHoldingsOf } from './holdings.ts';
import { findLeftovers, type Leftover } from './leftovers.ts';
import { lookedAtAgain } from './recheck.ts';
import type { Removable } from './remove.ts';

export interface Sweeper {
  readonly log: Log;
  liveness(owner: Owner): Promise<Liveness>;
}

export interface Swept {
  readonly left: readonly Leftover[];
  /** The list that they were found in: another list may be older than they are. */
  readonly holdings: Holdings;
}

/**
 * Removes what dead runs left in the project, or only reports it. Before anything is removed, everything is listed and
 * judged again, and each thing once more right before its removal: a run that was found dead may have finished
 * something after the first listing.
 *
 * @param holdings if they are listed already
 * @returns everything found, including backups to adopt, and the holdings that it was judged by
 */
export async function sweep(
  session: Session,
  sweeper: Sweeper,
  dryRun: boolean,
  holdings?: Looked,
): Promise<Swept> {
  const judge = (seen: Looked) =>
    findLeftovers(seen, (owner) => sweeper.liveness(owner), session.clock.now());
  const first = await withNetworks(session, holdings ?? (await holdingsOf(session)), judge);
  const found = await judge(first);
  if (found.length === 0) return { left: found, holdings: first };
  const [all, networks] = await Promise.all([
    holdingsOf(session),
    first.ports === undefined ? undefined : networkHoldingsOf(session),
  ]);
  const listed = { ...all, ...networks };
  const before = new Map(found.map((leftover) => [keyOf(leftover), leftover.action]));
  // Cinder counts an increment with its parent a moment after it is available, so one that just became available waits.
  const left = (await judge(listed)).filter((leftover) => {
    const action = before.get(keyOf(leftover));
    return leftover.action === 'adopt' ? action === 'adopt' : action !== undefined;
  });
  const stillLeft = async (thing: Removable) => {
    const now = await lookedAtAgain(session, listed, thing);
    return (await judge(now)).some(
      (leftover) => leftover.action === 'delete' && leftover.kind === thing.kind && leftover.id === thing.id,
    );
  };
  await cleanUp(session, left, stillLeft, sweeper.log, dryRun);
  return { left, holdings: listed };
}

/**
 * A drill that makes ports makes them after the disks and removes them before: they are looked for only where something
 * else is left, but by drills always.
 */
async function withNetworks(
  session: Session,
  first: Looked,
  judge: (seen: Looked) => Promise<readonly Leftover[]>,
): Promise<Looked> {
  if (first.ports !== undefined || !(await judge(first)).some(({ kind }) => DISKS.has(kind))) return first;
  return { ...first, ...(await networkHoldingsOf(session)) };
}

const DISKS: ReadonlySet<string> = new Set(['server', 'volume', 'image']);

function keyOf(leftover: Leftover): string {
  return `${leftover.kind} ${'backup' in leftover ? leftover.backup.id : leftover.id}`;
}
