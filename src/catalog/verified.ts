import type { Level, VerifiedPoint } from '../manifest/schema.ts';
import type { Found } from './found.ts';
import { trustedRecords } from './trusted-records.ts';

/** How far a restore point is known to be good. */
export interface Verified extends Pick<VerifiedPoint, 'level' | 'time' | 'sampled'> {
  /** What was found at `time`, and has not been seen to be mended since. */
  readonly fault?: string;
  /** The objects in the store that were damaged then. */
  readonly damaged?: readonly string[];
}

/** What the records of `verify` say about each point, by its id; as {@link standingOf} weighs them. */
export function standings(records: readonly VerifiedPoint[]): Map<string, Verified> {
  const byPoint = Map.groupBy(records, ({ point }) => point);
  return new Map([...byPoint].map(([point, all]) => [point, standingOf(all)]));
}

/** Like {@link standings}, of manifests that may not be trusted: see {@link trustedRecords}. @param now milliseconds */
export function verifiedIn(found: readonly Found[], now: number): Map<string, Verified> {
  return standings(trustedRecords(found, ({ verified = [] }) => verified, now));
}

/**
 * The newest fault that no later look at all of the point went beyond; else the deepest level, of all of it rather than
 * of a sample, and when it was last reached.
 */
function standingOf(records: readonly VerifiedPoint[]): Verified {
  const newestFirst = records.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  const isBeyond = (fault: VerifiedPoint) => (record: VerifiedPoint) =>
    isWhole(record) && Date.parse(record.time) > Date.parse(fault.time) && depth(record) > depth(fault);
  const fault = newestFirst.find((one) => one.fault !== undefined && !newestFirst.some(isBeyond(one)));
  if (fault !== undefined) return plain(fault);
  const [best] = newestFirst
    .filter((record) => record.fault === undefined)
    .sort(
      (a, b) =>
        Number(isWhole(b)) - Number(isWhole(a)) || (depth(a) < depth(b) ? 1 : -Number(depth(a) > depth(b))),
    );
  return plain(best as VerifiedPoint);
}

function plain({ level, time, sampled, fault, damaged }: VerifiedPoint): Verified {
  return {
    level,
    time,
    ...(sampled !== undefined && { sampled }),
    ...(fault !== undefined && { fault }),
    ...(damaged !== undefined && { damaged }),
  };
}

/** What was last seen wrong with points, by their ids. */
export function faultsIn(standing: ReadonlyMap<string, Verified>): Map<string, string> {
  return new Map(
    [...standing].flatMap(([point, { fault }]) => (fault === undefined ? [] : [[point, fault]])),
  );
}

/** The objects that some point was last seen to have damaged. */
export function damagedObjects(standing: ReadonlyMap<string, Verified>): Set<string> {
  return new Set([...standing.values()].flatMap(({ damaged = [] }) => damaged));
}

function isWhole({ sampled, fault }: VerifiedPoint): boolean {
  return sampled === undefined && fault === undefined;
}

function depth({ level }: VerifiedPoint): string {
  return level ?? '';
}

/** The level that a retention rule may rely on: bytes were read, and all of them. */
export function provedLevel(verified: Verified | undefined): Level | undefined {
  const { level = null, sampled, fault } = verified ?? {};
  return level === null || level === 'L0' || sampled !== undefined || fault !== undefined ? undefined : level;
}

/** "L1a of 2026-11-26"; empty if nobody verified it. */
export function verifiedWords(verified: Verified | undefined): string {
  if (verified === undefined) return '';
  const { level, time, sampled, fault } = verified;
  const day = time.slice(0, 10);
  if (fault !== undefined) return `damaged: seen ${day}`;
  return `${level ?? 'no level'}${sampled === undefined ? '' : `, ${sampled} %,`} of ${day}`;
}
