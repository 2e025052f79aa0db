import { zeros } from '../../stream/zeros.ts';

const EMPTY = Buffer.alloc(0);

/** Puts the blocks of a disk together, in pieces that each have memory of their own: whoever reads may keep them. */
export class Outgoing {
  /** Bytes of the disk so far. */
  at = 0;
  readonly #size: number;
  readonly #piece: number;
  #memory = EMPTY;
  #held = 0;

  /**
   * @param size bytes of the disk
   * @param piece bytes that are given out at once: each piece costs every reader a turn. A multiple of a block
   */
  constructor(size: number, piece: number) {
    this.#size = size;
    this.#piece = piece;
  }

  /** @returns a piece, if that completes one */
  add(block: Uint8Array): Buffer | undefined {
    if (this.#held === 0) this.#memory = Buffer.allocUnsafeSlow(Math.min(this.#piece, this.#size - this.at));
    this.#memory.set(block, this.#held);
    return this.#grown(block.length);
  }

  /** Zeros up to a byte of the disk, and what they complete. */
  async *zeros(end: number): AsyncGenerator<Buffer, void> {
    if (this.#held > 0) {
      const count = Math.min(this.#memory.length - this.#held, end - this.at);
      this.#memory.fill(0, this.#held, this.#held + count);
      const piece = this.#grown(count);
      if (piece !== undefined) yield piece;
    }
    for await (const piece of zeros(end - this.at)) {
      this.at += piece.length;
      yield piece;
    }
  }

  #grown(count: number): Buffer | undefined {
    this.#held += count;
    this.at += count;
    if (this.#held < this.#memory.length) return undefined;
    this.#held = 0;
    return this.#memory;
  }
}
