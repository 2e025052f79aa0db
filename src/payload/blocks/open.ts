import { type Opener, SEALED_CHUNK } from '../../keys/age.ts';
import type { BlocksPayload } from '../../manifest/schema.ts';
import type { Place } from '../../store/place.ts';
import { DigestsBeside } from '../../stream/digests.ts';
import { keepYoungHeapSmall } from '../../stream/young-heap.ts';
import { zeros } from '../../stream/zeros.ts';
import { BLOCK } from './format.ts';
import { needAll } from './lacking.ts';
import { damagedMap, type OpenedMap, readMap } from './map-read.ts';
import { ObjectReader } from './object.ts';

/** Bytes that the objects which are open at once may hold. */
const BUDGET = 96 << 20;
/** What an open object holds besides its pieces: a frame that has begun. */
const BESIDE = 96 << 10;
/** A frame lies in two chunks at most, so this is one request for a block. */
const SMALLEST_PIECE = 2 * SEALED_CHUNK;

/** What a manifest says about a payload of blocks. */
export type BlocksFacts = Pick<BlocksPayload, 'name' | 'size' | 'digest' | 'stored'>;

/**
 * The disk of a restore point, zeros included. Reads each object once, and holds the same memory whatever the size and
 * however many runs the blocks come from. Ends cleanly only if the disk is what the manifest says: so use nothing made
 * from the bytes before the end.
 *
 * @param opener for a sealed payload
 * @throws InputError if the map is not in the store, or an object is sealed to others
 * @throws OperationError if something is missing or damaged
 */
export async function* openBlocks(
  place: Place,
  payload: BlocksFacts,
  opener: Opener | undefined,
  budget: number = BUDGET,
): AsyncGenerator<Uint8Array, void> {
  keepYoungHeapSmall();
  const { size, digest } = payload;
  const survey = await surveyed(place, payload, opener);
  const map = await readMap(place, payload.name, payload.stored);
  const objects = new OpenObjects(place, map, opener, survey, budget);
  const hash = new DigestsBeside([digest.algorithm], size);
  let at = 0;
  const upTo = async function* (end: number): AsyncGenerator<Buffer, void> {
    for await (const piece of zeros(end - at)) {
      await hash.add(piece);
      at += piece.length;
      yield piece;
    }
  };
  try {
    for await (const [start, count, object, first] of map.extents) {
      yield* upTo(start * BLOCK);
      const reader = objects.use(object);
      for (let index = 0; index < count; index += 1) {
        const block = await reader.block(first + index, Math.min(BLOCK, size - at), first + count - 1);
        await hash.add(block);
        at += block.length;
        yield block;
      }
      await objects.used(object);
    }
    yield* upTo(size);
    const [value] = await hash.digests();
    if (value !== digest.value)
      throw damagedMap(
        payload.name,
        `the ${digest.algorithm} of its disk differs from the one in the manifest`,
      );
  } finally {
    await Promise.all([map.close(), hash.close()]);
  }
}

interface Survey {
  /** How many extents of each object there are. */
  readonly uses: Uint32Array;
  /** How many objects are open at once at most. */
  readonly width: number;
}

/** Reads the map before anything is made from it: it is proved then, and tells how to share the memory. */
async function surveyed(place: Place, payload: BlocksFacts, opener: Opener | undefined): Promise<Survey> {
  const { name, size, digest, stored } = payload;
  const map = await readMap(place, name, stored);
  const uses = new Uint32Array(map.objects.length);
  const [begin, end] = [new Float64Array(uses.length), new Float64Array(uses.length)];
  let number = 0;
  for await (const [, , object] of map.extents) {
    number += 1;
    if (uses[object] === 0) begin[object] = number;
    uses[object] = (uses[object] ?? 0) + 1;
    end[object] = number;
  }
  const { disk, recipients } = map.header;
  if (disk.size !== size || disk.digest.algorithm !== digest.algorithm || disk.digest.value !== digest.value)
    throw damagedMap(name, 'its disk is not the one in the manifest');
  if (recipients.length > 0 && opener === undefined)
    throw damagedMap(name, 'its objects are sealed, but the manifest says that they are not');
  await needAll(place, name, map.objects);
  return { uses, width: widest(begin.sort(), end.sort()) };
}

/** How many of some intervals overlap at most, from their sorted begins and ends, both included. */
function widest(begin: Float64Array, end: Float64Array): number {
  let [width, ended] = [0, 0];
  for (const [begun, at] of begin.entries()) {
    while ((end[ended] ?? at) < at) ended += 1;
    width = Math.max(width, begun + 1 - ended);
  }
  return width;
}

/** The objects that are read at the moment, within a bound of memory. */
class OpenObjects {
  readonly #make: (object: number) => ObjectReader;
  readonly #left: Uint32Array;
  readonly #most: number;
  readonly #ahead: boolean;
  readonly #open = new Map<number, ObjectReader>();
  /** Those that hold memory, the one that waited longest first. */
  readonly #holding = new Set<number>();

  constructor(
    place: Place,
    map: OpenedMap,
    opener: Opener | undefined,
    { uses, width }: Survey,
    budget: number,
  ) {
    // One more comes ahead.
    const share = Math.floor((budget / (width + 1) - BESIDE) / 2);
    const piece = Math.max(SMALLEST_PIECE, share);
    this.#left = uses.slice();
    this.#most = Math.max(2, Math.floor(budget / (2 * piece + BESIDE)));
    this.#ahead = share >= SMALLEST_PIECE;
    this.#make = (object) => {
      const stored = map.objects[object];
      if (stored === undefined) throw new RangeError(`no object ${object}`);
      return new ObjectReader(place, stored, stored.to === null ? undefined : opener, piece, this.#ahead);
    };
  }

  use(object: number): ObjectReader {
    const isNew = !this.#open.has(object);
    const reader = this.#hold(object);
    // They are listed in the order of their first use.
    if (isNew && this.#ahead && (this.#left[object + 1] ?? 0) > 0) this.#hold(object + 1).prefetch();
    return reader;
  }

  /** Counts an extent as read; after the last one the object is compared and closed. */
  async used(object: number): Promise<void> {
    const left = (this.#left[object] ?? 0) - 1;
    this.#left[object] = left;
    if (left > 0) return;
    await this.#open.get(object)?.finish();
    this.#open.delete(object);
    this.#holding.delete(object);
  }

  #hold(object: number): ObjectReader {
    const reader = this.#open.get(object) ?? this.#make(object);
    this.#open.set(object, reader);
    this.#holding.delete(object);
    this.#holding.add(object);
    const [longest = object] = this.#holding;
    if (this.#holding.size > this.#most && longest !== object) {
      this.#open.get(longest)?.park();
      this.#holding.delete(longest);
    }
    return reader;
  }
}
