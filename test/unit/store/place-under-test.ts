import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import { InputError } from '../../../src/errors.ts';
import type { Liveness } from '../../../src/ports/owner.ts';
import type { Listed, Place } from '../../../src/store/place.ts';
import { allOf, once } from '../../../src/stream/chunks.ts';

/** A place of the store, empty at first, and what a test needs to look at it from outside. */
export interface PlaceUnderTest extends AsyncDisposable {
  /** Whether it tells what dead runs put and did not let go; others show nothing half-written. */
  readonly notes: boolean;
  /** Whether it refuses a name that another run puts at the same moment. */
  readonly exclusive: boolean;
  /** The place, as one more run has it. */
  open(): Promise<OpenedPlace>;
  /** All that lies there, whatever it is; read by other means than the place's own. */
  everything(): Promise<string[]>;
  /** What everybody sees: all but what runs have there for themselves. */
  names(): Promise<string[]>;
  /** The bytes under a name, read by other means than the place's own. */
  raw(name: string): Promise<Buffer>;
  /** From now on it takes that many bytes more, then it is full. */
  fill(bytes: number): Promise<AsyncDisposable>;
  /** From now on nothing can be written there. */
  lock(): Promise<AsyncDisposable>;
}

export interface OpenedPlace {
  readonly place: Place;
  /** What other runs find out of this one from now on. At first it is alive. */
  seem(liveness: Liveness): void;
}

export interface PlaceCase {
  readonly name: string;
  run(under: PlaceUnderTest): Promise<void>;
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export async function* pieces(bytes: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const textOf = async (place: Place, name: string) =>
  (await allOf((await place.get(name)).bytes)).toString();

export const putText = (place: Place, name: string, text: string) => place.put(name, once(Buffer.from(text)));

export async function listed(place: Place, prefix?: string): Promise<Listed[]> {
  const all: Listed[] = [];
  for await (const one of place.list(prefix)) all.push(one);
  return all;
}

export const namesIn = async (place: Place, prefix?: string) =>
  (await listed(place, prefix)).map(({ name }) => name);

/** Gives some bytes, and then waits. */
export function held(bytes: Uint8Array) {
  const waits = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const source = async function* () {
    yield bytes;
    waits.resolve();
    await goesOn.promise;
  };
  return { source: source(), waits: waits.promise, goOn: goesOn.resolve, fail: goesOn.reject };
}

export async function prepared(under: PlaceUnderTest): Promise<OpenedPlace> {
  const opened = await under.open();
  await opened.place.prepare();
  return opened;
}

export async function expectEmpty(under: PlaceUnderTest, place: Place, name: string): Promise<void> {
  await expect(place.get(name)).rejects.toThrow(InputError);
  expect(await place.head(name)).toBeUndefined();
  expect(await under.everything()).toEqual([]);
}
