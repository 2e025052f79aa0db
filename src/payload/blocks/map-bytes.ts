import { createHash } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import type { Place, Stored } from '../../store/place.ts';
import { allOf } from '../../stream/chunks.ts';

/** Stored bytes of a map that are asked for at once: a connection that waited for a disk for hours would break. */
export const MAP_PIECE = 4 << 20;

/** What a stored map was when it was proved. With it the map can be read again without trust. */
export interface Proof {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of each piece. */
  readonly pieces: readonly string[];
  /** All of it, if that is one piece. */
  readonly held: Buffer | undefined;
}

/** Notes what flows by, so that it can be proved later. */
export class Proving {
  readonly #piece: number;
  readonly #pieces: string[] = [];
  #hash = createHash('sha256');
  #held: Uint8Array[] = [];
  #size = 0;

  /** @param piece bytes */
  constructor(piece: number) {
    this.#piece = piece;
  }

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const bytes of source) {
      this.#note(bytes);
      yield bytes;
    }
  }

  /** Call it once, when all has flowed by. */
  proof(): Proof {
    if (this.#size % this.#piece > 0) this.#pieces.push(this.#hash.digest('hex'));
    const held = this.#size <= this.#piece ? Buffer.concat(this.#held) : undefined;
    return { size: this.#size, pieces: this.#pieces, held };
  }

  #note(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#piece - (this.#size % this.#piece));
      this.#hash.update(part);
      this.#size += part.length;
      at += part.length;
      // A source may use its memory again.
      if (this.#size <= this.#piece) this.#held.push(Buffer.from(part));
      else this.#held = [];
      if (this.#size % this.#piece > 0) continue;
      this.#pieces.push(this.#hash.digest('hex'));
      this.#hash = createHash('sha256');
    }
  }
}

/**
 * A proved map once more, at the reader's pace. No piece is given out that is not what it was.
 *
 * @param piece as it was proved with
 * @throws InputError if it is gone, OperationError if it is another
 */
export async function* provedBytes(
  place: Place,
  name: string,
  { size, pieces, held }: Proof,
  piece: number,
): AsyncGenerator<Uint8Array, void> {
  if (held !== undefined) {
    yield held;
    return;
  }
  for (const [index, sha256] of pieces.entries()) {
    const bytes = await pieceOf(place, name, index * piece, Math.min(size, (index + 1) * piece));
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new OperationError(`map ${name} changed while it was read`, 'Try again.');
    yield bytes;
  }
}

/**
 * A stored map, at the reader's pace.
 *
 * @param expected undefined: it is asked for at once, so read it without waiting
 * @returns and its bytes in the store
 * @throws InputError if it is not there
 */
export async function mapBytes(
  place: Place,
  name: string,
  expected: Pick<Stored, 'size'> | undefined,
): Promise<{ readonly size: number; readonly bytes: AsyncIterable<Uint8Array> }> {
  if (expected === undefined || expected.size <= MAP_PIECE) return place.get(name);
  const listed = await place.head(name);
  // The place says it best what is missing.
  if (listed === undefined) return place.get(name);
  return { size: listed.size, bytes: inPieces(place, name, listed.size) };
}

async function* inPieces(place: Place, name: string, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < size; at += MAP_PIECE)
    yield await pieceOf(place, name, at, Math.min(size, at + MAP_PIECE));
}

async function pieceOf(place: Place, name: string, start: number, end: number): Promise<Buffer> {
  return allOf((await place.get(name, { start, end })).bytes);
}
