import { judge, type Point, type Terms } from '../retention/judge.ts';

export interface Simulated {
  /** Points at the end of each day, after its backup and its pruning. */
  readonly days: readonly number[];
  /** The most at once: after a day's backup and before its pruning. */
  readonly peak: number;
}

const DAY_MS = 86_400_000;

/**
 * Simulates one volume that is backed up and pruned once a day.
 *
 * @param maxChain backups in a chain, which can only go together
 * @param start the day before the first. Milliseconds
 */
export function simulate(terms: Terms, days: number, maxChain: number, start: number): Simulated {
  const counts: number[] = [];
  let points: Point[] = [];
  let peak = 0;
  for (let day = 0; day < days; day += 1) {
    const time = start + (day + 1) * DAY_MS;
    const chain = `${day - (day % maxChain)}`;
    points = [{ id: `${day}`, time, tags: [], state: 'good', chain }, ...points];
    peak = Math.max(peak, points.length);
    const { verdicts } = judge({ resource: 'present', points }, terms, time);
    const kept = new Set(verdicts.flatMap(({ id, keep }) => (keep ? [id] : [])));
    points = points.filter(({ id }) => kept.has(id));
    counts.push(points.length);
  }
  return { days: counts, peak };
}
