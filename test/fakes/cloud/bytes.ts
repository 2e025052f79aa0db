/**
 * The bytes of a volume, a backup or an image, kept sparsely: only blocks that hold something else than zeros take memory,
 * and a clone shares its blocks with the original until one of the two is written. A fresh 1 GiB volume costs nothing.
 */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';

export const BLOCK_BYTES = 64 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const ZERO_CHUNK = Buffer.alloc(CHUNK_BYTES);
/** Of blocks that are kept: they never change. */
const digestsOfBlocks = new WeakMap<Buffer, string>();

function isZero(bytes: Buffer): boolean {
  return bytes.equals(ZERO_CHUNK.subarray(0, bytes.length));
}

function digestOfBlock(block: Buffer): string {
  const known = digestsOfBlocks.get(block);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(block).digest('hex');
  digestsOfBlocks.set(block, digest);
  return digest;
}

export class SparseBytes {
  /** A stored buffer is never changed afterwards, so that clones may share it. */
  readonly #blocks: Map<number, Buffer>;
  #size: number;

  constructor(size: number, blocks: Map<number, Buffer> = new Map()) {
    this.#size = size;
    this.#blocks = blocks;
  }

  static from(bytes: Uint8Array): SparseBytes {
    const made = new SparseBytes(bytes.length);
    made.write(0, bytes);
    return made;
  }

  get size(): number {
    return this.#size;
  }

  /** What it really holds in memory. */
  get allocatedBytes(): number {
    return this.#blocks.size * BLOCK_BYTES;
  }

  clone(): SparseBytes {
    return new SparseBytes(this.#size, new Map(this.#blocks));
  }

  /** Grows with zeros, or cuts off. */
  resize(size: number): void {
    if (size < this.#size) {
      const last = Math.floor(size / BLOCK_BYTES);
      for (const index of this.#blocks.keys()) if (index > last) this.#blocks.delete(index);
      const within = size - last * BLOCK_BYTES;
      const block = this.#blocks.get(last);
      if (block !== undefined) this.#store(last, Buffer.concat([block.subarray(0, within)], BLOCK_BYTES));
    }
    this.#size = size;
  }

  clear(): void {
    this.#blocks.clear();
  }

  /** Writes all of `source`, zeros too, over the beginning; what lies behind it stays. */
  overlay(source: SparseBytes): void {
    if (source.#size > this.#size)
      throw new RangeError(`${source.#size} bytes do not fit into ${this.#size}`);
    const whole = Math.floor(source.#size / BLOCK_BYTES);
    for (const index of this.#blocks.keys()) if (index < whole) this.#blocks.delete(index);
    for (const [index, block] of source.#blocks) if (index < whole) this.#blocks.set(index, block);
    const rest = source.#size - whole * BLOCK_BYTES;
    if (rest > 0) this.write(whole * BLOCK_BYTES, source.read(whole * BLOCK_BYTES, rest));
  }

  read(offset: number, length: number): Buffer {
    if (offset < 0 || length < 0 || offset + length > this.#size) {
      throw new RangeError(`read ${offset}+${length} of ${this.#size} bytes`);
    }
    const out = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const at = offset + done;
      const index = Math.floor(at / BLOCK_BYTES);
      const within = at - index * BLOCK_BYTES;
      const part = Math.min(BLOCK_BYTES - within, length - done);
      this.#blocks.get(index)?.copy(out, done, within, within + part);
      done += part;
    }
    return out;
  }

  write(offset: number, bytes: Uint8Array): void {
    if (offset < 0 || offset + bytes.length > this.#size) {
      throw new RangeError(`write ${offset}+${bytes.length} of ${this.#size} bytes`);
    }
    const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let done = 0;
    while (done < source.length) {
      const at = offset + done;
      const index = Math.floor(at / BLOCK_BYTES);
      const within = at - index * BLOCK_BYTES;
      const part = Math.min(BLOCK_BYTES - within, source.length - done);
      const block = Buffer.alloc(BLOCK_BYTES);
      if (part < BLOCK_BYTES) this.#blocks.get(index)?.copy(block);
      source.copy(block, within, done, done + part);
      this.#store(index, block);
      done += part;
    }
  }

  /** Pieces in order; runs of zeros come as one shared buffer, so do not write into a piece. */
  *chunks(offset = 0, length: number = this.#size - offset): Generator<Buffer> {
    let done = 0;
    while (done < length) {
      const part = Math.min(CHUNK_BYTES, length - done);
      yield this.#isHole(offset + done, part) ? ZERO_CHUNK.subarray(0, part) : this.read(offset + done, part);
      done += part;
    }
  }

  /** Whole-content digest, at once. For gigabytes use `digests`, which lets others run meanwhile. */
  sha256(): string {
    const hash = createHash('sha256');
    for (const chunk of this.chunks()) hash.update(chunk);
    return hash.digest('hex');
  }

  async digests(...algorithms: string[]): Promise<string[]> {
    const hashes = algorithms.map((algorithm) => createHash(algorithm));
    let since = 0;
    for (const chunk of this.chunks()) {
      for (const hash of hashes) hash.update(chunk);
      since += chunk.length;
      if (since >= 8 * CHUNK_BYTES) {
        since = 0;
        await breathe();
      }
    }
    return hashes.map((hash) => hash.digest('hex'));
  }

  /** The same for the same first `length` bytes, and for no others; each block is hashed once, however often it is asked for. */
  fingerprint(length: number = this.#size): string {
    if (length > this.#size) throw new RangeError(`the first ${length} of ${this.#size} bytes`);
    const first = this.clone();
    first.resize(length);
    const hash = createHash('sha256').update(`${length}`);
    for (const [index, block] of [...first.#blocks].sort(([a], [b]) => a - b))
      hash.update(`@${index}:${digestOfBlock(block)}`);
    return hash.digest('hex');
  }

  equals(other: SparseBytes): boolean {
    return this.#size === other.#size && this.startsLike(other);
  }

  /** Same content up to the shorter size, and only zeros behind it in the longer one. */
  startsLike(other: SparseBytes): boolean {
    // Zero blocks are not kept, so a block that only one side has is a difference.
    return this.changedBlocks(other) === 0;
  }

  /** How many blocks differ from those of `other`. */
  changedBlocks(other: SparseBytes): number {
    let changed = 0;
    for (const index of new Set([...this.#blocks.keys(), ...other.#blocks.keys()])) {
      const [mine, theirs] = [this.#blocks.get(index), other.#blocks.get(index)];
      if (mine !== theirs && (mine === undefined || theirs === undefined || !mine.equals(theirs)))
        changed += 1;
    }
    return changed;
  }

  #isHole(offset: number, length: number): boolean {
    const last = Math.floor((offset + length - 1) / BLOCK_BYTES);
    for (let index = Math.floor(offset / BLOCK_BYTES); index <= last; index += 1) {
      if (this.#blocks.has(index)) return false;
    }
    return true;
  }

  #store(index: number, block: Buffer): void {
    if (isZero(block)) this.#blocks.delete(index);
    else this.#blocks.set(index, block);
  }
}
