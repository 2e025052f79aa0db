import type { DrilledPoint } from '../manifest/schema.ts';
import type { Found } from './found.ts';
import { trustedRecords } from './trusted-records.ts';
import { provedLevel, type Verified } from './verified.ts';

/** What the drills of a restore point showed. */
export interface Drilled extends Pick<DrilledPoint, 'level' | 'result' | 'time'> {
  /** The deepest that it was proved, and when; undefined if its newest result is a failure, or it never passed. */
  readonly proved?: {
    readonly reached: NonNullable<DrilledPoint['reached']>;
    readonly level: DrilledPoint['level'];
    readonly time: string;
  };
  /** Whether its saved key was seen to open what came back. */
  readonly keyProved: boolean;
}

/** What the records of `drill` say about each point, by its id. */
export function drills(records: readonly DrilledPoint[]): Map<string, Drilled> {
  const byPoint = Map.groupBy(records, ({ point }) => point);
  return new Map([...byPoint].map(([point, all]) => [point, standingOf(all)]));
}

/** Like {@link drills}, of manifests that may not be trusted: see {@link trustedRecords}. */
export function drilledIn(found: readonly Found[]): Map<string, Drilled> {
  return drills(trustedRecords(found, ({ drilled = [] }) => drilled));
}

/** A failure takes back what was proved before it: what failed may have been proved by luck. */
function standingOf(records: readonly DrilledPoint[]): Drilled {
  const newestFirst = records.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  const [newest] = newestFirst as [DrilledPoint, ...DrilledPoint[]];
  const failed = newestFirst.findIndex(({ result }) => result === 'failed');
  const since = failed < 0 ? newestFirst : newestFirst.slice(0, failed);
  const [best] = since
    .filter(({ result }) => result === 'passed')
    .sort((a, b) => ((a.reached ?? '') < (b.reached ?? '') ? 1 : -Number(a.reached !== b.reached)));
  const { level, result, time } = newest;
  return {
    level,
    result,
    time,
    ...(best?.reached != null && { proved: { reached: best.reached, level: best.level, time: best.time } }),
    keyProved: since.some(({ key }) => key === 'proved'),
  };
}

/**
 * The level that a retention rule may rely on, by `verify` or by a drill; a deeper level has the larger word. Damage that
 * was found since counts more.
 */
export function provedDepth(
  verified: Verified | undefined,
  drilled: Drilled | undefined,
): string | undefined {
  if (verified?.fault !== undefined) return undefined;
  const levels = [provedLevel(verified), drilled?.proved?.reached].filter((level) => level !== undefined);
  return levels.toSorted().at(-1);
}

/** "volume, passed 2026-11-26"; empty if it was never drilled. */
export function drilledWords(drilled: Drilled | undefined): string {
  if (drilled === undefined) return '';
  const { level, result, time, proved } = drilled;
  const last = `${level}, ${result} ${time.slice(0, 10)}`;
  if (proved === undefined || (proved.level === level && result === 'passed')) return last;
  return `${proved.level}, passed ${proved.time.slice(0, 10)}; ${last}`;
}
