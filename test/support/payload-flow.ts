import { createCipheriv } from 'node:crypto';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { opener, sealer } from '../../src/keys/age.ts';
import { chunksOf } from '../../src/stream/chunks.ts';
import { decompressed } from '../../src/stream/zstd.ts';
import { Packer } from './pack.ts';

/** What a file is read in. */
const FILE_READ = 64 << 10;
const PIECE = 1 << 20;

/** Bytes that no compression makes smaller, the same for the same seed, made as they are asked for: AES in counter mode. */
export function* noise(size: number, seed: number): Generator<Buffer, void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  const zeros = Buffer.alloc(PIECE);
  for (let left = size; left > 0; left -= PIECE)
    yield cipher.update(zeros.subarray(0, Math.min(left, PIECE)));
}

/**
 * Packs and seals that many incompressible bytes as a payload is, and opens them again as one that is read from a file,
 * all as it flows: nothing is stored.
 *
 * @param onBytes told of plain bytes that came back and were right
 * @throws where one is not what it was, or one is missing
 */
export async function throughAll(size: number, onBytes: (count: number) => void): Promise<void> {
  const identity = await generateIdentity();
  const seal = await sealer([await identityToRecipient(identity)]);
  const { stream: open } = await opener(identity, 'it');
  const packed = seal.stream(new Packer('zstd', ['sha256']).through(source(size)));
  const expected = new Expected(noise(size, 1));
  for await (const piece of decompressed(open(read(packed), 'it'), 'it')) {
    expected.compare(piece);
    onBytes(piece.length);
  }
  if (!expected.ended) throw new Error(`only ${expected.at} of ${size} bytes came back`);
}

async function* source(size: number): AsyncGenerator<Buffer, void> {
  yield* noise(size, 1);
}

async function* read(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const { bytes } of chunksOf(file, FILE_READ)) yield bytes;
}

class Expected {
  at = 0;
  readonly #source: Iterator<Buffer>;
  #piece: Buffer = Buffer.alloc(0);

  constructor(source: Iterable<Buffer>) {
    this.#source = source[Symbol.iterator]();
  }

  compare(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      if (this.ended) throw new Error(`more than ${this.at} bytes came back`);
      const part = this.#piece.subarray(0, bytes.length - done);
      if (part.compare(bytes, done, done + part.length) !== 0)
        throw new Error(`what came back is not what it was, from ${this.at} bytes on`);
      done += part.length;
      this.at += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
  }

  get ended(): boolean {
    if (this.#piece.length > 0) return false;
    const next = this.#source.next();
    if (!next.done) this.#piece = next.value;
    return next.done === true;
  }
}
