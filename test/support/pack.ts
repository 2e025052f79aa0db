import { availableParallelism } from 'node:os';
import type { Payload } from '../../src/manifest/schema.ts';
import { ahead, filled } from '../../src/stream/chunks.ts';
import { type Digester, digesterBeside, digesterHere } from '../../src/stream/digests.ts';
import { SharedPieces } from '../../src/stream/shared.ts';
import { frameOf } from '../../src/stream/zstd.ts';

const FRAME = 4 << 20;
const ZEROS = Buffer.alloc(FRAME);
/** The thread pool has four threads, and files need one. */
const COMPRESSED_AT_ONCE = Math.min(3, Math.max(2, availableParallelism()));

/** Compresses a stream and computes its digests, on as many cores as that can use, in a fixed amount of memory. */
export class Packer {
  readonly #algorithms: readonly string[];
  readonly #pack: (frame: Buffer) => Promise<Uint8Array>;
  #digests: readonly string[] = [];

  /** @param algorithms of node:crypto, such as `sha256` */
  constructor(compression: Payload['compression'], algorithms: readonly string[]) {
    this.#algorithms = algorithms;
    this.#pack = compression === 'zstd' ? compressor() : async (frame) => Buffer.from(frame);
  }

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const { packed } of ahead(this.#frames(source), COMPRESSED_AT_ONCE)) yield await packed;
  }

  /** Lower-case hex, by algorithm. Read it once the stream has ended. */
  get digests(): Record<string, string> {
    return Object.fromEntries(this.#algorithms.map((name, index) => [name, this.#digests[index] ?? '']));
  }

  async *#frames(
    source: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<{ readonly packed: Promise<Uint8Array> }, void> {
    const frames = new SharedPieces(COMPRESSED_AT_ONCE + 2, FRAME);
    let digester: Digester | undefined;
    try {
      for await (const { bytes, last } of filled(source, () => frames.idle())) {
        digester ??= last ? digesterHere(this.#algorithms) : digesterBeside(this.#algorithms);
        const [packed, digested] = [this.#pack(bytes), digester.update(bytes)];
        frames.use(Promise.all([packed, digested]));
        yield { packed };
      }
      await frames.allIdle();
      this.#digests = (await digester?.digests()) ?? [];
    } finally {
      await digester?.close();
    }
  }
}

function compressor(): (frame: Buffer) => Promise<Uint8Array> {
  let zeros: Promise<Uint8Array> | undefined;
  return (frame) => {
    if (!frame.equals(ZEROS)) return frameOf(frame);
    // Disks are full of zeros, so their frame is made once.
    zeros ??= frameOf(ZEROS);
    return zeros;
  };
}
