import { createHash, type Hash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { messageOf, OperationError, PlainError } from '../../errors.ts';
import { CHUNK, type Chunks, type Opener, SEALED_CHUNK } from '../../keys/age.ts';
import type { Place } from '../../store/place.ts';
import { ForeignFrameError, Frame, FrameError } from '../../stream/zstd-frame.ts';
import { BLOCK, type StoredObject } from './format.ts';

/** More than zstd makes of a block: memory that a frame may ask for. */
const LONGEST_FRAME = 2 * BLOCK;
/** Bytes of an extent, to skip, or to compare alone, that are asked for at once: only one object at a time does so. */
const LONG_PIECE = 4 << 20;
const EMPTY = Buffer.alloc(0);

/**
 * Reads the blocks of one object in their order, in pieces, so that hundreds can be open at once. What was read is
 * dropped. Once all of it came, its SHA-256 is compared: before any block of the last piece is given out, and of an
 * object that is one piece before any at all.
 */
export class ObjectReader {
  readonly #place: Place;
  readonly #object: StoredObject;
  readonly #opener: Opener | undefined;
  readonly #piece: number;
  readonly #ahead: boolean;
  /** Of what came; undefined before and after. Thousands of small objects may be open, and each hash holds memory. */
  #hash: Hash | undefined;
  /** Stored bytes that came, and are in the hash. */
  #came = 0;
  #coming: Promise<Buffer> | undefined;
  /** Stored bytes that make no chunk yet, and where they begin. */
  #left: Buffer = EMPTY;
  #leftAt = 0;
  #chunks: Chunks | undefined;
  #plain: Buffer = EMPTY;
  /** Where in them the next block begins; behind their end if bytes are to be skipped. */
  #at = 0;
  /** Plain bytes before them. */
  #before = 0;
  #next = 0;

  /**
   * @param opener for a sealed object
   * @param piece stored bytes to ask for at once; held up to twice
   * @param ahead whether the next piece comes while blocks are used: no, if it is likely to be dropped before
   */
  constructor(place: Place, object: StoredObject, opener: Opener | undefined, piece: number, ahead: boolean) {
    this.#place = place;
    this.#object = object;
    this.#opener = opener;
    this.#piece = piece;
    this.#ahead = ahead;
  }

  /**
   * @param index behind the one that was asked for last
   * @param length its bytes
   * @param last the last one of those that follow at once: bytes up to it are asked for together
   * @throws InputError if it is sealed to others
   * @throws OperationError if the object is missing or damaged
   */
  async block(index: number, length: number, last: number): Promise<Buffer> {
    for (; this.#next < index; this.#next += 1) await this.#frame(last);
    const frame = await this.#frame(last);
    this.#next += 1;
    const block = plainOf(frame, length, this.#object.name);
    // It asked for more than it may hold meanwhile.
    if (!this.#ahead && index === last && this.#plain.length + this.#left.length > 2 * this.#piece + CHUNK)
      this.park();
    return block;
  }

  /** Reads what is left, so that the whole is compared. @throws OperationError */
  async finish(): Promise<void> {
    this.#plain = EMPTY;
    this.#left = EMPTY;
    while (this.#came < this.#object.size) await this.#read(this.#came, LONG_PIECE);
  }

  /** Lets the next piece come while something else is done. */
  prefetch(): void {
    if (this.#coming !== undefined || this.#came === this.#object.size) return;
    this.#coming = this.#get(this.#came, this.#endOf(this.#came, this.#piece));
    // Whoever reads on sees the error.
    this.#coming.catch(() => undefined);
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
    const next = this.#before + this.#at;
    const inChunk = this.#chunks === undefined ? 0 : next % CHUNK;
    this.#leftAt =
      this.#chunks === undefined ? next : this.#chunks.start + ((next - inChunk) / CHUNK) * SEALED_CHUNK;
    this.#before = next - inChunk;
    this.#at = inChunk;
    this.#plain = EMPTY;
    this.#left = EMPTY;
    this.#coming = undefined;
  }

  /** The next frame. */
  async #frame(last: number): Promise<Buffer> {
    for (;;) {
      const view = this.#plain.subarray(this.#at, this.#at + LONGEST_FRAME);
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
    const from = this.#leftAt + this.#left.length;
    if (from === this.#object.size)
      throw damagedObject(this.#object.name, `it ends before block ${this.#next}`);
    const { size, blocks } = this.#object;
    const upTo = ((last - this.#next) * size) / blocks;
    // Ahead, many hold what they asked for.
    const wanted = this.#piece + (this.#ahead ? 0 : Math.min(LONG_PIECE, upTo));
    const piece = await this.#read(from, Math.ceil(wanted));
    this.#left = this.#left.length === 0 ? piece : Buffer.concat([this.#left, piece]);
    await this.#open();
    if (this.#ahead) this.prefetch();
  }

  /** Opens as much as there is. */
  async #open(): Promise<void> {
    const { size, name } = this.#object;
    if (this.#opener === undefined) {
      this.#append([this.#left], this.#left.length);
      return;
    }
    if (this.#chunks === undefined) {
      this.#chunks = await this.#opener.chunks(this.#left, `object ${name}`).catch(async (error: unknown) => {
        // An altered header looks like one for others.
        await this.finish();
        throw error;
      });
      if (this.#chunks === undefined) return;
      this.#left = this.#left.subarray(this.#chunks.start);
      this.#leftAt = this.#chunks.start;
    }
    const opened: Buffer[] = [];
    let at = 0;
    for (;;) {
      const from = this.#leftAt + at;
      const end = Math.min(from + SEALED_CHUNK, size) - this.#leftAt;
      if (end > this.#left.length || end === at) break;
      const index = (from - this.#chunks.start) / SEALED_CHUNK;
      opened.push(this.#chunks.open(this.#left.subarray(at, end), index, this.#leftAt + end === size));
      at = end;
    }
    this.#append(opened, at);
  }

  /** @param used how many of the bytes that are left they were made of */
  #append(opened: readonly Buffer[], used: number): void {
    const done = Math.min(this.#at, this.#plain.length);
    const [only, ...more] = opened;
    this.#plain =
      only !== undefined && more.length === 0 && done === this.#plain.length
        ? only
        : Buffer.concat([this.#plain.subarray(done), ...opened]);
    this.#before += done;
    this.#at -= done;
    this.#leftAt += used;
    // A copy, so that the piece is not held for the few bytes of a chunk.
    this.#left = Buffer.from(this.#left.subarray(used));
  }

  /** Some bytes. Those that did not come before go into the hash. */
  async #read(from: number, piece: number): Promise<Buffer> {
    const coming = from === this.#came ? this.#coming : undefined;
    const bytes = await (coming ?? this.#get(from, this.#endOf(from, piece)));
    this.#coming = undefined;
    const { name, size, sha256 } = this.#object;
    if (from + bytes.length <= this.#came) return bytes;
    const hash = this.#hash ?? createHash('sha256');
    hash.update(bytes.subarray(this.#came - from));
    this.#came = from + bytes.length;
    this.#hash = this.#came === size ? undefined : hash;
    if (this.#came === size && hash.digest('hex') !== sha256)
      throw damagedObject(name, 'its SHA-256 differs from the one in its map');
    return bytes;
  }

  #get(start: number, end: number): Promise<Buffer> {
    return bytesOf(this.#place, this.#object, start, end);
  }
}

/**
 * Some stored bytes of an object.
 *
 * @throws OperationError if they are not there
 */
export async function bytesOf(
  place: Place,
  { name, size }: StoredObject,
  start: number,
  end: number,
): Promise<Buffer> {
  const whole = start === 0 && end === size;
  const bytes = Buffer.allocUnsafeSlow(end - start);
  let at = 0;
  try {
    const found = await place.get(name, whole ? undefined : { start, end });
    if (whole && found.size !== size)
      throw damagedObject(name, `it has ${found.size} bytes in the store, but its map says ${size}`);
    for await (const piece of found.bytes) {
      if (at + piece.length > bytes.length) throw damagedObject(name, 'it goes on behind its end');
      bytes.set(piece, at);
      at += piece.length;
    }
  } catch (error) {
    if (!(error instanceof PlainError) || error.message.startsWith('object ')) throw error;
    // No matter what kind of error it is: something may be made of other blocks by now.
    throw new OperationError(`object ${name} cannot be read: ${messageOf(error)}`, error.hint, error);
  }
  if (at < bytes.length) throw damagedObject(name, 'it is cut short');
  return bytes;
}

/** How long the frame is that bytes begin with; undefined if that takes more of them. */
export function frameLength(bytes: Buffer, object: string): number | undefined {
  try {
    const frame = new Frame(0);
    const count = frame.take(bytes);
    return frame.ended ? count : undefined;
  } catch (error) {
    if (error instanceof FrameError || error instanceof ForeignFrameError)
      throw damagedObject(object, error.message);
    throw error;
  }
}

/** The block in a frame. */
export function plainOf(frame: Buffer, length: number, object: string): Buffer {
  const head = frame.length - length;
  // A raw block is there already: see `comparer` in compare.ts, which makes such frames.
  if (
    head === 10 &&
    frame[4] === 0x60 &&
    frame.readUIntLE(7, 3) === length * 8 + 1 &&
    frame.readUInt16LE(5) === length - 256
  )
    return frame.subarray(head);
  let plain: Buffer;
  try {
    plain = zstdDecompressSync(frame, { chunkSize: BLOCK, maxOutputLength: length });
  } catch (error) {
    throw damagedObject(object, `a block of it cannot be unpacked: ${messageOf(error)}`);
  }
  if (plain.length !== length)
    throw damagedObject(object, `a block of it has ${plain.length} of ${length} bytes`);
  return plain;
}

export function damagedObject(name: string, why: string): OperationError {
  return new OperationError(
    `object ${name} is damaged: ${why}`,
    'Use another copy of the store, or another restore point. What was made from it is removed.',
  );
}
