import { type Duration, parseDuration } from './duration.ts';
import { before } from './periods.ts';
import type { Policy } from './policy.ts';
import { applyRules, type Dated, isEmpty, type Reason } from './rules.ts';

/** A restore point as retention sees it. */
export interface Point extends Dated {
  readonly id: string;
  /** `running`: it has not ended yet, as far as known; `failed`: it ended without all of its data. */
  readonly state: 'good' | 'running' | 'failed';
  /** How deep all of it was last verified; a deeper level has the larger word. */
  readonly verified?: string;
  /** The full backup's id, shared by all that need it: they can only go together. */
  readonly chain?: string;
  /** Set if it is not ours but in a chain of ours: it is never deleted. */
  readonly foreign?: boolean;
}

/** All restore points of one resource, by its id: names may be shared. */
export interface History {
  /** `unknown` if the cloud could not be asked; `failing` if the last run could not save it. */
  readonly resource: 'present' | 'failing' | 'gone' | 'unknown';
  readonly points: readonly Point[];
}

export interface Terms {
  readonly policy: Policy;
  /** A name of the time zone database. */
  readonly zone: string;
  /** This many good points stay, whatever the rules say. */
  readonly minCopies: number;
  /** How long after its newest point a gone resource loses all of its points; undefined keeps them. */
  readonly gone?: Duration;
}

export interface Verdict {
  readonly id: string;
  readonly keep: boolean;
  readonly reasons: readonly Reason[];
}

export interface Judgement {
  /** The newest first. */
  readonly verdicts: readonly Verdict[];
  /** Why somebody has to agree before anything goes. */
  readonly confirm: string | undefined;
}

/** Synchronized clocks differ by less. */
const SLACK_MS = 5 * 60_000;

/**
 * Decides which points of a resource stay, and why. Keeps what restic's rules would, and more: points in doubt, the
 * minimum of copies, and whole chains.
 *
 * @param now milliseconds, by a trusted clock: the cloud's or GitHub's
 * @throws RangeError if the policy is empty: nobody means to lose everything
 */
export function judge(history: History, terms: Terms, now: number): Judgement {
  if (isEmpty(terms.policy)) throw new RangeError('an empty policy keeps nothing');
  const points = history.points.toSorted(
    (a, b) => b.time - a.time || (a.id < b.id ? -1 : Number(a.id > b.id)),
  );
  const whole = reasonToKeepAll(history, points, terms, now);
  if (whole !== undefined)
    return told(
      points,
      points.map(() => [whole]),
    );
  if (history.resource === 'gone') {
    // Giving the time was the consent to delete all of it, but a tag still keeps its point.
    const pinned = ruledBy({ tags: terms.policy.tags ?? [] }, points, terms, now);
    const touched = points.map((point) => [
      ...(pinned.get(point) ?? []),
      ...ofRunning(point),
      ...ofForeign(point),
    ]);
    return { ...told(points, wholeChains(points, touched)), confirm: undefined };
  }
  return told(points, wholeChains(points, reasonsOf(points, terms, now)));
}

/** Why all points of the resource stay, whatever the rules say. */
function reasonToKeepAll(
  { resource }: History,
  [newest]: readonly Point[],
  { gone, zone }: Terms,
  now: number,
): Reason | undefined {
  if (newest === undefined) return undefined;
  if (newest.time > now + SLACK_MS)
    return 'the clock is earlier than its newest point, so one of the two is wrong';
  switch (resource) {
    case 'present':
      return undefined;
    case 'failing':
      return 'its last backup failed';
    case 'unknown':
      return 'the cloud does not show whether it still exists';
    case 'gone':
      if (gone === undefined) return 'what was saved is gone from the cloud';
      return newest.time > before(now, parseDuration(gone), zone)
        ? `what was saved is gone from the cloud, and its newest point is not ${gone} old`
        : undefined;
  }
}

/** The reasons to keep each point, regardless of chains. */
function reasonsOf(points: readonly Point[], { policy, zone, minCopies }: Terms, now: number): Reason[][] {
  const good = points.filter(({ state }) => state === 'good');
  const ruled = ruledBy(policy, points, { zone }, now);
  const floor = new Set(good.slice(0, Math.max(1, minCopies)));
  const verified = newestVerified(good);
  const newestGood = good[0];
  return points.map((point) => [
    ...(ruled.get(point) ?? []),
    ...(point === newestGood ? ['newest good point'] : []),
    ...(floor.has(point) && point !== newestGood ? [`one of the last ${minCopies} good points`] : []),
    ...(verified.has(point) ? [`newest point proved to ${point.verified}`] : []),
    ...ofRunning(point),
    ...ofFailed(point, newestGood),
    ...ofForeign(point),
  ]);
}

/** Applies the rules to the good points only: a failed one must not fill a place. */
function ruledBy(
  policy: Policy,
  points: readonly Point[],
  { zone }: Pick<Terms, 'zone'>,
  now: number,
): Map<Point, readonly Reason[]> {
  const good = points.filter(({ state }) => state === 'good');
  const reasons = applyRules(good, policy, zone, now);
  return new Map(good.map((point, index) => [point, reasons[index] ?? []]));
}

/**
 * The newest of each level, by its data: verifying an old point again does not make it the better one, and a shallow
 * look at a new point does not let the one go that was proved deeper.
 */
export function newestVerified<P extends { readonly verified?: string | undefined }>(
  newestFirst: readonly P[],
): ReadonlySet<P> {
  const newest = new Set<P>();
  let deepest = '';
  for (const point of newestFirst)
    if (point.verified !== undefined && point.verified > deepest) {
      newest.add(point);
      deepest = point.verified;
    }
  return newest;
}

function ofRunning({ state }: Point): Reason[] {
  return state === 'running' ? ['not finished'] : [];
}

/** A failed point stays only until there is a newer good one. */
function ofFailed({ state, time }: Point, newestGood: Point | undefined): Reason[] {
  if (state !== 'failed' || (newestGood !== undefined && newestGood.time > time)) return [];
  return ['failed, and no newer point is good'];
}

function ofForeign({ foreign }: Point): Reason[] {
  return foreign ? ['not made by openstack-backup'] : [];
}

/** A chain stays while one of its members does: an increment is worthless without what it needs. */
function wholeChains(points: readonly Point[], reasons: readonly Reason[][]): Reason[][] {
  const keeper = new Map<string, string>();
  points.forEach(({ chain, id }, index) => {
    if (chain !== undefined && (reasons[index]?.length ?? 0) > 0 && !keeper.has(chain)) keeper.set(chain, id);
  });
  return points.map(({ chain }, index) => {
    const own = reasons[index] ?? [];
    const member = chain === undefined ? undefined : keeper.get(chain);
    return own.length === 0 && member !== undefined ? [`in the chain of ${member}`] : own;
  });
}

function told(points: readonly Point[], reasons: readonly (readonly Reason[])[]): Judgement {
  const verdicts = points.map(({ id }, index) => {
    const own = reasons[index] ?? [];
    return { id, keep: own.length > 0, reasons: own.length > 0 ? own : ['no rule keeps it'] };
  });
  const goes = verdicts.filter(({ keep }) => !keep).length;
  const confirm =
    goes * 2 > verdicts.length ? `${goes} of ${verdicts.length} points would go, over half` : undefined;
  return { verdicts, confirm };
}
