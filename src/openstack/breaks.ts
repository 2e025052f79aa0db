import type { Clock } from '../clock.ts';
import { messageOf, OperationError, PlainError } from '../errors.ts';
import type { Log } from '../ports/log.ts';
import { backoff } from './retry.ts';

/** Breaks in a row that bring no more than a few bytes each. */
const BREAKS = 5;
const PROGRESS_BYTES = 16 * 1024 * 1024;

export interface BreaksOptions {
  /** What breaks off: "the download of image 5f2c…". */
  readonly what: string;
  /** What to do if it does so for ever. */
  readonly hint: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Each of them ends the wait. */
  readonly signal: () => AbortSignal | undefined;
}

/** Allows a connection to break, as long as the download makes progress. */
export class Breaks {
  readonly #options: BreaksOptions;
  #last: number;
  #inARow = 0;

  /** @param from bytes */
  constructor(options: BreaksOptions, from: number) {
    this.#options = options;
    this.#last = from;
  }

  /** Waits before the next try. Throws an error that is no break, or one break too many. */
  async rest(at: number, error: unknown): Promise<void> {
    const { what, hint, clock, log } = this.#options;
    const signal = this.#options.signal();
    signal?.throwIfAborted();
    if (error instanceof PlainError) throw error;
    this.#inARow = at - this.#last >= PROGRESS_BYTES ? 1 : this.#inARow + 1;
    this.#last = at;
    if (this.#inARow >= BREAKS)
      throw new OperationError(
        `${what} broke off repeatedly, the last time after ${at} bytes: ${messageOf(error)}`,
        hint,
        error,
      );
    log.debug(`${what} broke off after ${at} bytes: ${messageOf(error)}`);
    await clock.sleep(backoff(this.#inARow, error), signal);
  }
}
