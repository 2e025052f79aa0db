import type { Writable } from 'node:stream';

/** A client that takes nothing more for so long is let go: what it is sent is held until then. */
const STALLED = 60_000;

/** What a client is sent: each call is one piece, which no other one comes into. */
export class Outgoing {
  readonly #stream: Writable;
  readonly #stalled: number;
  #last: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  /** @param stalled milliseconds */
  constructor(stream: Writable, stalled: number = STALLED) {
    this.#stream = stream;
    this.#stalled = stalled;
    stream.once('close', () => this.#wake());
  }

  /** Whether the client takes nothing any more. */
  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.writableEnded;
  }

  /** Ends when the client has taken the bytes, or is gone. A slow one has time for each part anew. */
  send(...parts: readonly Buffer[]): Promise<void> {
    const sent = this.#last.then(() => this.#parts(parts));
    this.#last = sent;
    return sent;
  }

  async #parts(parts: readonly Buffer[]): Promise<void> {
    // What begins an answer goes with what it is about.
    await this.#taken(parts.slice(0, 2));
    for (const part of parts.slice(2)) await this.#taken([part]);
  }

  async #taken(parts: readonly Buffer[]): Promise<void> {
    if (this.isGone) return;
    const stream = this.#stream;
    const timer = setTimeout(() => stream.destroy(), this.#stalled);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      stream.cork();
      for (const [index, part] of parts.entries())
        stream.write(part, index === parts.length - 1 ? () => resolve() : undefined);
      stream.uncork();
    });
    clearTimeout(timer);
  }

  /** Lets the client go, as nothing it could make sense of can follow. */
  drop(): void {
    this.#stream.destroy();
  }
}
