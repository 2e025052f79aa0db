import type { Writable } from 'node:stream';

/** A client that takes nothing of a reply for so long is let go: what it was sent is held until then. */
const STALLED = 60_000;

/** What a client is sent: each call is one piece, which no other one comes into. */
export class Outgoing {
  readonly #stream: Writable;
  readonly #stalled: number;
  /** Ends each piece that is being sent. */
  readonly #sending = new Set<() => void>();

  /** @param stalled milliseconds */
  constructor(stream: Writable, stalled: number = STALLED) {
    this.#stream = stream;
    this.#stalled = stalled;
    stream.once('close', () => {
      for (const end of this.#sending) end();
    });
  }

  /** Ends when the client has taken the bytes, or is gone. */
  async send(...parts: readonly Buffer[]): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return;
    const taken = Promise.withResolvers<void>();
    this.#sending.add(taken.resolve);
    const timer = setTimeout(() => stream.destroy(), this.#stalled);
    stream.cork();
    for (const [index, part] of parts.entries())
      stream.write(part, index === parts.length - 1 ? () => taken.resolve() : undefined);
    stream.uncork();
    await taken.promise;
    this.#sending.delete(taken.resolve);
    clearTimeout(timer);
  }

  /** Lets the client go, as nothing it could make sense of can follow. */
  drop(): void {
    this.#stream.destroy();
  }
}
