import { InputError } from '../errors.ts';
import { quoted } from '../text/escape.ts';
import type { Entry } from './entries.ts';

export interface Wanted {
  /** Names or ids, by kind; empty means everything. */
  readonly resources: Readonly<Partial<Record<Entry['kind'], readonly string[]>>>;
  /** A point needs one of them; empty means all points, with or without tags. */
  readonly tags?: readonly string[];
  /** Milliseconds; drops older points. */
  readonly since: number | undefined;
  /**
   * Milliseconds; keeps the point that a restore as of then takes: of each resource the newest unbroken one by then.
   */
  readonly at: number | undefined;
}

/** The entries that match, newest first. */
export function pick(entries: readonly Entry[], { resources, tags = [], since, at }: Wanted): Entry[] {
  const asked = Object.values(resources).flat().length > 0;
  const meant = entries
    .filter(({ kind, name, id }) => !asked || resources[kind]?.some((word) => word === name || word === id))
    .filter((entry) => tags.length === 0 || tags.some((tag) => entry.tags.includes(tag)))
    .filter(({ time }) => since === undefined || Date.parse(time) >= since)
    .toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  return at === undefined
    ? meant
    : newestOfEach(meant.filter(({ time, state }) => Date.parse(time) <= at && state !== 'broken'));
}

/** Groups by id, since two resources may share a name. */
function newestOfEach(newestFirst: readonly Entry[]): Entry[] {
  const seen = new Set<string>();
  return newestFirst.filter(({ kind, id }) => {
    const resource = `${kind} ${id}`;
    if (seen.has(resource)) return false;
    return seen.add(resource);
  });
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/**
 * Parses a time as people write it: ISO 8601 ("2026-11-25", "2026-11-25T06:00:00Z", UTC unless it has a zone), or an
 * age: "36h", "14d", "8w".
 *
 * @param now milliseconds
 * @returns milliseconds
 * @throws InputError for anything else
 */
export function parseTime(input: string, text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (UNITS[unit] ?? 0);
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const iso = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.test(text);
  const zoned = isDate || /(Z|[+-]\d\d:?\d\d)$/.test(text.slice(10)) ? text : `${text}Z`;
  const time = (isDate || iso) && isDay(text.slice(0, 10)) ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(time))
    throw new InputError(
      `\`${input}\` is ${quoted(text)}, which is not a time`,
      'Write 2026-11-25, 2026-11-25T06:00:00Z, or how long ago: 36h, 14d, 8w.',
    );
  return time;
}

/**
 * Like {@link parseTime}, but returns the last moment of what is given: lists show whole seconds, so a point taken
 * within that second counts.
 *
 * @throws InputError if it is not a time
 */
export function parseAt(text: string, now: number): number {
  const hasSeconds = /:\d\d:\d\d(Z|[+-]\d\d:?\d\d)?$/.test(text);
  return parseTime('at', text, now) + (hasSeconds ? 999 : 0);
}

/** Refuses 31 February, which JavaScript reads as 3 March. */
function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}
