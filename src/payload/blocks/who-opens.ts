import type { Place } from '../../store/place.ts';
import { type OpenedMap, readMap } from './map-read.ts';
import { partOf } from './names.ts';

/** What a recipient can open in a store; `recipient` is undefined for what lies in clear. */
export interface Openable {
  readonly recipient: string | undefined;
  readonly resources: number;
  /** Restore points that it opens in full. */
  readonly points: number;
  /** When the oldest and the newest of them were taken, ISO 8601; missing if there are none. */
  readonly oldest?: string;
  readonly newest?: string;
  /** Of the objects that it opens. */
  readonly bytes: number;
}

export interface WhoOpens {
  readonly points: number;
  readonly openable: readonly Openable[];
  /** Maps that cannot be read, and why. */
  readonly unread: readonly { readonly map: string; readonly error: unknown }[];
}

interface Tally {
  readonly folders: Set<string>;
  points: number;
  oldest?: string;
  newest?: string;
  bytes: number;
}

/** Undefined for what lies in clear. */
type Tallies = Map<string | undefined, Tally>;

/** Reads all maps of a store, and no object. Keys and manifests do not tell whom they are sealed to. */
export async function whoOpens(place: Place): Promise<WhoOpens> {
  const tallies: Tallies = new Map();
  const unread: { map: string; error: unknown }[] = [];
  let points = 0;
  let counted = { folder: '', names: new Set<string>() };
  for await (const { name } of place.list()) {
    const { folder, part } = partOf(name) ?? {};
    if (folder === undefined || part !== 'maps') continue;
    if (folder !== counted.folder) counted = { folder, names: new Set() };
    try {
      const map = await readMap(place, name);
      await map.close();
      count(map, counted, tallies);
      points += 1;
    } catch (error) {
      unread.push({ map: name, error });
    }
  }
  const openable = [...tallies].map(([recipient, { folders, ...tally }]) => ({
    recipient,
    resources: folders.size,
    ...tally,
  }));
  return { points, openable, unread };
}

/** @param counted the objects that earlier maps of the folder name */
function count(
  { header, objects }: Pick<OpenedMap, 'header' | 'objects'>,
  { folder, names }: { readonly folder: string; readonly names: Set<string> },
  tallies: Tallies,
): void {
  const opened = new Map<string | undefined, number>();
  for (const { name, size, to } of objects) {
    const added = names.has(name) ? 0 : size;
    names.add(name);
    for (const recipient of to === null ? [undefined] : new Set(header.recipients[to])) {
      opened.set(recipient, (opened.get(recipient) ?? 0) + 1);
      const tally = tallies.get(recipient) ?? { folders: new Set(), points: 0, bytes: 0 };
      tally.folders.add(folder);
      tally.bytes += added;
      tallies.set(recipient, tally);
    }
  }
  for (const [recipient, some] of opened)
    if (some === objects.length) opens(tallies.get(recipient) as Tally, header.taken);
}

/** @param taken the time of a point that it opens in full */
function opens(tally: Tally, taken: string): void {
  tally.points += 1;
  if (tally.oldest === undefined || taken < tally.oldest) tally.oldest = taken;
  if (tally.newest === undefined || taken > tally.newest) tally.newest = taken;
}
