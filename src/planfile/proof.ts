import { duration } from '../clock.ts';
import type { Kind } from '../manifest/points.ts';
import { parseDuration } from '../retention/duration.ts';
import { before } from '../retention/periods.ts';
import { counted } from '../text/words.ts';
import { ageOf } from './due.ts';
import type { DrillWish } from './plan-file.ts';
import { keyOf } from './resource.ts';
import { hoursOf, secondsOf } from './span.ts';

/** A drill as a plan sees it. */
export interface SeenDrill {
  readonly kind: Kind;
  /** The resource's id. */
  readonly resource: string;
  /** The restore point's id. */
  readonly point: string;
  /** When it was drilled. Milliseconds. */
  readonly time: number;
  readonly result: 'passed' | 'failed' | 'no output';
  /** "L3"; undefined unless it passed. */
  readonly reached: string | undefined;
  /** Whether it was carried out by hand. */
  readonly byHand?: boolean;
  /** From looking for the restore point until it was restored, and booted where it was; undefined if nothing was. */
  readonly restoreSeconds: number | undefined;
}

/** What drills prove of a resource. */
export interface Proof {
  /** Of the newest drill that passed, and whose restore point has not failed since; undefined if there is none. */
  readonly newest: { readonly reached: string; readonly time: number } | undefined;
  /** The same, of those by hand. */
  readonly byHand?: Proof['newest'];
  /** When the newest by hand failed, if nothing passed by hand since. */
  readonly byHandFailed?: number;
  /** How long restores took, over all drills that passed; undefined if none restored anything. */
  readonly restore: { readonly p50: number; readonly p95: number; readonly count: number } | undefined;
}

/** By kind and id of the resource. */
export function proofsOf(drills: readonly SeenDrill[]): ReadonlyMap<string, Proof> {
  const groups = Map.groupBy(drills, ({ kind, resource }) => keyOf({ kind, id: resource }));
  return new Map([...groups].map(([resource, all]) => [resource, proofOf(all)]));
}

function proofOf(drills: readonly SeenDrill[]): Proof {
  const newestFirst = drills.toSorted((a, b) => b.time - a.time);
  const failed = newestFirst.filter(({ result }) => result === 'failed');
  // One by hand says only that the way without the program does not work.
  const [failedByHand, failedItself] = [true, false].map((hand) =>
    failed.filter(({ byHand = false }) => byHand === hand),
  ) as [SeenDrill[], SeenDrill[]];
  const since = (failures: readonly SeenDrill[]) => (one: SeenDrill) =>
    !failures.some(({ point, time }) => point === one.point && time >= one.time);
  const passed = newestFirst.filter(({ result }) => result === 'passed');
  const standing = passed.filter(since(failedItself));
  const newest = standing[0];
  const byHand = standing.filter(({ byHand }) => byHand).find(since(failedByHand));
  const lastFailed = failedByHand[0]?.time;
  const isFailed = lastFailed !== undefined && lastFailed >= (byHand?.time ?? Number.NEGATIVE_INFINITY);
  const times = passed.flatMap(({ restoreSeconds }) => restoreSeconds ?? []).sort((a, b) => a - b);
  return {
    newest: newest && { reached: newest.reached ?? '', time: newest.time },
    ...(byHand && { byHand: { reached: byHand.reached ?? '', time: byHand.time } }),
    ...(isFailed && { byHandFailed: lastFailed }),
    restore:
      times.length === 0
        ? undefined
        : { p50: quantile(times, 0.5), p95: quantile(times, 0.95), count: times.length },
  };
}

/** Of sorted values, the least that this share of them does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Whether the newest proof is older than the plan allows; false if it says nothing of that. */
export function isUnproved(
  proof: Proof | undefined,
  drill: Pick<DrillWish, 'maxAge'> | undefined,
  zone: string,
  now: number,
): boolean {
  if (drill?.maxAge === undefined) return false;
  return (proof?.newest?.time ?? Number.NEGATIVE_INFINITY) <= before(now, parseDuration(drill.maxAge), zone);
}

/** Whether a drill is due: of any resource, since one run drills one. */
export function isDrillDue(
  drills: readonly Pick<SeenDrill, 'time'>[],
  { every }: Pick<DrillWish, 'every'>,
  now: number,
): boolean {
  const last = Math.max(
    Number.NEGATIVE_INFINITY,
    ...drills.map(({ time }) => time).filter((time) => time <= now),
  );
  // A schedule may start a little earlier than the last time.
  return now - last >= 0.9 * hoursOf(every) * 3_600_000;
}

/** "L3, 2 d ago; by hand L2, 12 d ago; by hand failed, 1 d ago"; "no: the drill failed" if nothing is proved. */
export function provedWords(proof: Proof | undefined, now: number): string | undefined {
  if (proof === undefined) return undefined;
  const { newest, byHand, byHandFailed } = proof;
  const words = ({ reached, time }: NonNullable<typeof newest>) => `${reached}, ${ageOf(time, now)} ago`;
  return [
    newest === undefined ? 'no: the drill failed' : words(newest),
    ...(byHand === undefined ? [] : [`by hand ${words(byHand)}`]),
    ...(byHandFailed === undefined ? [] : [`by hand failed, ${ageOf(byHandFailed, now)} ago`]),
  ].join('; ');
}

/** "3 min, 95 % within 9 min (12 drills)", and "over the rto of 2h" if that is longer. */
export function restoreWords(proof: Proof | undefined, rto: DrillWish['rto']): string | undefined {
  if (proof?.restore === undefined) return undefined;
  const { p50, p95, count } = proof.restore;
  const over = rto !== undefined && p95 > secondsOf(rto) ? `, over the rto of ${rto}` : '';
  return `${duration(p50 * 1000)}, 95 % within ${duration(p95 * 1000)} (${counted(count, 'drill')})${over}`;
}
