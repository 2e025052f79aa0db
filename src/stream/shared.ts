/** Memory shared between threads, in pieces of one size that are used in turn. */
export class SharedPieces {
  readonly #count: number;
  readonly #size: number;
  readonly #pieces: Buffer[] = [];
  readonly #uses: Promise<void>[] = [];
  #turn = -1;

  /** @param size bytes of each */
  constructor(count: number, size: number) {
    this.#count = count;
    this.#size = size;
  }

  /** The next piece, once nobody uses it any more. @throws what its last use threw */
  async idle(): Promise<Buffer> {
    this.#turn = (this.#turn + 1) % this.#count;
    await this.#uses[this.#turn];
    const piece = this.#pieces[this.#turn] ?? Buffer.from(new SharedArrayBuffer(this.#size));
    this.#pieces[this.#turn] = piece;
    return piece;
  }

  /** Marks the piece as used until the promise settles. */
  use(use: Promise<unknown>): void {
    const over = use.then(() => undefined);
    over.catch(() => undefined);
    this.#uses[this.#turn] = over;
  }

  async allIdle(): Promise<void> {
    await Promise.all(this.#uses);
  }
}

/** Copies bytes, one at least, as `set` does: of shared memory V8 copies word by word, Node as fast as the machine can. */
export function copyInto(memory: Buffer, at: number, bytes: Uint8Array): void {
  memory.fill(bytes, at, at + bytes.length);
}
