import * as crypto from 'node:crypto';
import { availableParallelism } from 'node:os';
import { SharedPieces } from './shared.ts';
import { Thread } from './thread.ts';

/** Computes digests of bytes, one piece after the other. */
export interface Digester {
  /** @returns once it is done with the bytes */
  update(bytes: Uint8Array): Promise<unknown>;
  /** The digests of all bytes, lower-case hex, in the order of the algorithms. Call it once, at the end. */
  digests(): Promise<readonly string[]>;
  close(): Promise<unknown>;
}

type Hashing = (bytes: Uint8Array | null) => readonly string[];

/** It uses nothing from outside itself: its text is the code of the thread. @returns what gives the digests for null */
function hashing(
  { createHash }: Pick<typeof crypto, 'createHash'>,
  _zlib: unknown,
  algorithms: readonly string[],
): Hashing {
  const hashes = algorithms.map((algorithm) => createHash(algorithm));
  return (bytes) => {
    if (bytes === null) return hashes.map((hash) => hash.digest('hex'));
    for (const hash of hashes) hash.update(bytes);
    return [];
  };
}

/**
 * Works in a thread of its own if there is a core for it: SHA-512 of an image takes as long as compressing it.
 *
 * @param algorithms of node:crypto, such as `sha256`
 */
export function digesterBeside(algorithms: readonly string[]): Digester {
  if (availableParallelism() < 2) return digesterHere(algorithms);
  const thread = new Thread<Uint8Array | null, readonly string[]>(
    hashing.toString(),
    algorithms,
    'computes digests',
  );
  return {
    // Shared memory is not copied; other memory is.
    update: (bytes) => thread.ask(bytes),
    digests: () => thread.ask(null),
    close: () => thread.close(),
  };
}

/** Works in this thread. For small data: a thread takes longer to start. */
export function digesterHere(algorithms: readonly string[]): Digester {
  const hash = hashing(crypto, undefined, algorithms);
  return {
    update: async (bytes) => hash(bytes),
    digests: async () => hash(null),
    close: async () => undefined,
  };
}

/** Each costs a turn of both threads. */
const PIECE = 2 << 20;

/** Digests of bytes whose memory is somebody else's: a thread computes them, from a copy. */
export class DigestsBeside {
  readonly #make: () => Digester;
  /** Undefined until there is work: who looks at the beginning alone needs no thread. */
  #digester: Digester | undefined;
  readonly #memory = new SharedPieces(3, PIECE);
  #piece: Buffer | undefined;
  #held = 0;

  /** @param size bytes that come; a thread takes longer to start than a few of them take */
  constructor(algorithms: readonly string[], size: number) {
    this.#make = () => (size > 2 * PIECE ? digesterBeside : digesterHere)(algorithms);
  }

  /** @returns once the bytes may change */
  async add(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#held === PIECE) this.#pass(this.#started());
      this.#piece ??= await this.#memory.idle();
      const part = bytes.subarray(at, at + PIECE - this.#held);
      this.#piece.set(part, this.#held);
      this.#held += part.length;
      at += part.length;
    }
  }

  /** Lower-case hex, in the order of the algorithms. Call it once, at the end. */
  async digests(): Promise<readonly string[]> {
    const digester = this.#started();
    this.#pass(digester);
    await this.#memory.allIdle();
    return digester.digests();
  }

  async close(): Promise<void> {
    await this.#digester?.close();
  }

  #started(): Digester {
    this.#digester ??= this.#make();
    return this.#digester;
  }

  #pass(digester: Digester): void {
    if (this.#piece !== undefined) this.#memory.use(digester.update(this.#piece.subarray(0, this.#held)));
    this.#piece = undefined;
    this.#held = 0;
  }
}
