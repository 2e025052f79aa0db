import type { BlocksPayload, Manifest, RestorePoint } from '../manifest/schema.ts';
import { bytes } from '../text/bytes.ts';
import { quoted } from '../text/escape.ts';
import { toMinute } from '../text/words.ts';
import { takenIn } from './times.ts';

export type Change = NonNullable<BlocksPayload['change']>;

/** A disk that looks encrypted or wiped by somebody. */
export interface Alarm {
  readonly kind: RestorePoint['resource']['kind'];
  readonly resource: string;
  readonly name: string;
  /** The restore point that found it. */
  readonly point: string;
  /** When its data was taken. ISO 8601. */
  readonly taken: string;
  readonly what: NonNullable<Change['jump']>;
  readonly why: string;
}

/** What the backup of a disk saw of its changes; undefined where it compares nothing. */
export function changeOf(point: RestorePoint): Change | undefined {
  const payload = 'payload' in point ? point.payload : null;
  return payload?.layout === 'blocks' ? payload.change : undefined;
}

/**
 * @param accepted ids of points that a person has looked at
 * @returns the newest first
 */
export function alarmsIn(manifests: readonly Manifest[], accepted: ReadonlySet<string>): Alarm[] {
  const alarms = new Map<string, Alarm>();
  for (const manifest of manifests) {
    const takenAt = takenIn(manifest);
    for (const point of manifest.restorePoints) {
      const change = changeOf(point);
      if (change?.jump === undefined || accepted.has(point.id)) continue;
      const { kind, id: resource, name } = point.resource;
      const of = { kind, resource, name, point: point.id, taken: takenAt(point) };
      alarms.set(point.id, { ...of, what: change.jump, why: jumpTold(change) });
    }
  }
  return [...alarms.values()].toSorted((a, b) => (a.taken < b.taken ? 1 : -1));
}

/** "4.8 of 6.0 GiB were written anew, with data that does not compress", for a person. */
export function jumpTold({ used, fresh = 0, dense = fresh, jump, slowly }: Change): string {
  const since = slowly?.since ? ` since ${toMinute(Date.parse(slowly.since))}` : '';
  if (jump === 'emptied') return `only ${bytes(used)} of it hold data any more${since}`;
  return slowly === undefined
    ? `${bytes(dense)} of ${bytes(used)} were written anew, with data that does not compress`
    : `about ${bytes(slowly.bytes)} of ${bytes(used)} were written anew little by little${since}, with data that does not compress`;
}

/** For a person, with what to do. */
export function alarmTold({ kind, name, resource, point, taken, what, why }: Alarm): string {
  const looks = what === 'emptied' ? 'wiped' : 'encrypted';
  const when = toMinute(Date.parse(taken));
  return `${kind} ${quoted(name || resource)} may have been ${looks} before ${when}: ${why}. Pruning keeps that point and the last good one before it. If the change was meant, \`accept: ${point}\` lets them go`;
}
