import type { Listed } from '../../store/place.ts';

/**
 * What of a resource's folder can be removed. A run may take over objects of any map that it saw when it began, and it
 * writes its own map last. So what becomes unnamed stays for longer than the longest run: a map or checkpoint is not
 * simply removed, a copy in `pruned/` names its objects for as long. Needs no store key, so anybody may have written
 * what is read: it can only keep more.
 */
export const WAIT_MS = 48 * 3_600_000;

/** What names objects: a map, a checkpoint, or a pruned one of either. */
export interface NamingRecord {
  readonly listed: Listed;
  /** Undefined if it cannot be read. Together they are many more than the objects are. */
  readonly names: Iterable<string> | undefined;
  /** Why it cannot be read. */
  readonly doubt: string;
}

/** What lies in a folder. */
export interface Folder {
  /** `data/` and `ids/`. */
  readonly objects: readonly Listed[];
  readonly maps: readonly NamingRecord[];
  readonly open: readonly NamingRecord[];
  readonly pruned: readonly NamingRecord[];
}

export interface Cleaning {
  /** What cannot be read, so that all of the folder stays. */
  readonly held: Pick<NamingRecord, 'listed' | 'doubt'> | undefined;
  readonly objects: readonly Listed[];
  /** Checkpoints of runs that ended, to be pruned as maps are. */
  readonly checkpoints: readonly Listed[];
  /** Copies of pruned maps and checkpoints whose time is over. */
  readonly expired: readonly Listed[];
}

/** @param now milliseconds, by the place's clock */
export function cleaningOf({ objects, maps, open, pruned }: Folder, now: number): Cleaning {
  const isOld = ({ modified }: Listed) => modified < now - WAIT_MS;
  const [expired, waiting] = parted(pruned, ({ listed }) => isOld(listed));
  // A run's checkpoints are as old as its last one.
  const alive = new Set(open.filter(({ listed }) => !isOld(listed)).map(({ listed }) => pointOf(listed)));
  const [living, over] = parted(open, ({ listed }) => alive.has(pointOf(listed)));
  const held = [...maps, ...waiting, ...living].find(({ names }) => names === undefined);
  if (held !== undefined) return { held, objects: [], checkpoints: [], expired: [] };
  const named = new Set<string>();
  for (const { names = [] } of [...maps, ...waiting, ...over]) for (const name of names) named.add(name);
  // What a checkpoint names that cannot be read is its run's.
  const unread = new Set(
    over.filter(({ names }) => names === undefined).map(({ listed }) => pointOf(listed)),
  );
  const isFree = (one: Listed) => isOld(one) && !named.has(one.name) && !unread.has(pointOf(one));
  return {
    held: undefined,
    // While a run is under way, all stays that it may have taken over, however long it takes.
    objects: living.length > 0 ? [] : objects.filter(isFree),
    checkpoints: over.map(({ listed }) => listed),
    expired: expired.map(({ listed }) => listed),
  };
}

/**
 * The same again, just before anything is removed.
 *
 * @param fresh records that were not there at the first look
 */
export function cleaningAgain(
  { objects, checkpoints, expired }: Cleaning,
  fresh: Pick<Folder, 'maps' | 'open' | 'pruned'>,
  now: number,
): Cleaning {
  // The objects are none of theirs; only their age may look different by this clock.
  const seen = (names: Iterable<string> | undefined) => (listed: Listed) => ({ listed, names, doubt: '' });
  return cleaningOf(
    {
      objects,
      maps: fresh.maps,
      open: [...fresh.open, ...checkpoints.map(seen([]))],
      pruned: [...fresh.pruned, ...expired.map(seen(undefined))],
    },
    now,
  );
}

/** The restore point that an object or a checkpoint was written for. */
function pointOf({ name }: Listed): string {
  return name.slice(name.lastIndexOf('/') + 1, name.lastIndexOf('-'));
}

function parted<T>(all: readonly T[], isOne: (item: T) => boolean): [T[], T[]] {
  return [all.filter(isOne), all.filter((item) => !isOne(item))];
}

export interface Amount {
  readonly objects: number;
  /** Bytes. */
  readonly bytes: number;
}

export function amountOf(objects: readonly Pick<Listed, 'size'>[]): Amount {
  return { objects: objects.length, bytes: objects.reduce((sum, { size }) => sum + size, 0) };
}

/** What maps alone name, by the first and the last that does: "0 3". Maps count from 0, as they are listed. */
export type Spans = ReadonlyMap<string, Amount>;

export function spansOf({ objects, maps, open, pruned }: Folder): Spans {
  const spans = new Map<string, { first: number; last: number }>();
  for (const [last, { names = [] }] of maps.entries())
    for (const name of names) {
      const span = spans.get(name);
      if (span === undefined) spans.set(name, { first: last, last });
      else span.last = last;
    }
  for (const { names = [] } of [...open, ...pruned]) for (const name of names) spans.delete(name);
  const keyOf = ({ name }: Listed) => {
    const span = spans.get(name);
    return span === undefined ? '' : `${span.first} ${span.last}`;
  };
  const groups = Map.groupBy(objects, keyOf);
  groups.delete('');
  return new Map([...groups].map(([key, members]) => [key, amountOf(members)]));
}

/** What nothing would name any more without some of the maps. */
export function freedBy(spans: Spans, isGoing: readonly boolean[]): Amount {
  const freed = [...spans].filter(([key]) => {
    const [first = 0, last = 0] = key.split(' ').map(Number);
    return isGoing.slice(first, last + 1).every(Boolean);
  });
  return sumOf(freed.map(([, amount]) => amount));
}

export function sumOf(amounts: readonly Amount[]): Amount {
  return {
    objects: amounts.reduce((sum, { objects }) => sum + objects, 0),
    bytes: amounts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
