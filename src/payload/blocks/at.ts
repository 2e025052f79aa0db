import { OperationError } from '../../errors.ts';
import { CHUNK, type Chunks, type Opener, SEALED_CHUNK } from '../../keys/age.ts';
import { turns } from '../../pool.ts';
import type { Place } from '../../store/place.ts';
import { BLOCK, type Extent, type StoredObject } from './format.ts';
import { framesIn, tableBytes } from './frame.ts';
import { damagedObject, Unpacker } from './frames.ts';
import { damagedMap, readMap } from './map-read.ts';
import { bytesOf } from './object.ts';
import type { BlocksFacts } from './open.ts';

/** Twelve bytes of memory each. */
const MOST_EXTENTS = 1 << 25;
/** Objects whose seek table is held. */
const HELD = 64;
/** Blocks that are asked for at once. */
const AT_ONCE = 16;
/** Blocks of the disk that are held while bytes of them are put together. */
const STEP = 32;
/** Requests to the store at a time. */
const REQUESTS = 4;
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
  /**
   * What lies at a byte of the disk, without reading it.
   *
   * @param offset within the disk
   * @returns whether it is zeros that the store does not have, and up to which byte that holds at least
   */
  extentAt(offset: number): { readonly hole: boolean; readonly end: number };
}

/** The same by blocks: the last one of the disk may be shorter. */
export interface BlocksAt extends DiskAt {
  /**
   * @param first block of the disk; all that are asked for are within it
   * @returns undefined for zeros; the others may be parts of a larger memory
   * @throws OperationError if an object is missing or damaged
   */
  blocks(first: number, count: number): Promise<(Buffer | undefined)[]>;
  /** Bytes that came from the store so far. */
  fetched(): number;
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
): Promise<BlocksAt> {
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
  const extents = new Extents(count);
  for await (const extent of map.extents) extents.add(extent);
  let fetched = stored.size;
  const inTurn = turns(REQUESTS);
  const read: Read = (object, start, end) =>
    inTurn(async () => {
      const bytes = await bytesOf(place, object, start, end);
      fetched += bytes.length;
      return bytes;
    });
  const held = new Map<number, Promise<OpenObject>>();
  const unpacker = new Unpacker();
  const objectAt = (number: number): Promise<OpenObject> => {
    const object = map.objects[number];
    if (object === undefined) throw new RangeError(`no object ${number}`);
    const opened =
      held.get(number) ?? openObject(read, object, object.to === null ? undefined : opener, unpacker);
    held.delete(number);
    held.set(number, opened);
    // What failed is tried again.
    opened.catch(() => held.delete(number));
    const [oldest] = held.keys();
    if (held.size > HELD && oldest !== undefined) held.delete(oldest);
    return opened;
  };
  const lengthOf = (block: number) => Math.min(BLOCK, size - block * BLOCK);
  const blocks: BlocksAt['blocks'] = async (first, wanted) => {
    const found = new Array<Buffer | undefined>(wanted).fill(undefined);
    const fill = async ({ object, from, disk }: Run) => {
      const opened = await objectAt(object);
      const plain = await opened.blocks(from, disk.map(lengthOf));
      for (const [at, block] of disk.entries()) found[block - first] = plain[at];
    };
    await Promise.all(extents.runs(first, first + wanted).map(fill));
    return found;
  };
  return {
    size,
    blocks,
    fetched: () => fetched,
    readAt: (offset, length) => readOver(blocks, size, offset, length),
    extentAt(offset) {
      const { hole, end } = extents.at(Math.floor(offset / BLOCK));
      return { hole, end: Math.min(end * BLOCK, size) };
    },
  };
}

/** Some bytes of a disk that is read by blocks. */
async function readOver(
  blocks: BlocksAt['blocks'],
  size: number,
  offset: number,
  length: number,
): Promise<Buffer> {
  const into = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
  const end = Math.ceil((offset + into.length) / BLOCK);
  for (let at = Math.floor(offset / BLOCK); at < end; at += STEP) {
    const found = await blocks(at, Math.min(STEP, end - at));
    for (const [index, bytes] of found.entries()) {
      const target = (at + index) * BLOCK - offset;
      bytes?.copy(into, Math.max(0, target), Math.max(0, -target));
    }
  }
  return into;
}

/** Blocks that follow one another in an object, with where each lies on the disk. */
interface Run {
  readonly object: number;
  readonly from: number;
  readonly disk: number[];
}

/** Which blocks are where, in the order of the disk. */
class Extents {
  readonly #starts: Uint32Array;
  readonly #counts: Uint16Array;
  readonly #objects: Uint32Array;
  readonly #firsts: Uint16Array;
  #count = 0;

  constructor(count: number) {
    this.#starts = new Uint32Array(count);
    this.#counts = new Uint16Array(count);
    this.#objects = new Uint32Array(count);
    this.#firsts = new Uint16Array(count);
  }

  add([start, count, object, first]: Extent): void {
    this.#starts[this.#count] = start;
    this.#counts[this.#count] = count;
    this.#objects[this.#count] = object;
    this.#firsts[this.#count] = first;
    this.#count += 1;
  }

  /** Whether a block is zeros, and behind which that changes. */
  at(block: number): { readonly hole: boolean; readonly end: number } {
    const index = this.#behind(block);
    const start = this.#starts[index] ?? Number.POSITIVE_INFINITY;
    return start > block
      ? { hole: true, end: start }
      : { hole: false, end: start + (this.#counts[index] ?? 0) };
  }

  /** What to read for some blocks of the disk; a hole between two does not part what lies together in an object. */
  runs(from: number, to: number): Run[] {
    const runs: Run[] = [];
    for (let index = this.#behind(from); (this.#starts[index] ?? to) < to; index += 1) {
      const start = this.#starts[index] ?? 0;
      const end = Math.min(to, start + (this.#counts[index] ?? 0));
      for (let block = Math.max(from, start); block < end; block += 1) {
        const at = (this.#firsts[index] ?? 0) + block - start;
        const last = runs.at(-1);
        if (
          last !== undefined &&
          last.object === this.#objects[index] &&
          last.from + last.disk.length === at &&
          last.disk.length < AT_ONCE
        )
          last.disk.push(block);
        else runs.push({ object: this.#objects[index] ?? 0, from: at, disk: [block] });
      }
    }
    return runs;
  }

  /** The first extent that ends behind a block. */
  #behind(block: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) + (this.#counts[middle] ?? 0) > block) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Some stored bytes of an object. */
type Read = (object: StoredObject, start: number, end: number) => Promise<Buffer>;

interface OpenObject {
  /** @param lengths bytes of each of the blocks from this one on */
  blocks(first: number, lengths: readonly number[]): Promise<Buffer[]>;
}

async function openObject(
  read: Read,
  object: StoredObject,
  opener: Opener | undefined,
  unpacker: Unpacker,
): Promise<OpenObject> {
  const chunks = opener && (await chunksOf(read, object, opener));
  const sealed = object.size - (chunks?.start ?? 0);
  const size =
    chunks === undefined ? sealed : sealed - Math.ceil(sealed / SEALED_CHUNK) * (SEALED_CHUNK - CHUNK);
  const bytes = (from: number, to: number) => plainBytes(read, object, chunks, from, to);
  const ends = framesIn(await bytes(Math.max(0, size - tableBytes(object.blocks)), size), object.blocks);
  if (ends === undefined || ends.at(-1) !== size - tableBytes(object.blocks))
    throw damagedObject(object.name, 'its seek table is not that of its blocks');
  return {
    async blocks(first, lengths) {
      const begin = first === 0 ? 0 : (ends[first - 1] ?? 0);
      const frames = await bytes(begin, ends[first + lengths.length - 1] ?? begin);
      return lengths.map((length, at) => {
        const from = (at === 0 ? begin : (ends[first + at - 1] ?? begin)) - begin;
        const frame = frames.subarray(from, (ends[first + at] ?? begin) - begin);
        const block = unpacker.block(frame, length, object.name);
        // What is in memory of its own already stays there.
        return block.buffer === frames.buffer ? frame.subarray(-length) : Buffer.from(block);
      });
    },
  };
}

async function chunksOf(read: Read, object: StoredObject, opener: Opener): Promise<Chunks> {
  for (let length = HEAD; ; length *= 4) {
    const end = Math.min(length, object.size);
    const chunks = await opener.chunks(await read(object, 0, end), `object ${object.name}`);
    if (chunks !== undefined) return chunks;
    if (end === object.size) throw damagedObject(object.name, 'it is not a complete age file');
  }
}

/** Plain bytes of an object, from the chunks that they lie in. */
async function plainBytes(
  read: Read,
  object: StoredObject,
  chunks: Chunks | undefined,
  from: number,
  to: number,
): Promise<Buffer> {
  if (chunks === undefined) return read(object, from, to);
  const first = Math.floor(from / CHUNK);
  const at = (index: number) => Math.min(chunks.start + index * SEALED_CHUNK, object.size);
  const stored = await read(object, at(first), at(Math.ceil(to / CHUNK)));
  const opened: Buffer[] = [];
  for (let begin = 0; begin < stored.length; begin += SEALED_CHUNK) {
    const isLast = at(first) + begin + SEALED_CHUNK >= object.size;
    opened.push(chunks.open(stored.subarray(begin, begin + SEALED_CHUNK), first + opened.length, isLast));
  }
  return Buffer.concat(opened).subarray(from - first * CHUNK, to - first * CHUNK);
}
