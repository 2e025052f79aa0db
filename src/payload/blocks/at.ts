import { OperationError } from '../../errors.ts';
import { CHUNK, type Chunks, type Opener, SEALED_CHUNK } from '../../keys/age.ts';
import type { Place } from '../../store/place.ts';
import { BLOCK, type StoredObject } from './format.ts';
import { framesIn, tableBytes } from './frame.ts';
import { damagedMap, readMap } from './map-read.ts';
import { bytesOf, damagedObject, plainOf } from './object.ts';
import type { BlocksFacts } from './open.ts';

/** Twelve bytes of memory each. */
const MOST_EXTENTS = 1 << 25;
/** Objects whose seek table is held. */
const HELD = 64;
/** Blocks that are asked for at once. */
const AT_ONCE = 16;
/** The first bytes of an age file that are asked for: a header with ten recipients has fewer. */
const HEAD = 4096;

/** Any bytes of the disk of a restore point, such as for a file system that is looked into. */
export interface DiskAt {
  /** Bytes. */
  readonly size: number;
  /**
   * The digest of the whole disk is not compared, and no object's SHA-256: of a sealed store age says that the bytes
   * were not damaged by accident, and else zstd's checksums do.
   *
   * @param offset bytes
   * @param length bytes; may be cut at the end of the disk
   * @throws OperationError if an object is missing or damaged
   */
  readAt(offset: number, length: number): Promise<Buffer>;
}

/**
 * Reads the map, and opens objects as they are needed.
 *
 * @param opener for a sealed payload
 * @throws InputError if the map is not in the store
 * @throws OperationError if it is damaged
 */
export async function openAt(
  place: Place,
  { name, size, stored }: BlocksFacts,
  opener: Opener | undefined,
): Promise<DiskAt> {
  const map = await readMap(place, name, stored);
  const { count } = map.header.extents;
  if (map.header.disk.size !== size || count > MOST_EXTENTS) {
    await map.close();
    if (count <= MOST_EXTENTS) throw damagedMap(name, 'its disk is not the one in the manifest');
    throw new OperationError(
      `map ${name} has ${count} extents, more than ${MOST_EXTENTS}`,
      'Restore all of it.',
    );
  }
  const starts = new Float64Array(count);
  const [counts, numbers, firsts] = [new Uint16Array(count), new Uint32Array(count), new Uint16Array(count)];
  let extent = 0;
  for await (const [start, length, object, first] of map.extents) {
    [starts[extent], counts[extent], numbers[extent], firsts[extent]] = [start, length, object, first];
    extent += 1;
  }
  const held = new Map<number, Promise<OpenObject>>();
  const objectAt = (number: number): Promise<OpenObject> => {
    const object = map.objects[number];
    if (object === undefined) throw new RangeError(`no object ${number}`);
    const opened = held.get(number) ?? openObject(place, object, object.to === null ? undefined : opener);
    held.delete(number);
    held.set(number, opened);
    // What failed is tried again.
    opened.catch(() => held.delete(number));
    const [oldest] = held.keys();
    if (held.size > HELD && oldest !== undefined) held.delete(oldest);
    return opened;
  };
  /** Puts the blocks of an extent that are wanted where they belong. */
  const fill = async (
    index: number,
    from: number,
    to: number,
    into: Buffer,
    offset: number,
  ): Promise<void> => {
    const start = starts[index] ?? 0;
    const object = await objectAt(numbers[index] ?? 0);
    const [begin, end] = [Math.max(from, start), Math.min(to, start + (counts[index] ?? 0))];
    for (let block = begin; block < end; block += AT_ONCE) {
      const lengths = Array.from({ length: Math.min(AT_ONCE, end - block) }, (_, at) =>
        Math.min(BLOCK, size - (block + at) * BLOCK),
      );
      const blocks = await object.blocks((firsts[index] ?? 0) + block - start, lengths);
      for (const [at, bytes] of blocks.entries()) {
        const target = (block + at) * BLOCK - offset;
        bytes.copy(into, Math.max(0, target), Math.max(0, -target));
      }
    }
  };
  return {
    size,
    async readAt(offset, length) {
      const into = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      const [from, to] = [Math.floor(offset / BLOCK), Math.ceil((offset + into.length) / BLOCK)];
      for (let index = behind(starts, counts, from); (starts[index] ?? to) < to; index += 1)
        await fill(index, from, to, into, offset);
      return into;
    },
  };
}

/** The first extent that ends behind a block. */
function behind(starts: Float64Array, counts: Uint16Array, block: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) + (counts[middle] ?? 0) > block) high = middle;
    else low = middle + 1;
  }
  return low;
}

interface OpenObject {
  /** @param lengths bytes of each of the blocks from this one on */
  blocks(first: number, lengths: readonly number[]): Promise<Buffer[]>;
}

async function openObject(
  place: Place,
  object: StoredObject,
  opener: Opener | undefined,
): Promise<OpenObject> {
  const chunks = opener && (await chunksOf(place, object, opener));
  const sealed = object.size - (chunks?.start ?? 0);
  const size =
    chunks === undefined ? sealed : sealed - Math.ceil(sealed / SEALED_CHUNK) * (SEALED_CHUNK - CHUNK);
  const bytes = (from: number, to: number) => plainBytes(place, object, chunks, from, to);
  const ends = framesIn(await bytes(Math.max(0, size - tableBytes(object.blocks)), size), object.blocks);
  if (ends === undefined || ends.at(-1) !== size - tableBytes(object.blocks))
    throw damagedObject(object.name, 'its seek table is not that of its blocks');
  return {
    async blocks(first, lengths) {
      const begin = first === 0 ? 0 : (ends[first - 1] ?? 0);
      const frames = await bytes(begin, ends[first + lengths.length - 1] ?? begin);
      return lengths.map((length, at) => {
        const from = (at === 0 ? begin : (ends[first + at - 1] ?? begin)) - begin;
        return plainOf(frames.subarray(from, (ends[first + at] ?? begin) - begin), length, object.name);
      });
    },
  };
}

async function chunksOf(place: Place, object: StoredObject, opener: Opener): Promise<Chunks> {
  for (let length = HEAD; ; length *= 4) {
    const end = Math.min(length, object.size);
    const chunks = await opener.chunks(await bytesOf(place, object, 0, end), `object ${object.name}`);
    if (chunks !== undefined) return chunks;
    if (end === object.size) throw damagedObject(object.name, 'it is not a complete age file');
  }
}

/** Plain bytes of an object, from the chunks that they lie in. */
async function plainBytes(
  place: Place,
  object: StoredObject,
  chunks: Chunks | undefined,
  from: number,
  to: number,
): Promise<Buffer> {
  if (chunks === undefined) return bytesOf(place, object, from, to);
  const first = Math.floor(from / CHUNK);
  const at = (index: number) => Math.min(chunks.start + index * SEALED_CHUNK, object.size);
  const stored = await bytesOf(place, object, at(first), at(Math.ceil(to / CHUNK)));
  const opened: Buffer[] = [];
  for (let begin = 0; begin < stored.length; begin += SEALED_CHUNK) {
    const isLast = at(first) + begin + SEALED_CHUNK >= object.size;
    opened.push(chunks.open(stored.subarray(begin, begin + SEALED_CHUNK), first + opened.length, isLast));
  }
  return Buffer.concat(opened).subarray(from - first * CHUNK, to - first * CHUNK);
}
