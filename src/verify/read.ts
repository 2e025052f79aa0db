import { messageOf, OperationError } from '../errors.ts';
import type { Level } from '../manifest/schema.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { Place } from '../store/place.ts';
import {
  type Damage,
  keyOf,
  objectsOf,
  type ReadTools,
  readObjects,
  type StoredObject,
  unread,
  wrongSize,
} from './objects.ts';
import { readOpened } from './opened.ts';
import { drawn, type Sample } from './sample.ts';
import type { Seen } from './seen.ts';
import type { StoredPart, StoredPayload, Subject } from './subjects.ts';

export interface Reading extends ReadTools {
  readonly place: Place;
  /** Opens with the identity. */
  readonly store: Pick<PayloadStore, 'open'>;
  /** Is told each key, so that no output shows it. */
  readonly hide: (bytes: Buffer) => void;
}

/** What is to be read, and how much that is. */
export interface Work {
  readonly level: Level;
  /** What a first look at each payload showed, by its name: whether all that it needs is there. */
  readonly seen: ReadonlyMap<string, Seen>;
  /** The payloads to read further. */
  readonly parts: readonly StoredPart[];
  /** For L1a, those of their objects that were drawn. */
  readonly objects: readonly StoredObject[];
  /** How many there are to draw from, and how many were drawn: objects for L1a, restore points for deeper levels. */
  readonly all: number;
  readonly drawn: number;
  /** Bytes that flow. */
  readonly bytes: number;
}

/**
 * Looks whether everything is there, and finds out what to read for a level: objects of all points, or some points
 * whole. Each object once.
 */
export async function workFor(
  place: Place | undefined,
  subjects: readonly Subject[],
  level: Level,
  sample: Sample | undefined,
  signal: AbortSignal,
): Promise<Work> {
  const objects = new Map<string, StoredObject>();
  const seen =
    place === undefined ? new Map<string, Seen>() : await look(place, partsOf(subjects), objects, signal);
  const isGood = ({ payload }: StoredPart) => seen.get(payload.name)?.level === 'L0';
  const work = { level, seen, parts: [], objects: [], all: 0, drawn: 0, bytes: 0 };
  if (level === 'L0') return work;
  if (level === 'L1a') {
    const some = drawn([...objects.values()], ({ name }) => name, sample);
    const bytes = some.reduce((sum, { size }) => sum + size, 0);
    const parts = partsOf(subjects).filter(isGood);
    return { ...work, parts, objects: some, all: objects.size, drawn: some.length, bytes };
  }
  const away = subjects.filter((subject) => partsOf([subject]).some(isGood));
  const some = drawn(away, ({ entry }) => entry.point, sample);
  const parts = partsOf(some).filter(isGood);
  const bytes = parts.reduce((sum, { payload }) => sum + payload.size, 0);
  return { ...work, parts, all: away.length, drawn: some.length, bytes };
}

/** The payloads that are in the store, each once. */
function partsOf(subjects: readonly Subject[]): StoredPart[] {
  const parts = subjects.flatMap((subject) =>
    subject.parts.flatMap(({ state, stored }) =>
      stored !== undefined && state.state === 'whole' ? [[stored.payload.name, stored] as const] : [],
    ),
  );
  return [...new Map(parts).values()];
}

/**
 * Whether all that the payloads need is in the place, with its size. A folder is listed once.
 *
 * @param objects gets those of the payloads that lack nothing
 */
async function look(
  place: Place,
  parts: readonly StoredPart[],
  objects: Map<string, StoredObject>,
  signal: AbortSignal,
): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>();
  const folders = Map.groupBy(parts, ({ payload: { name } }) => name.split('/')[0] ?? '');
  for (const [folder, members] of folders) {
    const isBlocks = members.some(({ payload }) => payload.layout === 'blocks');
    const sizes = isBlocks ? await sizesIn(place, folder, signal) : new Map<string, number>();
    for (const part of members) {
      signal.throwIfAborted();
      seen.set(part.payload.name, await lookAt(place, part, sizes, objects, signal));
    }
  }
  return seen;
}

async function sizesIn(place: Place, folder: string, signal: AbortSignal) {
  const sizes = new Map<string, number>();
  try {
    for (const inside of ['data', 'ids'])
      for await (const { name, size } of place.list(`${folder}/${inside}/`)) sizes.set(name, size);
    return sizes;
  } catch (error) {
    return unread(error, signal);
  }
}

async function lookAt(
  place: Place,
  part: StoredPart,
  sizes: ReadonlyMap<string, number> | { readonly unsure: string },
  objects: Map<string, StoredObject>,
  signal: AbortSignal,
): Promise<Seen> {
  const { what, payload } = part;
  const none = { level: null, objects: 0, read: 0 };
  if ('unsure' in sizes) return { ...none, unsure: `${what}: ${sizes.unsure}` };
  try {
    const own = await objectsOf(place, payload);
    // The name of a file was listed with its manifest.
    const wrong = payload.layout === 'file' ? undefined : await firstWrong(place, own, sizes, signal);
    if (wrong !== undefined) return { ...none, ...saidOf(what, wrong) };
    for (const object of own) objects.set(keyOf(object), object);
    return { level: 'L0', objects: own.length, read: 0 };
  } catch (error) {
    const { damage } = await blamed(place, [mapOf(payload)], error, signal);
    return { ...none, ...saidOf(what, damage) };
  }
}

/** A list may be late: what it lacks is asked for by its name. */
async function firstWrong(
  place: Place,
  own: readonly StoredObject[],
  sizes: ReadonlyMap<string, number>,
  signal: AbortSignal,
) {
  for (const object of own) {
    if (sizes.get(object.name) === object.size) continue;
    signal.throwIfAborted();
    const wrong = wrongSize(place, object, (await place.head(object.name))?.size);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Does the work. What is odd about one payload is said of it, and the others are read all the same. */
export async function readAll(
  work: Work,
  reading: Reading,
  done: (part: StoredPart) => void,
): Promise<ReadonlyMap<string, Seen>> {
  const { level, parts } = work;
  const seen = new Map(work.seen);
  const isRaw = level === 'L1a';
  const damaged = isRaw ? await readObjects(reading.place, work.objects, reading) : new Map<string, Damage>();
  const isRead = new Set(work.objects.map(keyOf));
  for (const part of parts) {
    const first = seen.get(part.payload.name);
    const isAll = isRaw && damaged.size === 0 && work.drawn === work.all;
    const { name } = part.payload;
    if (isAll && first !== undefined) seen.set(name, { ...first, level: 'L1a', read: first.objects });
    else if (isRaw) seen.set(name, await seenRaw(part, damaged, isRead, reading));
    else seen.set(name, await seenOpened(part, level === 'L2', reading));
    done(part);
  }
  return seen;
}

/** What the objects that were read say of one payload. */
async function seenRaw(
  { what, payload }: StoredPart,
  damaged: ReadonlyMap<string, Damage>,
  isRead: ReadonlySet<string>,
  { place, signal }: Reading,
): Promise<Seen> {
  try {
    const own = (await objectsOf(place, payload)).map(keyOf);
    const counts = { objects: own.length, read: own.filter((key) => isRead.has(key)).length };
    const odd = new Map(
      own.flatMap((key) => {
        const damage = damaged.get(key);
        return damage === undefined ? [] : [[key, damage] as const];
      }),
    );
    const [damage] = odd.values();
    if (damage !== undefined)
      return { ...counts, level: 'L0', ...saidOf(what, damage), damaged: damagedIn(odd) };
    return { ...counts, level: counts.read === 0 && counts.objects > 0 ? 'L0' : 'L1a' };
  } catch (error) {
    return { level: 'L0', ...saidOf(what, unread(error, signal)), objects: 1, read: 0 };
  }
}

/** Opens a payload. Where that fails, the stored bytes tell whether they are to blame. */
async function seenOpened(part: StoredPart, deep: boolean, reading: Reading): Promise<Seen> {
  const { what, payload } = part;
  const counts = { objects: 1, read: 1 };
  try {
    const { fault, ...opened } = await readOpened(part, deep, reading);
    return { ...counts, ...opened, ...(fault !== undefined && { fault: `${what}: ${fault}` }) };
  } catch (error) {
    const { place, signal } = reading;
    const objects = await objectsOf(place, payload).catch(() => [mapOf(payload)]);
    const { isStored, damage, damaged = [] } = await blamed(place, objects, error, signal);
    return { ...counts, level: isStored ? 'L1a' : 'L0', ...saidOf(what, damage), damaged };
  }
}

/**
 * Why something could not be opened: its bytes are not those that were stored, or cannot be read; or they never were
 * what they should be. Another identity is no fault of theirs.
 */
async function blamed(
  place: Place,
  objects: readonly StoredObject[],
  error: unknown,
  signal: AbortSignal,
): Promise<{
  readonly isStored: boolean;
  readonly damage: Damage;
  readonly damaged?: readonly string[];
}> {
  if (signal.aborted) throw error;
  const odd = await readObjects(place, objects, { signal, onBytes: () => undefined });
  const [first] = odd.values();
  if (first !== undefined) return { isStored: false, damage: first, damaged: damagedIn(odd) };
  const said = `the stored bytes are unchanged, but ${messageOf(error)}`;
  return {
    isStored: true,
    damage: error instanceof OperationError ? { fault: said } : unread(error, signal),
  };
}

/** The names of those that surely are damaged. */
function damagedIn(odd: ReadonlyMap<string, Damage>): string[] {
  return [...odd].flatMap(([key, damage]) => ('fault' in damage ? [key.replace(/ [0-9a-f]{64}$/, '')] : []));
}

/** The file, or the map, that has the payload's name. */
function mapOf({ name, stored }: StoredPayload): StoredObject {
  return { name, ...stored };
}

function saidOf(what: string, damage: Damage): { readonly fault: string } | { readonly unsure: string } {
  return 'fault' in damage ? { fault: `${what}: ${damage.fault}` } : { unsure: `${what}: ${damage.unsure}` };
}
