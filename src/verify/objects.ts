import { messageOf, PlainError } from '../errors.ts';
import { readMap } from '../payload/blocks/map-read.ts';
import { pool } from '../pool.ts';
import type { Place } from '../store/place.ts';
import { Meter } from '../stream/meter.ts';
import type { StoredPayload } from './subjects.ts';

/** Bytes in a place, as they were stored. */
export interface StoredObject {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * The objects that hold a payload; of layout `blocks` not its map, which is read to its end and so compared with the
 * manifest.
 *
 * @throws as {@link readMap}
 */
export async function objectsOf(place: Place, payload: StoredPayload): Promise<readonly StoredObject[]> {
  const { name, stored } = payload;
  if (payload.layout === 'file') return [{ name, ...stored }];
  const { objects, ids, extents } = await readMap(place, name, stored);
  for await (const _extent of extents);
  return [...objects, ...ids];
}

/** Two payloads may say different things of one name: each is held to its own word. */
export function keyOf({ name, sha256 }: StoredObject): string {
  return `${name} ${sha256}`;
}

/** What is wrong with stored bytes: they are not what was stored, or they could not be read. */
export type Damage = { readonly fault: string } | { readonly unsure: string };

export interface ReadTools {
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

const AT_ONCE = 3;

/**
 * Reads objects to their end and compares them with what was stored. Needs no key.
 *
 * @returns the odd ones, by {@link keyOf}
 */
export async function readObjects(
  place: Place,
  objects: readonly StoredObject[],
  tools: ReadTools,
): Promise<Map<string, Damage>> {
  const damaged = new Map<string, Damage>();
  await pool(objects, AT_ONCE, async (object) => {
    tools.signal.throwIfAborted();
    const damage = await readObject(place, object, tools);
    if (damage !== undefined) damaged.set(keyOf(object), damage);
  });
  return damaged;
}

async function readObject(
  place: Place,
  object: StoredObject,
  { signal, onBytes }: ReadTools,
): Promise<Damage | undefined> {
  const { name, sha256 } = object;
  const meter = new Meter(['sha256'], 0, onBytes);
  try {
    const wrong = wrongSize(place, object, (await place.head(name))?.size);
    if (wrong !== undefined) return wrong;
    for await (const _piece of meter.through((await place.get(name)).bytes)) signal.throwIfAborted();
  } catch (error) {
    return unread(error, signal);
  }
  const seen = meter.digests()['sha256'];
  if (seen === sha256) return undefined;
  return { fault: `${name} in ${place.name} was altered: its SHA-256 is ${seen}, but ${sha256} was stored` };
}

/** @param found bytes; undefined: it is not there */
export function wrongSize(place: Place, { name, size }: StoredObject, found?: number): Damage | undefined {
  if (found === size) return undefined;
  const why = found === undefined ? 'is not there' : `has ${found} bytes, but ${size} were stored`;
  return { fault: `${name} in ${place.name} ${why}` };
}

/** @throws what is a bug, and the signal's reason */
export function unread(error: unknown, signal: AbortSignal): { readonly unsure: string } {
  if (signal.aborted || !(error instanceof PlainError)) throw error;
  return { unsure: messageOf(error) };
}
