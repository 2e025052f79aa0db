import { judge, type Point, type Terms } from '../retention/judge.ts';

/** The share of points that may have come since the last deletion. A policy cut to less than half still shows. */
const LATEST = 1 / 3;
/** Two runs at once, or one that was killed and started again, save a resource more than once. */
const TOGETHER_MS = 2 * 3_600_000;
/** After a night on which nothing could be deleted, the next one deletes. */
const NIGHTS = 2;

/**
 * The good points that the same terms kept before the latest points came. With few points and long chains,
 * over half go in the normal course once a new chain is long enough. Failed points do not: a broken full backup fails
 * its whole chain, and an operator may still repair it.
 *
 * @param now milliseconds
 */
export function keptBefore(points: readonly Point[], terms: Terms, now: number): ReadonlySet<string> {
  const newestFirst = points.toSorted((a, b) => b.time - a.time);
  const good = new Set(points.flatMap(({ id, state }) => (state === 'good' ? [id] : [])));
  const kept = new Set<string>();
  for (let latest = 1; latest <= latestOf(newestFirst); latest += 1) {
    const history = { resource: 'present', points: newestFirst.slice(latest) } as const;
    for (const { id, keep } of judge(history, terms, now).verdicts) if (keep && good.has(id)) kept.add(id);
  }
  return kept;
}

/** How many of the newest points may have come since the last deletion. */
function latestOf(newestFirst: readonly Point[]): number {
  let nights = 0;
  const later = newestFirst.findIndex(({ time }, index) => {
    const before = newestFirst[index - 1];
    if (before === undefined || before.time - time > TOGETHER_MS) nights += 1;
    return nights > NIGHTS;
  });
  const recent = later < 0 ? newestFirst.length : later;
  const half = Math.floor(newestFirst.length / 2);
  return Math.max(1, Math.floor(newestFirst.length * LATEST), Math.min(half, recent));
}
