import { messageOf } from '../../errors.ts';
import { pool } from '../../pool.ts';
import type { Listed, Place, Stored } from '../../store/place.ts';
import {
  type Cleaning,
  cleaningOf,
  type Folder,
  type NamingRecord,
  type Spans,
  spansOf,
  WAIT_MS,
} from './clean.ts';
import { lackingOf } from './lacking.ts';
import { nameSets } from './name-sets.ts';
import { type FolderPart, partOf } from './names.ts';
import { readNames } from './names-read.ts';

/** What manifests say about the maps of a place, by name. */
export interface ManifestFacts {
  /** All maps that any manifest names. */
  readonly stored: ReadonlyMap<string, Stored>;
  /** Those of restore points that are not pruned and lie in this place. */
  readonly needed: ReadonlySet<string>;
  /** Objects that `verify` saw damaged. */
  readonly damaged?: ReadonlySet<string>;
}

export interface FolderLook {
  readonly folder: string;
  readonly cleaning: Cleaning;
  /** The maps by name, and what they alone name. */
  readonly maps: readonly Listed[];
  readonly spans: Spans;
  /** When each map, checkpoint and pruned map was put. */
  readonly known: ReadonlyMap<string, number>;
  /** What its maps lack, by their names. */
  readonly lacking: ReadonlyMap<string, string>;
  /** The damaged object that a map names, by the map's name. */
  readonly tainted: ReadonlyMap<string, string>;
}

export interface StoreLook {
  /** Bytes, of all that manifests may name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** When each of these was put. */
  readonly modified: ReadonlyMap<string, number>;
  readonly folders: readonly FolderLook[];
  /** What the objects of maps lack that are not complete, by the map's name. */
  readonly lacking: ReadonlyMap<string, string>;
  /** The damaged object that a map names, by the map's name. */
  readonly tainted: ReadonlyMap<string, string>;
  /** Objects by which an earlier run told the time, and died. */
  readonly clocks: readonly Listed[];
}

const CLOCK = /^pruned\/[0-9a-f-]{36}-0$/;
const AT_ONCE = 4;

/** The doubt about a map that is lost. */
export const NOT_THERE = 'is not in the store, but a manifest names it';

/**
 * Looks at all of a place once, a folder after the other, and reads its maps and checkpoints.
 *
 * @param now milliseconds; by any clock, as all is looked at again before it is removed
 * @throws InputError if it cannot be listed
 */
export async function lookIntoStore(
  place: Place,
  facts: ManifestFacts,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<StoreLook> {
  const sizes = new Map<string, number>();
  const modified = new Map<string, number>();
  const folders: FolderLook[] = [];
  const clocks: Listed[] = [];
  let listed: Listed[] = [];
  let open: string | undefined;
  const close = async () => {
    if (open !== undefined) folders.push(await folderLook(place, open, listed, facts, { now, signal }));
    listed = [];
  };
  for await (const one of place.list()) {
    const { folder, part } = partOf(one.name) ?? {};
    if (part === undefined || part === 'maps') {
      sizes.set(one.name, one.size);
      modified.set(one.name, one.modified);
    }
    if (CLOCK.test(one.name) && one.modified < now - WAIT_MS) clocks.push(one);
    if (folder !== open) {
      await close();
      open = folder;
    }
    if (folder !== undefined) listed.push(one);
  }
  await close();
  const lacking = new Map(folders.flatMap((folder) => [...folder.lacking]));
  const tainted = new Map(folders.flatMap((folder) => [...folder.tainted]));
  return { sizes, modified, folders, lacking, tainted, clocks };
}

async function folderLook(
  place: Place,
  folder: string,
  listed: readonly Listed[],
  { stored, needed, damaged = new Set() }: ManifestFacts,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<FolderLook> {
  const [records, objects] = [listed.filter(isRecord), listed.filter((one) => !isRecord(one))];
  const there = new Map(listed.map(({ name, size }) => [name, size]));
  const read = await readRecords(place, records, objects, stored, signal, there);
  const missing = [...needed].filter((name) => name.startsWith(`${folder}/maps/`) && !there.has(name));
  const maps = of(read, 'maps');
  const seen: Folder = {
    objects,
    maps: [
      ...maps,
      ...missing.map((name) => ({
        listed: { name, size: 0, modified: 0 },
        names: undefined,
        doubt: NOT_THERE,
      })),
    ],
    open: of(read, 'open'),
    pruned: of(read, 'pruned'),
  };
  return {
    folder,
    cleaning: cleaningOf(seen, now),
    maps: maps.map(({ listed: map }) => map),
    spans: spansOf(seen),
    known: new Map(read.map(({ listed: { name, modified } }) => [name, modified])),
    lacking: new Map(
      maps.flatMap(({ listed: { name }, lacking }) => (lacking === undefined ? [] : [[name, lacking]])),
    ),
    tainted: new Map(
      maps.flatMap(({ listed: { name }, names = [] }) => {
        const hit = damaged.size === 0 ? undefined : [...names].find((object) => damaged.has(object));
        return hit === undefined ? [] : [[name, hit]];
      }),
    ),
  };
}

/** Looks again at what may name objects, and reads what is new. */
export async function lookAgain(
  place: Place,
  { folder, known, cleaning }: FolderLook,
  { stored }: ManifestFacts,
  signal: AbortSignal,
): Promise<Pick<Folder, 'maps' | 'open' | 'pruned'>> {
  const fresh: Listed[] = [];
  // In this order: a run puts its map before it removes its checkpoints, and a copy is put before a map is removed.
  // One list of all, in the order of the names, would miss a run that ends between two of its pages.
  for (const part of ['open', 'maps', 'pruned'])
    for await (const one of place.list(`${folder}/${part}/`))
      if (isRecord(one) && known.get(one.name) !== one.modified) fresh.push(one);
  const read = await readRecords(place, fresh, cleaning.objects, stored, signal);
  return { maps: of(read, 'maps'), open: of(read, 'open'), pruned: of(read, 'pruned') };
}

function isRecord({ name }: Listed): boolean {
  return !['data', 'ids'].includes(partOf(name)?.part ?? 'data');
}

/** What was read, and what it lacks of the objects that it names. */
type Read = NamingRecord & { readonly lacking?: string | undefined };

function of(records: readonly Read[], part: FolderPart): Read[] {
  return records.filter(({ listed }) => partOf(listed.name)?.part === part);
}

/** @param objects of which it matters whether they are named */
function readRecords(
  place: Place,
  records: readonly Listed[],
  objects: readonly Listed[],
  stored: ManifestFacts['stored'],
  signal: AbortSignal,
  there?: ReadonlyMap<string, number>,
): Promise<Read[]> {
  const namesOf = nameSets(objects.map(({ name }) => name));
  return pool(records, AT_ONCE, async (listed) => {
    signal.throwIfAborted();
    try {
      const { names, objects: own } = await readNames(place, listed.name, stored.get(listed.name));
      return { listed, names: namesOf(names), doubt: '', lacking: there && lackingOf(own, there) };
    } catch (error) {
      signal.throwIfAborted();
      return { listed, names: undefined, doubt: `cannot be read: ${messageOf(error)}` };
    }
  });
}
