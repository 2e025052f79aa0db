import type { Clock } from '../clock.ts';
import type { Log } from '../ports/log.ts';
import { CloudError, hasStatus } from './errors.ts';

export interface Watchable {
  readonly id: string;
}

/** How to look at things of one kind. */
export interface Source<T extends Watchable> {
  /** Newest first: most watched things are new, so the first page has them. */
  list(): AsyncIterable<readonly T[]>;
  /** @throws CloudError 404 */
  get(id: string): Promise<T>;
}

/** What a look at one thing says: nothing yet, an outcome, or (by throwing) a failure. */
export type Judge<T, R> = (item: T) => { readonly done: R } | undefined;

export interface WaitOptions {
  /** Milliseconds since the epoch; the wait fails then. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

export class DeadlineError extends Error {
  override readonly name = 'DeadlineError' as const;
}

interface Watch<T> {
  readonly id: string;
  readonly since: number;
  /** true when the watch is over. */
  look(item: T): boolean;
  missing(): boolean;
  expired(now: number): boolean;
  fail(error: unknown): void;
}

const FIRST_MS = 500;
const SLOWEST_MS = 10_000;
/** After a create's 202 the new object may be unknown on other API nodes for a moment. */
const MISSING_GRACE_MS = 20_000;
/** How long polls may keep failing before the waits fail. */
const BLIND_MS = 5 * 60_000;

/**
 * The one way to wait for things in the cloud: one request a tick for everything watched, or a single read for a single
 * thing; the longer it takes, the slower the ticks. A failed poll decides nothing: the next one may work.
 */
export class Watcher<T extends Watchable> {
  readonly #source: Source<T>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watches = new Set<Watch<T>>();
  #running = false;
  #wake = new AbortController();

  constructor(source: Source<T>, clock: Clock, log: Log) {
    this.#source = source;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Waits until the judge says so.
   *
   * @throws what the judge throws; DeadlineError; the signal's reason; CloudError 404 when it is gone
   */
  until<R>(id: string, judge: Judge<T, R>, options: WaitOptions): Promise<R> {
    return this.#watch(id, judge, options, undefined);
  }

  /** Waits until the thing is gone; `judge` may still throw, for example on `error_deleting`. */
  async gone(id: string, judge: Judge<T, void>, options: WaitOptions): Promise<void> {
    await this.#watch<void>(id, judge, options, { done: undefined });
  }

  #watch<R>(
    id: string,
    judge: Judge<T, R>,
    options: WaitOptions,
    whenMissing: { done: R } | undefined,
  ): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const since = this.#clock.now();
      const end = () => {
        this.#watches.delete(watch);
        this.#wake.abort();
        options.signal?.removeEventListener('abort', abort);
      };
      const abort = () => watch.fail(options.signal?.reason);
      const watch: Watch<T> = {
        id,
        since,
        look: (item) => {
          try {
            const verdict = judge(item);
            if (verdict === undefined) return false;
            resolve(verdict.done);
          } catch (error) {
            reject(error);
          }
          end();
          return true;
        },
        missing: () => {
          if (whenMissing === undefined) {
            if (this.#clock.now() - since < MISSING_GRACE_MS) return false;
            reject(new CloudError({ doing: `find ${id}`, status: 404, words: 'it is gone from the cloud' }));
          } else resolve(whenMissing.done);
          end();
          return true;
        },
        expired: (now) => {
          if (now < options.deadline) return false;
          reject(new DeadlineError(`it timed out`));
          end();
          return true;
        },
        fail: (error) => {
          reject(error);
          end();
        },
      };
      if (options.signal?.aborted) {
        reject(options.signal.reason);
        return;
      }
      options.signal?.addEventListener('abort', abort, { once: true });
      this.#watches.add(watch);
      this.#wake.abort();
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    let blindSince: number | undefined;
    try {
      while (this.#watches.size > 0) {
        await this.#rest();
        if (this.#watches.size === 0) return;
        blindSince = await this.#tick(blindSince);
        const now = this.#clock.now();
        for (const watch of this.#watches) watch.expired(now);
      }
    } finally {
      this.#running = false;
    }
  }

  /** Sleeps until the next look; waits that begin or end reschedule it. */
  async #rest(): Promise<void> {
    const since = this.#clock.now();
    while (this.#watches.size > 0) {
      const left = this.#pause(since) - (this.#clock.now() - since);
      if (left <= 0) return;
      this.#wake = new AbortController();
      await this.#clock.sleep(left, this.#wake.signal).catch(() => undefined);
    }
  }

  /** A twentieth of the youngest wait so far: short delays at the end, few requests on the way. */
  #pause(now: number): number {
    const youngest = Math.max(...[...this.#watches].map((watch) => watch.since));
    return Math.min(SLOWEST_MS, Math.max(FIRST_MS, Math.ceil((now - youngest) / 20)));
  }

  async #tick(blindSince: number | undefined): Promise<number | undefined> {
    try {
      await this.#look();
      return undefined;
    } catch (error) {
      const now = this.#clock.now();
      const since = blindSince ?? now;
      if (hasStatus(error, 401, 403) || now - since > BLIND_MS)
        for (const watch of this.#watches) watch.fail(error);
      else this.#log.debug(`cannot read the state of the cloud: ${(error as Error).message}`);
      return since;
    }
  }

  async #look(): Promise<void> {
    const waiting = new Map<string, Watch<T>[]>();
    for (const watch of this.#watches) waiting.set(watch.id, [...(waiting.get(watch.id) ?? []), watch]);
    if (waiting.size > 1) await this.#lookInList(waiting);
    // A list may lag or hide things; only the thing's own URL can say that it is gone.
    for (const [id, watches] of waiting) {
      const item = await this.#source.get(id).catch((error: unknown) => {
        if (hasStatus(error, 404)) return undefined;
        throw error;
      });
      for (const watch of watches) item === undefined ? watch.missing() : watch.look(item);
    }
  }

  /** Looks at everything in the list, and takes it out of `waiting`. */
  async #lookInList(waiting: Map<string, Watch<T>[]>): Promise<void> {
    for await (const page of this.#source.list()) {
      for (const item of page) {
        for (const watch of waiting.get(item.id) ?? []) watch.look(item);
        waiting.delete(item.id);
      }
      if (waiting.size === 0) return;
    }
  }
}
