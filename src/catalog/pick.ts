import { InputError } from '../errors.ts';
import { quoted } from '../text/escape.ts';
import type { Entry } from './entries.ts';

export interface Wanted {
  /** Names or ids for each kind; no kind at all for everything. */
  readonly resources: Readonly<Partial<Record<Entry['kind'], readonly string[]>>>;
  /** Any of them; none at all for points with and without tags. */
  readonly tags?: readonly string[];
  /** Milliseconds: not older than this. */
  readonly since: number | undefined;
  /** Milliseconds: of each resource only the newest that is not later and not broken: what a restore as of then takes. */
  readonly at: number | undefined;
}

/** Those that are asked for, the newest first. */
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

/** By id: two resources may share a name. */
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
 * A time as people give it: ISO 8601 ("2026-11-25", "2026-11-25T06:00:00Z", without a zone UTC), or so long ago: "36h", "14d",
 * "8w".
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
 * The same as the last moment that is meant: lists show whole seconds, and what was taken within one is not later.
 *
 * @throws InputError for what is no time
 */
export function parseAt(text: string, now: number): number {
  const hasSeconds = /:\d\d:\d\d(Z|[+-]\d\d:?\d\d)?$/.test(text);
  return parseTime('at', text, now) + (hasSeconds ? 999 : 0);
}

/** JavaScript takes 31 February for 3 March. */
function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}
