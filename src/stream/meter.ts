import { createHash } from 'node:crypto';

/** What flowed by: how many bytes, their digests, and the first of them. */
export class Meter {
  size = 0;
  readonly #hashes: ReadonlyMap<string, ReturnType<typeof createHash>>;
  readonly #keep: number;
  readonly #head: Buffer[] = [];
  readonly #onBytes: ((count: number) => void) | undefined;

  /**
   * @param algorithms of node:crypto, such as `sha256`
   * @param keep how many of the first bytes are kept
   */
  constructor(algorithms: readonly string[], keep = 0, onBytes?: (count: number) => void) {
    this.#hashes = new Map(algorithms.map((algorithm) => [algorithm, createHash(algorithm)]));
    this.#keep = keep;
    this.#onBytes = onBytes;
  }

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const piece of source) {
      if (this.size < this.#keep) this.#head.push(Buffer.from(piece.subarray(0, this.#keep - this.size)));
      this.size += piece.length;
      for (const hash of this.#hashes.values()) hash.update(piece);
      this.#onBytes?.(piece.length);
      yield piece;
    }
  }

  /** The first bytes, at most as many as `keep`. */
  get head(): Buffer {
    return Buffer.concat(this.#head);
  }

  /** Lower-case hex, by algorithm. Ends the count: call it once. */
  digests(): Record<string, string> {
    return Object.fromEntries([...this.#hashes].map(([name, hash]) => [name, hash.digest('hex')]));
  }
}
