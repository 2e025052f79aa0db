import { type Clock, duration } from '../clock.ts';
import type { Progress, ProgressBar } from '../ports/host.ts';

/** A longer gap between two chunks means that we waited for the cloud. */
const PAUSE_MS = 5_000;
/** A shorter flow gives no reliable rate. */
const ENOUGH_MS = 1_000;
const EVERY_MS = 60_000;

interface Total {
  readonly items: number;
  readonly gigabytes: number;
}

/**
 * The progress of a known amount of work. The rate counts only the time while bytes flow: a cloud that first makes an
 * image for a minute is not slow. Where the cloud does the work, only finished items count: it reports nothing else.
 */
export class Pace {
  readonly #total: Total;
  readonly #started: number;
  #items = 0;
  #gigabytes = 0;
  #failed = 0;
  /** Gigabytes of items that failed. */
  #lost = 0;
  #flowed = 0;
  #flowingMs = 0;
  #lastFlow: number | undefined;

  /** @param started milliseconds, like all times here */
  constructor(total: Total, started: number) {
    this.#total = total;
    this.#started = started;
  }

  advance(items: number, gigabytes: number, now: number): void {
    this.#items += items;
    this.#gigabytes += gigabytes;
    // Gigabytes reported with a finished item did not flow through us.
    if (items > 0 || gigabytes <= 0) return;
    const since = now - (this.#lastFlow ?? -Infinity);
    if (since <= PAUSE_MS) {
      this.#flowed += gigabytes;
      this.#flowingMs += since;
    }
    this.#lastFlow = now;
  }

  fail(gigabytes: number): void {
    this.#failed += 1;
    this.#lost += gigabytes;
  }

  /** "3 of 10, 1 failed, 12 of 40 GiB, 51 MiB/s, 9 min left". */
  line(now: number): string {
    const { items, gigabytes } = this.#total;
    return [
      `${this.#items} of ${items}`,
      ...(this.#failed === 0 ? [] : [`${this.#failed} failed`]),
      `${short(this.#gigabytes)} of ${short(gigabytes)} GiB`,
      ...this.#rate(now),
    ].join(', ');
  }

  #rate(now: number): string[] {
    if (this.#lastFlow === undefined) return this.#ofWholeThings(now);
    const waited = now - this.#lastFlow;
    if (waited > PAUSE_MS) return [`waiting for the cloud for ${duration(waited)}`];
    if (this.#flowingMs < ENOUGH_MS) return [];
    return this.#told(this.#flowed / this.#flowingMs);
  }

  #ofWholeThings(now: number): string[] {
    const elapsed = now - this.#started;
    if (this.#gigabytes === 0 || elapsed <= 0) return [`waiting for the cloud for ${duration(elapsed)}`];
    return this.#told(this.#gigabytes / elapsed);
  }

  #told(perMs: number): string[] {
    const left = this.#total.gigabytes - this.#gigabytes - this.#lost;
    const rate = `${Math.round(perMs * 1024 * 1000)} MiB/s`;
    return left <= 0 ? [rate] : [rate, `${duration(left / perMs)} left`];
  }
}

/** Logs a line now and then: a log cannot be redrawn, and a silent hour looks like a hang. */
export function loggedProgress(line: (text: string) => void, clock: Clock): Progress {
  return {
    start(title, total): ProgressBar {
      const pace = new Pace(total, clock.now());
      let told = clock.now();
      const tell = () => {
        told = clock.now();
        line(`${title}: ${pace.line(told)}`);
      };
      const timer = setInterval(tell, EVERY_MS);
      timer.unref();
      return {
        advance(items, gigabytes) {
          pace.advance(items, gigabytes, clock.now());
          if (clock.now() - told >= EVERY_MS / 2) tell();
        },
        fail(gigabytes) {
          pace.fail(gigabytes);
          if (clock.now() - told >= EVERY_MS / 2) tell();
        },
        finish: () => clearInterval(timer),
      };
    },
  };
}

function short(gigabytes: number): string {
  return String(Number(gigabytes.toFixed(gigabytes < 10 ? 2 : 1)));
}
