import { createHash } from 'node:crypto';
import { InputError, OperationError } from '../../src/errors.ts';
import type { ByteRange, Place } from '../../src/store/place.ts';
import { allOf } from '../../src/stream/chunks.ts';
import { piecesAt } from './pieces.ts';

export interface MemoryPlace extends Place {
  readonly held: Map<string, Buffer>;
  /** What was asked for, in order. */
  readonly asked: { readonly name: string; readonly range: ByteRange | undefined }[];
}

/**
 * A place in memory, to look into and to alter.
 *
 * @param cuts where bytes that are asked for are cut into pieces
 */
export function memoryPlace(cuts: (length: number) => readonly number[] = () => []): MemoryPlace {
  const held = new Map<string, Buffer>();
  const asked: MemoryPlace['asked'] = [];
  return {
    name: 'memory',
    held,
    asked,
    prepare: async () => [],
    async put(name, source) {
      const bytes = await allOf(source);
      if (held.has(name)) throw new OperationError(`memory already has ${name}`);
      held.set(name, bytes);
      return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    },
    async get(name, range) {
      asked.push({ name, range });
      const whole = held.get(name);
      if (whole === undefined)
        throw new InputError(`${name} is not in memory`, 'Name the place with `store`.');
      if (range !== undefined && whole.length < (range.end ?? range.start))
        throw new OperationError(`${name} has only ${whole.length} bytes`);
      const bytes = whole.subarray(range?.start, range?.end);
      return { size: bytes.length, bytes: piecesAt(bytes, cuts(bytes.length)) };
    },
    async head(name) {
      const bytes = held.get(name);
      return bytes && { name, size: bytes.length, modified: 0 };
    },
    async *list(prefix = '') {
      for (const [name, { length }] of [...held].sort(([a], [b]) => (a < b ? -1 : 1)))
        if (name.startsWith(prefix)) yield { name, size: length, modified: 0 };
    },
    keep: async () => undefined,
    async remove(name) {
      held.delete(name);
    },
  };
}

/** The same, for a credential that may not list. */
export function withoutLists(place: Place): Place {
  return {
    ...place,
    // biome-ignore lint/correctness/useYield: it fails
    async *list() {
      throw new InputError(`cannot list ${place.name}: HTTP 403`, 'Permit it.');
    },
  };
}
