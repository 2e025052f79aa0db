import { PlainError } from '../../errors.ts';
import { pool, turns } from '../../pool.ts';
import type { Listed, Place } from '../../store/place.ts';
import { TextError } from '../../stream/lines.ts';
import { folderIn, lackingNow, lackingOf, objectsBeside } from './lacking.ts';
import { partOf } from './names.ts';
import { readNames } from './names-read.ts';

/** A map as a manifest names it. */
export interface KnownMap {
  readonly name: string;
  readonly stored: { readonly size: number };
  /** Bytes that its run put for it: its own objects, ids, and the map. */
  readonly sent: number;
}

export interface Doubts {
  /** The maps that manifests name. */
  readonly maps: readonly KnownMap[];
  /** Objects that were seen to be damaged. */
  readonly damaged: ReadonlySet<string>;
}

/** What manifests may name of a place, listed once. */
export interface ShelfLook {
  /** Bytes, by name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** When each was put. Milliseconds, by the place's clock. */
  readonly modified: ReadonlyMap<string, number>;
  /** What maps lack of their objects, by the map's name. */
  readonly lacking: ReadonlyMap<string, string>;
  /** The damaged object that a map names, by the map's name. */
  readonly tainted: ReadonlyMap<string, string>;
}

const AT_ONCE = 4;

/**
 * Lists a place, and finds out which maps are not complete. To read each map would be dear. So of each folder the newest
 * is read, which a restore chooses, and of the others it is known without reading whether all is there that their runs
 * put. Where anything is odd, all maps of the folder are read.
 *
 * @throws what the place throws
 */
export async function lookAtShelf(place: Place, doubts: Doubts, signal: AbortSignal): Promise<ShelfLook> {
  const look = {
    sizes: new Map<string, number>(),
    modified: new Map<string, number>(),
    lacking: new Map<string, string>(),
    tainted: new Map<string, string>(),
  };
  const known = Map.groupBy(doubts.maps, ({ name }) => folderIn(name));
  const inTurn = turns(AT_ONCE);
  const under: Promise<void>[] = [];
  let [open, listed]: [string | undefined, Listed[]] = [undefined, []];
  const close = async () => {
    const [folder, all] = [open, listed];
    if (folder === undefined) return;
    const done = inTurn(() =>
      lookAtFolder(place, all, { ...doubts, maps: known.get(folder) ?? [] }, look, signal),
    );
    done.catch(() => undefined);
    under.push(done);
    // The names of a few folders are held, whatever the store has.
    if (under.length >= AT_ONCE) await under.shift();
  };
  for await (const one of place.list()) {
    const { folder, part } = partOf(one.name) ?? {};
    if (part === undefined ? !one.name.includes('/') : part === 'maps') {
      look.sizes.set(one.name, one.size);
      look.modified.set(one.name, one.modified);
    }
    if (folder !== open) {
      await close();
      [open, listed] = [folder, []];
    }
    if (folder !== undefined) listed.push(one);
  }
  await close();
  await Promise.all(under);
  return look;
}

/**
 * Reads some maps of a place, and compares them with a fresh list of their folders' objects.
 *
 * @throws what the place throws for a list
 */
export async function lookCloser(
  place: Place,
  maps: readonly string[],
  damaged: Doubts['damaged'],
  signal: AbortSignal,
): Promise<Found> {
  const found: Found = { lacking: new Map(), tainted: new Map() };
  for (const members of Map.groupBy(maps, folderIn).values()) {
    const there = await objectsBeside(place, members[0] ?? '');
    await pool(members, AT_ONCE, mapReader({ place, damaged, signal, found, there: async () => there }));
  }
  return found;
}

interface Found {
  readonly lacking: Map<string, string>;
  readonly tainted: Map<string, string>;
}

async function lookAtFolder(
  place: Place,
  listed: readonly Listed[],
  { maps: known, damaged }: Doubts,
  found: Found,
  signal: AbortSignal,
): Promise<void> {
  const inPart = (part: string) => listed.filter(({ name }) => partOf(name)?.part === part);
  const [data, maps] = [inPart('data'), inPart('maps').map(({ name }) => name)];
  const newest = maps.at(-1);
  if (newest === undefined) return;
  let there = Promise.resolve(new Map(data.map(({ name, size }) => [name, size])));
  let isAgain = false;
  const read = mapReader({
    place,
    damaged,
    signal,
    found,
    there: (again) => {
      // A run may have put objects and then its map since they were listed.
      if (again && !isAgain) there = objectsBeside(place, newest);
      isAgain ||= again;
      return there;
    },
  });
  await read(newest);
  const isOdd =
    found.lacking.has(newest) || known.some(isShort(listed)) || data.some(({ name }) => damaged.has(name));
  if (isOdd) await pool(maps.slice(0, -1), AT_ONCE, read);
}

/** Reads a map, and puts what is odd about it into `found`. What cannot be read now may be read later. */
function mapReader({
  place,
  damaged,
  signal,
  found: { lacking, tainted },
  there,
}: {
  readonly place: Place;
  readonly damaged: Doubts['damaged'];
  readonly signal: AbortSignal;
  readonly found: Found;
  readonly there: (again: boolean) => Promise<ReadonlyMap<string, number>>;
}): (map: string) => Promise<void> {
  return async (map) => {
    signal.throwIfAborted();
    try {
      const { objects } = await readNames(place, map);
      const isLacking = lackingOf(objects, await there(false)) !== undefined;
      const why = isLacking ? await lackingNow(place, objects, await there(true)) : undefined;
      if (why !== undefined) lacking.set(map, why);
      const hit = objects.find(({ name }) => damaged.has(name));
      if (hit !== undefined) tainted.set(map, hit.name);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TextError) lacking.set(map, `its map is damaged: ${error.message}`);
      else if (!(error instanceof PlainError)) throw error;
    }
  };
}

/** Whether objects are gone that the map's own run put. All of them are needed as long as the map is there. */
function isShort(listed: readonly Listed[]): (map: KnownMap) => boolean {
  const bytes = new Map<string, number>();
  for (const { name, size } of listed) {
    const [, part, number = ''] = name.split('/');
    const point = number.replace(/-\d+$/, '');
    if (part === 'data' || part === 'ids') bytes.set(point, (bytes.get(point) ?? 0) + size);
  }
  const there = new Set(listed.map(({ name }) => name));
  return ({ name, stored, sent }) =>
    there.has(name) && (bytes.get(name.slice(-36)) ?? 0) + stored.size < sent;
}
