import type { Readable } from 'node:stream';

/** What a client sends, by the byte. Holds no more than what is asked for and what the stream buffers. */
export class Incoming {
  readonly #stream: Readable;
  #wake: () => void = () => undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    const wake = () => this.#wake();
    for (const event of ['readable', 'end', 'close', 'error']) stream.on(event, wake);
  }

  /**
   * @param count bytes, as few as the caller would hold for a stranger
   * @returns undefined if the client ended before them
   */
  async take(count: number): Promise<Buffer | undefined> {
    if (count === 0) return Buffer.alloc(0);
    for (;;) {
      const bytes: Buffer | null = this.#stream.read(count);
      // At the end a stream gives what is left, however little.
      if (bytes !== null) return bytes.length === count ? bytes : undefined;
      if (this.#stream.readableEnded || this.#stream.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Drops bytes. @returns whether they came */
  async skip(count: number): Promise<boolean> {
    for (let left = count; left > 0; ) {
      const bytes = await this.take(Math.min(left, 1 << 14));
      if (bytes === undefined) return false;
      left -= bytes.length;
    }
    return true;
  }
}
