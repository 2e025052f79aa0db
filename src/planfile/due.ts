import { type BeingMade, toldBeingMade } from '../chain/being-made.ts';
import { type Duration, parseDuration } from '../retention/duration.ts';
import { before } from '../retention/periods.ts';
import type { Assignment } from './assign.ts';
import type { PlanEntry } from './plan-file.ts';
import { keyOf, type Resource } from './resource.ts';
import { backupPiece, isOf, type SavedPoint } from './saved.ts';
import { hoursOf } from './span.ts';

/** What an entry asks of a resource now. A plain record. */
export interface Duty {
  readonly resource: Resource;
  readonly entry: PlanEntry;
  readonly due: boolean;
  /** When the newest good point was taken, milliseconds; undefined if there is none. */
  readonly newest: number | undefined;
  /** "never saved", "1 d 3 h old, every 1d". */
  readonly reason: string;
  /** The server that saves it, so that it is not saved by itself. */
  readonly within: Resource | undefined;
  /** The backup that an earlier run left to the cloud: nothing is due until it finishes. */
  readonly underWay?: BeingMade | undefined;
}

/**
 * How much earlier than `every` a resource is due, as a share of it. A daily schedule may start a minute earlier or an
 * hour later than the day before: without this, each early start would skip a whole day.
 */
const EARLY = 0.1;

/**
 * Decides what is due, counted from the newest good point: a run that is late, dropped or started twice only shifts the
 * time.
 *
 * @param points all known points, in any order
 * @param now milliseconds, by the cloud's clock
 * @param underWay backups that the cloud is still making, by the volume's id
 */
export function dutiesOf(
  assignments: readonly Assignment[],
  points: readonly SavedPoint[],
  {
    zone,
    hasStore,
    now,
    underWay = new Map(),
  }: {
    readonly zone: string;
    readonly hasStore: boolean;
    readonly now: number;
    readonly underWay?: ReadonlyMap<string, BeingMade>;
  },
): Duty[] {
  // A point from the future comes from a wrong clock, so it does not say when the next one is due.
  const past = points.filter(({ time }) => time <= now + SLACK_MS);
  const byResource = Map.groupBy(past, ({ resource }) => resource);
  const duties = assignments.flatMap(({ resource, entries, within }) => {
    const saved = (byResource.get(resource.id) ?? []).filter(({ kind }) => kind === resource.kind);
    return entries.map((entry): Duty => {
      const newest = newestGood(saved.filter((point) => isOf(entry, point, hasStore)));
      return {
        resource,
        entry,
        newest,
        within: within.get(entry.name),
        due: newest === undefined || newest <= lastOf(entry, zone, now),
        reason: reasonOf(entry, newest, now),
      };
    });
  });
  const saved = new Set(duties.filter(({ due }) => due).map(nameOf));
  // A volume attached after its server was saved is saved by itself.
  return duties.map((duty) =>
    duty.within !== undefined && saved.has(nameOf({ ...duty, resource: duty.within }))
      ? duty
      : withUnderWay({ ...duty, within: undefined }, underWay, hasStore),
  );
}

function withUnderWay(duty: Duty, underWay: ReadonlyMap<string, BeingMade>, hasStore: boolean): Duty {
  const { kind, id } = duty.resource;
  const made = kind === 'volume' ? underWay.get(id) : undefined;
  if (made === undefined || !willBeOf(duty.entry, made, hasStore)) return duty;
  return { ...duty, due: false, underWay: made, reason: `${duty.reason}, ${toldBeingMade(made)}` };
}

/** Whether a backup that is being made will be what an entry asks for. */
export function willBeOf(entry: Pick<PlanEntry, 'method'>, made: BeingMade, hasStore: boolean): boolean {
  return isOf(entry, { pieces: [backupPiece(made)] }, hasStore);
}

/** Synchronized clocks differ by less. */
const SLACK_MS = 5 * 60_000;

function nameOf({ resource, entry }: Pick<Duty, 'resource' | 'entry'>): string {
  return `${keyOf(resource)} ${entry.name}`;
}

/** Nothing is due if the newest point is later than this. */
function lastOf({ every }: PlanEntry, zone: string, now: number): number {
  return before(now, parseDuration(every), zone) + hoursOf(every) * EARLY * HOUR;
}

const HOUR = 3_600_000;

export function newestGood(points: readonly SavedPoint[]): number | undefined {
  const times = points.filter(({ good }) => good).map(({ time }) => time);
  return times.length === 0 ? undefined : Math.max(...times);
}

function reasonOf({ every }: PlanEntry, newest: number | undefined, now: number): string {
  return newest === undefined ? 'never saved' : `${ageOf(newest, now)} old, every ${every}`;
}

/** "5 h", "3 d 2 h". */
export function ageOf(time: number, now: number): string {
  const minutes = Math.max(0, Math.floor((now - time) / 60_000));
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes} min`;
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Whether the newest good point is older than `max-age`, or there is none. */
export function isStale({ entry, newest }: Duty, zone: string, now: number): boolean {
  return newest === undefined || newest < before(now, parseDuration(maxAgeOf(entry)), zone);
}

/** A resource is stale if its newest good point is older than this: by default one and a half times `every`. */
export function maxAgeOf({ every, maxAge }: Pick<PlanEntry, 'every' | 'maxAge'>): Duration {
  if (maxAge !== undefined) return maxAge;
  const { years, months, days, hours } = parseDuration(every);
  const all = {
    y: years + Math.floor(years / 2),
    m: months + (years % 2) * 6 + Math.floor(months / 2),
    d: days + (months % 2) * 15 + Math.floor(days / 2),
    h: hours + (days % 2) * 12 + Math.ceil(hours / 2),
  };
  return Object.entries(all)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count}${unit}`)
    .join('');
}
