/** Some bytes of a disk, gathered as it flows by. */
export class Window {
  readonly start: number;
  readonly #size: number;
  #bytes: Buffer | undefined;
  #held = 0;

  /** @param start, size in bytes */
  constructor(start: number, size: number) {
    this.start = start;
    this.#size = size;
  }

  /** @param at where the piece is on the disk, in bytes */
  take(at: number, piece: Uint8Array): void {
    const from = this.start + this.#held;
    if (this.isFull || at > from || at + piece.length <= from) return;
    this.#bytes ??= Buffer.alloc(this.#size);
    const part = piece.subarray(from - at, from - at + this.#size - this.#held);
    this.#bytes.set(part, this.#held);
    this.#held += part.length;
  }

  get isFull(): boolean {
    return this.#held === this.#size;
  }

  /** Whether what it lacks went by already, or before it was asked for. */
  isMissed(at: number): boolean {
    return !this.isFull && this.start + this.#held < at;
  }

  /** What came so far. */
  get bytes(): Buffer {
    return (this.#bytes ?? Buffer.alloc(0)).subarray(0, this.#held);
  }
}
