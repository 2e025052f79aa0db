import * as crypto from 'node:crypto';
import { CHUNK, type ChunkSealer, chunkSealer, TAG } from '../../keys/age.ts';
import { Thread } from '../../stream/thread.ts';

/** An object that has all its bytes. */
export interface Closing {
  /** Shared. Holds what is stored, with room for a tag behind each chunk of plain bytes if it is sealed. */
  readonly memory: Uint8Array;
  /** How many of them stand before the chunks. */
  readonly head: number;
  /** Undefined: it lies in clear. */
  readonly key: Uint8Array | undefined;
}

type Close = (object: Closing) => readonly string[];

/**
 * Makes the function that seals an object where it lies, and gives digests of what is stored then. It uses nothing from
 * outside itself: its text is the code of a thread.
 */
export function closer(
  { createHash }: Pick<typeof crypto, 'createHash'>,
  sealing: (key: Uint8Array) => ChunkSealer,
  { algorithms, chunk, tag }: { algorithms: readonly string[]; chunk: number; tag: number },
): Close {
  return ({ memory, head, key }) => {
    const hashes = algorithms.map((algorithm) => createHash(algorithm));
    const hashed = (bytes: Uint8Array) => {
      for (const hash of hashes) hash.update(bytes);
    };
    hashed(memory.subarray(0, head));
    const seal = key && sealing(key);
    for (let [at, index] = [head, 0]; at < memory.length; at += chunk + tag, index += 1) {
      const stored = memory.subarray(at, at + chunk + tag);
      if (seal !== undefined) {
        const last = at + stored.length === memory.length;
        const sealed = seal(stored.subarray(0, stored.length - tag), index, last);
        stored.set(sealed.bytes);
        stored.set(sealed.tag, stored.length - tag);
      }
      hashed(stored);
    }
    return hashes.map((hash) => hash.digest('hex'));
  };
}

const CHUNKS = { chunk: CHUNK, tag: TAG };
/** Less is done before a thread has started. */
const SMALL = 1 << 20;

/** Closes objects: in a thread, once there is enough to do. */
export class Closer {
  readonly #algorithms: readonly string[];
  #thread: Thread<Closing, readonly string[]> | undefined;

  /** @param algorithms of node:crypto */
  constructor(algorithms: readonly string[]) {
    this.#algorithms = algorithms;
  }

  /** @returns digests of what is stored, lower-case hex, by algorithm */
  async close(object: Closing): Promise<Record<string, string>> {
    const digests = await (object.memory.length < SMALL ? this.#here(object) : this.#beside(object));
    return Object.fromEntries(this.#algorithms.map((name, index) => [name, digests[index] ?? '']));
  }

  async end(): Promise<void> {
    await this.#thread?.close();
  }

  #here(object: Closing): readonly string[] {
    return closer(crypto, chunkSealer(crypto), this.#data)(object);
  }

  #beside(object: Closing): Promise<readonly string[]> {
    const code = `(crypto, _, data) => (${closer.toString()})(crypto, (${chunkSealer.toString()})(crypto), data)`;
    this.#thread ??= new Thread(code, this.#data, 'seals objects');
    return this.#thread.ask(object);
  }

  get #data() {
    return { ...CHUNKS, algorithms: this.#algorithms };
  }
}
