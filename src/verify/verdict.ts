import type { Level, VerifiedPoint } from '../manifest/schema.ts';
import type { Sample } from './sample.ts';
import type { Seen } from './seen.ts';
import type { Part, Subject } from './subjects.ts';

/** What is known about a restore point after its verification. */
export interface Verdict {
  readonly subject: Subject;
  /** The level that all of it reached; null: none. */
  readonly level: Level | null;
  /** Percent of its objects that were read; undefined: all. */
  readonly sampled: number | undefined;
  /** Damage. */
  readonly fault: string | undefined;
  /** The objects that are damaged, by their names. */
  readonly damaged: readonly string[];
  /** What could not be looked at, though it was asked for. */
  readonly unsure: string | undefined;
  /** What else there is to say: what its disks are, what is in the cloud. */
  readonly notes: readonly string[];
}

const IN_CLOUD = 'in the cloud: only its state was looked at';

/**
 * A point is as good as the worst of its parts.
 *
 * @param wanted the level that was asked for
 * @param seenOf what was seen of a payload in the store; undefined: it was not drawn
 */
export function verdictOf(
  subject: Subject,
  wanted: Level,
  seenOf: (payload: string) => Seen | undefined,
): Verdict {
  const all = subject.parts.map((part) => ({ part, seen: seenOfPart(part, seenOf) }));
  const hasDisk = all.some(({ part: { stored } }) => stored?.isDisk);
  // A key is proved by the disk that it opens.
  const level = lowest(
    all.map(({ part, seen }) =>
      hasDisk && part.stored?.isDisk === false && seen.level === 'L1b' ? wanted : seen.level,
    ),
  );
  const objects = all.reduce((sum, { seen }) => sum + seen.objects, 0);
  const read = all.reduce((sum, { seen }) => sum + seen.read, 0);
  const isSample = level === 'L1a' && read < objects;
  const fault = subject.altered ?? all.find(({ seen }) => seen.fault !== undefined)?.seen.fault;
  const unsure =
    all.find(({ seen }) => seen.unsure !== undefined)?.seen.unsure ??
    (wanted === 'L2' ? unrecognized(all) : undefined);
  return {
    subject,
    level: subject.altered === undefined ? level : null,
    sampled: isSample ? Math.max(0.1, Math.round((1000 * read) / objects) / 10) : undefined,
    fault,
    damaged: [...new Set(all.flatMap(({ seen }) => seen.damaged ?? []))],
    unsure: fault === undefined ? unsure : undefined,
    notes: [...new Set(all.flatMap(({ part, seen }) => noteOf(part, seen)))],
  };
}

function seenOfPart({ state, stored }: Part, seenOf: (payload: string) => Seen | undefined): Seen {
  const none = { objects: 0, read: 0 };
  if (state.state === 'broken') return { ...none, level: null, fault: state.why };
  if (stored === undefined) return { ...none, level: state.state === 'whole' ? 'L0' : null };
  if (state.state === 'unknown') return { ...none, level: null, unsure: state.why };
  return seenOf(stored.payload.name) ?? { level: 'L0', objects: 1, read: 0 };
}

function noteOf({ state, stored }: Part, { found }: Seen): string[] {
  if (stored === undefined) return [state.state === 'unknown' ? `in the cloud: ${state.why}` : IN_CLOUD];
  return found === undefined ? [] : [found];
}

/** A disk whose L2 was asked for and cannot be told; an empty one has nothing to find. */
function unrecognized(all: readonly { readonly part: Part; readonly seen: Seen }[]): string | undefined {
  return all.find(
    ({ part, seen }) => part.stored?.isDisk && seen.level === 'L1b' && seen.isBlank !== true && seen.found,
  )?.seen.found;
}

/** Whether a list says the same without a record, or nothing was seen. */
function isKnownAnyway({ subject: { altered, parts }, level, fault }: Verdict): boolean {
  if (altered !== undefined) return true;
  return level === null && (fault === undefined || parts.some(({ state }) => state.state === 'broken'));
}

const DEPTHS: readonly (Level | null)[] = [null, 'L0', 'L1a', 'L1b', 'L2'];

function lowest(levels: readonly (Level | null)[]): Level | null {
  return DEPTHS[Math.min(...levels.map((level) => DEPTHS.indexOf(level)))] ?? null;
}

/**
 * What a manifest records. Nothing of a point of which nothing is known, nor of one that the cloud or the store lacks:
 * everybody sees that without a record.
 *
 * @param time ISO 8601
 */
export function recordsOf(
  verdicts: readonly Verdict[],
  sample: Sample | undefined,
  time: string,
): VerifiedPoint[] {
  return verdicts
    .filter((verdict) => !isKnownAnyway(verdict))
    .map(({ subject, level, sampled, fault, damaged }) => ({
      point: subject.entry.point,
      level,
      time,
      ...(sampled !== undefined && sample !== undefined && { sampled, seed: sample.seed }),
      ...(fault !== undefined && { fault: fault.slice(0, 1024) }),
      ...(fault !== undefined && damaged.length > 0 && { damaged: damaged.slice(0, 64) }),
    }));
}
