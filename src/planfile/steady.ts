import { type Duration, parseDuration } from '../retention/duration.ts';
import { judge, type Point } from '../retention/judge.ts';
import { before } from '../retention/periods.ts';
import { horizonOf } from './horizon.ts';
import type { Keep } from './plan-file.ts';
import { hoursOf } from './span.ts';

/** How many points of one resource stay in the long run. */
export interface Held {
  readonly most: number;
  /** What the rules alone would keep, without whole chains. */
  readonly byRules: number;
}

/** Simulates at most this many points: about half a year of an hourly plan. */
const MOST = 4_000;
/** How many positions within a chain to try. */
const PHASES = 12;

/**
 * How many points stay of a resource that is always saved on time, judged as `prune` does.
 *
 * @param maxChain 1 if there are no chains
 * @param now milliseconds
 */
export function heldInTheLongRun(
  keep: Keep,
  every: Duration,
  maxChain: number,
  zone: string,
  now: number,
): Held {
  const hours = hoursOf(every);
  const reach = horizonOf(keep.policy, hours) + maxChain * hours;
  const count = Math.min(MOST, Math.ceil(reach / hours) + maxChain + 1);
  const times = timesBack(every, count, zone, now);
  const phases = [
    ...new Set(Array.from({ length: PHASES }, (_, one) => Math.floor((one * maxChain) / PHASES))),
  ];
  const counts = phases.map((phase) => keptOf(times, (index) => `${Math.floor((index + phase) / maxChain)}`));
  return { most: Math.max(...counts), byRules: keptOf(times, String) };

  function keptOf(newestFirst: readonly number[], chainOf: (index: number) => string): number {
    const points = newestFirst.map(
      (time, index): Point => ({ id: String(index), time, tags: [], state: 'good', chain: chainOf(index) }),
    );
    const terms = { policy: keep.policy, zone, minCopies: keep.minCopies };
    return judge({ resource: 'present', points }, terms, now).verdicts.filter((verdict) => verdict.keep)
      .length;
  }
}

function timesBack(every: Duration, count: number, zone: string, now: number): number[] {
  const span = parseDuration(every);
  const times = [now - 1];
  while (times.length < count) times.push(before(times.at(-1) ?? now, span, zone));
  return times;
}
