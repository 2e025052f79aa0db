import type { Writable } from 'node:stream';

/** A client that takes nothing more for so long is let go: what it is sent is held until then. */
const STALLED = 60_000;
/** So long, and so fast, it takes an answer whose memory others wait for: a little now and then would hold it for ever. */
const HURRIED = { wait: 10_000, bytesPerMs: 1049 } as const;

/** How patient a server is with a client. */
export interface Patience {
  /** Milliseconds without a byte; default: a minute. */
  readonly stalled?: number;
  /** Milliseconds for an answer while it is wanted, besides those for its bytes; default: ten seconds. */
  readonly hurried?: number;
  /** Whether others wait for the memory of what is sent. */
  isWanted?(): boolean;
}

/** What a client is sent: each call is one piece, which no other one comes into. */
export class Outgoing {
  readonly #stream: Writable;
  readonly #patience: Patience;
  #last: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(stream: Writable, patience: Patience = {}) {
    this.#stream = stream;
    this.#patience = patience;
    stream.once('close', () => this.#wake());
  }

  /** Whether the client takes nothing any more. */
  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.writableEnded;
  }

  /** Ends when the client has taken the bytes, or is gone. A slow one has time for each part anew, unless it is wanted. */
  send(...parts: readonly Buffer[]): Promise<void> {
    const { hurried = HURRIED.wait, isWanted } = this.#patience;
    const count = parts.reduce((sum, { length }) => sum + length, 0);
    // What waits behind other answers is held, too.
    const due = performance.now() + hurried + count / HURRIED.bytesPerMs;
    const timer = setInterval(
      () => {
        if (performance.now() > due && isWanted?.()) this.drop();
      },
      Math.min(1000, hurried),
    );
    const sent = this.#last.then(() => this.#parts(parts)).finally(() => clearInterval(timer));
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
    const timer = setTimeout(() => stream.destroy(), this.#patience.stalled ?? STALLED);
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
