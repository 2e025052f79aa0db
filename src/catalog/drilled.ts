import type { DrilledPoint } from '../manifest/schema.ts';
import type { Found } from './found.ts';
import { trustedRecords } from './trusted-records.ts';
import { provedLevel, type Verified } from './verified.ts';

/** What the drills of a restore point showed. */
export interface Drilled extends Pick<DrilledPoint, 'level' | 'result' | 'time' | 'by'> {
  /** The deepest that it was proved, and when; undefined if it failed since, or never passed. */
  readonly proved?: {
    readonly reached: NonNullable<DrilledPoint['reached']>;
    readonly level: DrilledPoint['level'];
    readonly time: string;
  };
  /** The same by hand, the newest; undefined if it never was since the last failure, by hand or not. */
  readonly byHand?: NonNullable<Drilled['proved']>;
  /** Whether its saved key was seen to open what came back. */
  readonly keyProved: boolean;
}

/** What the records of `drill` say about each point, by its id. */
export function drills(records: readonly DrilledPoint[]): Map<string, Drilled> {
  const byPoint = Map.groupBy(records, ({ point }) => point);
  return new Map([...byPoint].map(([point, all]) => [point, standingOf(all)]));
}

/** Like {@link drills}, of manifests that may not be trusted: see {@link trustedRecords}. @param now milliseconds */
export function drilledIn(found: readonly Found[], now: number): Map<string, Drilled> {
  return drills(trustedRecords(found, ({ drilled = [] }) => drilled, now));
}

/**
 * A failure takes back what was proved before it: what failed may have been proved by luck. One by hand takes back only
 * what was proved by hand: it says that the way without the program does not work.
 */
function standingOf(records: readonly DrilledPoint[]): Drilled {
  const newestFirst = records.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  const [newest] = newestFirst as [DrilledPoint, ...DrilledPoint[]];
  const since = upTo(newestFirst, ({ result, by }) => result === 'failed' && by !== 'hand');
  const sinceByHand = upTo(since, ({ result }) => result === 'failed');
  const passed = since.filter(({ result }) => result === 'passed');
  const [best] = passed.toSorted((a, b) =>
    (a.reached ?? '') < (b.reached ?? '') ? 1 : -Number(a.reached !== b.reached),
  );
  const { level, result, time, by } = newest;
  const hand = sinceByHand.find((record) => record.result === 'passed' && record.by === 'hand');
  const [proved, byHand] = [best, hand].map(proofIn);
  return {
    level,
    result,
    time,
    ...(by && { by }),
    ...(proved && { proved }),
    ...(byHand && { byHand }),
    keyProved: since.some(({ key }) => key === 'proved'),
  };
}

function upTo<T>(all: readonly T[], isEnd: (one: T) => boolean): readonly T[] {
  const end = all.findIndex(isEnd);
  return end < 0 ? all : all.slice(0, end);
}

function proofIn(record: DrilledPoint | undefined): Drilled['proved'] {
  if (record?.reached == null) return undefined;
  return { reached: record.reached, level: record.level, time: record.time };
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

/** "volume, passed 2026-11-26; by hand 2026-11-01"; empty if it was never drilled. */
export function drilledWords(drilled: Drilled | undefined): string {
  if (drilled === undefined) return '';
  const { level, result, time, by, proved, byHand } = drilled;
  const last = `${level}${by === 'hand' ? ' by hand' : ''}, ${result} ${time.slice(0, 10)}`;
  const isBest = proved === undefined || (proved.level === level && result === 'passed');
  return [
    ...(isBest ? [] : [`${proved.level}, passed ${proved.time.slice(0, 10)}`]),
    last,
    ...(byHand === undefined || byHand.time === time ? [] : [`by hand ${byHand.time.slice(0, 10)}`]),
  ].join('; ');
}
