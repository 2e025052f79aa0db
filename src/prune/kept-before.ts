import { judge, type Point, type Terms } from '../retention/judge.ts';

/** Of all points: as many may have come since something could be deleted. A policy that was cut to less than half shows. */
const LATEST = 1 / 3;

/**
 * Which good points the same terms kept when the latest were not there yet. With few points and long chains over half of
 * them go as a matter of course, when a new chain has come far enough. What failed does not: a chain whose full backup is
 * broken fails as a whole, and an operator may still repair it.
 *
 * @param now milliseconds
 */
export function keptBefore(points: readonly Point[], terms: Terms, now: number): ReadonlySet<string> {
  const newestFirst = points.toSorted((a, b) => b.time - a.time);
  const good = new Set(points.flatMap(({ id, state }) => (state === 'good' ? [id] : [])));
  const kept = new Set<string>();
  for (let latest = 1; latest <= Math.max(1, Math.floor(points.length * LATEST)); latest += 1) {
    const history = { resource: 'present', points: newestFirst.slice(latest) } as const;
    for (const { id, keep } of judge(history, terms, now).verdicts) if (keep && good.has(id)) kept.add(id);
  }
  return kept;
}
