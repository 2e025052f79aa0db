import { createHash, type Hash } from 'node:crypto';
import { messageOf, OperationError, PlainError } from '../../errors.ts';
import { CHUNK, type Chunks, chunksWith, type Opener, SEALED_CHUNK } from '../../keys/age.ts';
import type { Place } from '../../store/place.ts';
import { BLOCK, type StoredObject } from './format.ts';
import { damagedObject, frameLength } from './frames.ts';
import type { Memory } from './memory.ts';

/** More than zstd makes of a block: memory that a frame may ask for. */
const LONGEST_FRAME = 2 * BLOCK;
/** Bytes of an extent, to skip, or to compare alone, that are asked for at once: only one object at a time does so. */
const LONG_PIECE = 4 << 20;
/** What may be left of a piece when the next one comes: a frame that has begun, and a chunk. */
export const LEFT = LONGEST_FRAME + SEALED_CHUNK;
/** About what a hash takes. */
const HASH_BYTES = 2048;
const EMPTY = Buffer.alloc(0);

/** Where a reader of an object is; enough to go on when all else of it was dropped. */
export interface Position {
  /** The block that is next. */
  readonly next: number;
  /** Where its frame begins in the plain bytes. */
  readonly at: number;
  /** Of a sealed object whose header was read. */
  readonly chunks: Pick<Chunks, 'start' | 'key'> | undefined;
  /** Whether all of it was compared with its SHA-256. */
  readonly compared: boolean;
}

/**
 * Reads the blocks of one object in their order, in pieces, so that hundreds can be open at once. What was read is
 * dropped. Once all of it came, its SHA-256 is compared: before any block of the last piece is given out, and of an
 * object that is one piece before any at all. Of one that goes on at a position only when it is finished.
 */
export class ObjectReader {
  readonly #place: Place;
  readonly #object: StoredObject;
  readonly #opener: Opener | undefined;
  readonly #piece: number;
  readonly #ahead: boolean;
  readonly #pool: Memory;
  /** Of what came; undefined before and after. Thousands of small objects may be open, and each hash holds memory. */
  #hash: Hash | undefined;
  /** Stored bytes that came, and are in the hash. */
  #came = 0;
  #compared = false;
  /** Whether what came before is in no hash: all of it is read again in the end. */
  #again = false;
  #coming: Promise<Buffer> | undefined;
  #comingBytes = 0;
  #chunks: Chunks | undefined;
  /** Plain bytes from `#begin` up to `#end`, and stored ones that are not open yet, from `#stored` up to its end. */
  #memory: Buffer = EMPTY;
  #begin = 0;
  /** Where in them the next block begins; behind `#end` if bytes are to be skipped. */
  #at = 0;
  #end = 0;
  #stored = 0;
  /** Plain bytes before `#begin`, and stored ones before `#stored`. */
  #before = 0;
  #storedBefore = 0;
  #next = 0;

  /**
   * @param opener for a sealed object
   * @param piece stored bytes to ask for at once; held up to twice
   * @param ahead whether the next piece comes while blocks are used: no, if it is likely to be dropped before
   * @param position to go on at
   */
  constructor(
    place: Place,
    object: StoredObject,
    opener: Opener | undefined,
    { piece, ahead, pool }: { readonly piece: number; readonly ahead: boolean; readonly pool: Memory },
    position?: Position,
  ) {
    this.#place = place;
    this.#object = object;
    this.#opener = opener;
    this.#piece = piece;
    this.#ahead = ahead;
    this.#pool = pool;
    if (position === undefined) return;
    const { next, at, chunks, compared } = position;
    this.#next = next;
    this.#compared = compared;
    this.#again = !compared;
    this.#came = object.size;
    this.#chunks = chunks && chunksWith(chunks.key, chunks.start, `object ${object.name}`);
    this.#goTo(at);
  }

  get name(): string {
    return this.#object.name;
  }

  /** Bytes of memory that it holds, about. */
  get held(): number {
    return this.#memory.length + this.#comingBytes + (this.#hash === undefined ? 0 : HASH_BYTES);
  }

  /** Where it is, if nothing that it holds is needed. @param force also if all of it must be read again then */
  position(force: boolean): Position | undefined {
    const isHashed = this.#hash !== undefined;
    if (this.#memory.length > 0 || this.#coming !== undefined || (isHashed && !force)) return undefined;
    return {
      next: this.#next,
      at: this.#before + this.#at - this.#begin,
      chunks: this.#chunks,
      compared: this.#compared,
    };
  }

  /**
   * @param index behind the one that was asked for last
   * @param last the last one of those that follow at once: bytes up to it are asked for together
   * @returns the frame of the block; valid until the next is asked for
   * @throws InputError if it is sealed to others
   * @throws OperationError if the object is missing or damaged
   */
  async block(index: number, last: number): Promise<Buffer> {
    for (; this.#next < index; this.#next += 1) await this.#frame(last);
    const frame = await this.#frame(last);
    this.#next += 1;
    return frame;
  }

  /** Call it when no frame is needed any more, and no block for now. */
  rest(): void {
    // It asked for more than it may hold meanwhile.
    if (!this.#ahead && this.#memory.length > 2 * this.#piece + LEFT) this.park();
  }

  /** Reads what is left, so that the whole is compared. @throws OperationError */
  async finish(): Promise<void> {
    await this.#coming;
    this.park();
    if (this.#again) this.#came = 0;
    this.#again = false;
    while (this.#came < this.#object.size)
      this.#pool.give(await this.#get(this.#came, this.#endOf(this.#came, LONG_PIECE)));
    this.#compare();
  }

  /** Lets the next piece come while something else is done. */
  prefetch(): void {
    const start = this.#reached;
    if (this.#coming !== undefined || start === this.#object.size) return;
    const end = this.#endOf(start, this.#piece);
    this.#comingBytes = roomAt(start) + end - start;
    this.#coming = this.#get(start, end);
    // Whoever reads on sees the error.
    this.#coming.catch(() => undefined);
  }

  /** Stored bytes up to the end of what it holds. */
  get #reached(): number {
    return this.#storedBefore + this.#memory.length - this.#stored;
  }

  /** Where a piece from a byte on ends. */
  #endOf(from: number, piece: number): number {
    const end = from + piece;
    // Whole chunks, so that no part of one is held until the rest comes.
    const part = this.#chunks === undefined ? 0 : (end - this.#chunks.start) % SEALED_CHUNK;
    return Math.min(end - part > from ? end - part : end, this.#object.size);
  }

  /** Drops what it holds; it asks for that again if need be. */
  park(): void {
    const { give } = this.#pool;
    give(this.#memory);
    this.#coming?.then(give, () => undefined);
    this.#coming = undefined;
    this.#comingBytes = 0;
    this.#goTo(this.#before + this.#at - this.#begin);
  }

  /** @param at where in the plain bytes of the object the next block begins */
  #goTo(at: number): void {
    const inChunk = this.#chunks === undefined ? 0 : at % CHUNK;
    this.#memory = EMPTY;
    this.#begin = 0;
    this.#end = 0;
    this.#stored = 0;
    this.#at = inChunk;
    this.#before = at - inChunk;
    this.#storedBefore =
      this.#chunks === undefined ? at : this.#chunks.start + (this.#before / CHUNK) * SEALED_CHUNK;
  }

  /** The next frame. */
  async #frame(last: number): Promise<Buffer> {
    for (;;) {
      this.#open();
      const end = Math.min(this.#end, this.#at + LONGEST_FRAME);
      const view = this.#memory.subarray(Math.min(this.#at, end), end);
      const count = frameLength(view, this.#object.name);
      if (count !== undefined) {
        this.#at += count;
        return view.subarray(0, count);
      }
      if (view.length === LONGEST_FRAME) throw damagedObject(this.#object.name, 'a frame is too long');
      await this.#more(last);
    }
  }

  /** Takes in some more of the object. */
  async #more(last: number): Promise<void> {
    const from = this.#reached;
    if (from === this.#object.size)
      throw damagedObject(this.#object.name, `it ends before block ${this.#next}`);
    const { size, blocks } = this.#object;
    const upTo = ((last - this.#next) * size) / blocks;
    // Ahead, many hold what they asked for.
    const wanted = this.#piece + (this.#ahead ? 0 : Math.min(LONG_PIECE, upTo));
    this.#append(await this.#read(from, Math.ceil(wanted)), roomAt(from));
    if (this.#opener !== undefined && this.#chunks === undefined) await this.#openHeader(this.#opener);
    if (this.#ahead) this.prefetch();
  }

  async #openHeader(opener: Opener): Promise<void> {
    const head = this.#memory.subarray(this.#stored);
    this.#chunks = await opener.chunks(head, `object ${this.#object.name}`).catch(async (error: unknown) => {
      // An altered header looks like one for others.
      await this.finish();
      throw error;
    });
    if (this.#chunks === undefined) return;
    this.#stored += this.#chunks.start;
    this.#storedBefore = this.#chunks.start;
  }

  /** Opens chunks where they lie, as many as the next frame may have. */
  #open(): void {
    const { size } = this.#object;
    if (this.#opener === undefined) {
      this.#storedBefore += this.#memory.length - this.#stored;
      this.#stored = this.#memory.length;
      this.#end = this.#stored;
      return;
    }
    if (this.#chunks === undefined) return;
    while (this.#end - this.#at < LONGEST_FRAME) {
      const length = Math.min(SEALED_CHUNK, size - this.#storedBefore);
      if (length === 0 || this.#stored + length > this.#memory.length) return;
      const index = (this.#storedBefore - this.#chunks.start) / SEALED_CHUNK;
      const isLast = this.#storedBefore + length === size;
      const sealed = this.#memory.subarray(this.#stored, this.#stored + length);
      const plain = this.#chunks.open(sealed, index, isLast);
      this.#memory.set(plain, this.#end);
      this.#end += plain.length;
      this.#stored += length;
      this.#storedBefore += length;
    }
  }

  /**
   * Puts what is left of the memory before a piece, and goes on there.
   *
   * @param room bytes before the piece in its memory
   */
  #append(piece: Buffer, room: number): void {
    const old = this.#memory;
    const done = Math.min(this.#at, this.#end);
    const plain = old.subarray(done, this.#end);
    const stored = old.subarray(this.#stored);
    const left = plain.length + stored.length;
    const begin = Math.max(0, room - left);
    if (left <= room) {
      piece.set(plain, begin);
      piece.set(stored, begin + plain.length);
      this.#memory = piece;
    } else {
      this.#memory = Buffer.concat([plain, stored, piece.subarray(room)]);
      this.#pool.give(piece);
    }
    this.#pool.give(old);
    this.#before += done - this.#begin;
    this.#at += begin - done;
    this.#begin = begin;
    this.#end = begin + plain.length;
    this.#stored = this.#end;
  }

  /** Some bytes, behind memory for what is left of the last ones. */
  async #read(from: number, piece: number): Promise<Buffer> {
    const bytes = await (this.#coming ?? this.#get(from, this.#endOf(from, piece)));
    this.#coming = undefined;
    this.#comingBytes = 0;
    this.#compare();
    return bytes;
  }

  #compare(): void {
    const { name, size, sha256 } = this.#object;
    if (this.#came < size || this.#hash === undefined) return;
    const value = this.#hash.digest('hex');
    this.#hash = undefined;
    if (value !== sha256) throw damagedObject(name, 'its SHA-256 differs from the one in its map');
    this.#compared = true;
  }

  async #get(start: number, end: number): Promise<Buffer> {
    const room = roomAt(start);
    const memory = this.#pool.take(room + end - start);
    await readInto(memory.subarray(room), this.#place, this.#object, start, (bytes, at) =>
      this.#note(bytes, start + at),
    );
    return memory;
  }

  /** Bytes that came, in their order. Those that did not come before go into the hash. */
  #note(bytes: Uint8Array, at: number): void {
    const known = this.#came - at;
    if (known < 0 || known >= bytes.length) return;
    this.#hash ??= createHash('sha256');
    this.#hash.update(known === 0 ? bytes : bytes.subarray(known));
    this.#came = at + bytes.length;
  }
}

/** Bytes of memory before a piece: nothing is left of what is before the first. */
const roomAt = (start: number) => (start === 0 ? 0 : LEFT);

/**
 * Some stored bytes of an object.
 *
 * @throws OperationError if they are not there
 */
export async function bytesOf(
  place: Place,
  object: StoredObject,
  start: number,
  end: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(end - start);
  await readInto(bytes, place, object, start);
  return bytes;
}

/**
 * Stored bytes of an object, as many as fit.
 *
 * @param came told of each piece, and of how many came before it
 * @throws OperationError if they are not there
 */
async function readInto(
  bytes: Buffer,
  place: Place,
  { name, size }: StoredObject,
  start: number,
  came?: (piece: Uint8Array, at: number) => void,
): Promise<void> {
  const end = start + bytes.length;
  const whole = start === 0 && end === size;
  let at = 0;
  try {
    const found = await place.get(name, whole ? undefined : { start, end });
    if (whole && found.size !== size)
      throw damagedObject(name, `it has ${found.size} bytes in the store, but its map says ${size}`);
    for await (const piece of found.bytes) {
      if (at + piece.length > bytes.length) throw damagedObject(name, 'it goes on past its end');
      bytes.set(piece, at);
      came?.(piece, at);
      at += piece.length;
    }
  } catch (error) {
    if (!(error instanceof PlainError) || error.message.startsWith('object ')) throw error;
    // No matter what kind of error it is: something may be made of other blocks by now.
    throw new OperationError(`object ${name} cannot be read: ${messageOf(error)}`, error.hint, error);
  }
  if (at < bytes.length) throw damagedObject(name, 'it is cut short');
}
