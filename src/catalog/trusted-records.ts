import type { Found } from './found.ts';

/** Synchronized clocks differ by less, and one that is off by an hour or two does no harm. */
const AHEAD_MS = 86_400_000;

/** What a record says of a restore point: good, unless one of these says otherwise. */
interface Recorded {
  readonly point: string;
  readonly time?: string;
  readonly fault?: string | undefined;
  readonly result?: string;
}

/**
 * What manifests say of restore points of any manifest, as far as they may be believed: a record counts only for points
 * whose manifest is not trusted more, and not if it was altered. Nor does one that says something good at a time that is
 * yet to come: a clock was wrong, and it would hide whatever is found until then.
 *
 * @param recordsIn the records of one manifest
 * @param now milliseconds
 */
export function trustedRecords<R extends Recorded>(
  found: readonly (Pick<Found, 'manifest'> & Partial<Pick<Found, 'doubt'>>)[],
  recordsIn: (manifest: Found['manifest']) => readonly R[],
  now: number,
): R[] {
  const trusted = new Set(
    found.flatMap(({ manifest, doubt }) =>
      doubt === undefined ? manifest.restorePoints.map(({ id }) => id) : [],
    ),
  );
  return found.flatMap(({ manifest, doubt }) =>
    believable(recordsIn(manifest), now).filter(
      ({ point }) => doubt === undefined || !(trusted.has(point) || doubt.what.startsWith('was altered')),
    ),
  );
}

/** Without those that say something good of a time that is yet to come. @param now milliseconds */
export function believable<R extends Recorded>(records: readonly R[], now: number): R[] {
  return records.filter(
    ({ time, fault, result }) =>
      fault !== undefined || result === 'failed' || time === undefined || Date.parse(time) <= now + AHEAD_MS,
  );
}
