/**
 * The cloud's two times: `Clock` says what a record's timestamps read, `Ticker` runs the asynchronous work. A job is due
 * after a number of ticks; a tick lasts `tickMs`, or, by hand, until somebody calls `advance`.
 */

export type TickLength = number | 'manual';

export class Clock {
  #shiftMs = 0;
  #last = 0;
  readonly #wholeSeconds: boolean;

  constructor(wholeSeconds: boolean) {
    this.#wholeSeconds = wholeSeconds;
  }

  /** Moves the cloud's calendar, to make a backup old without waiting. */
  shift(ms: number): void {
    this.#shiftMs += ms;
    this.#last = 0;
  }

  /** The calendar's time in ms, for expiries: it may stand still. */
  get ms(): number {
    return Date.now() + this.#shiftMs;
  }

  /**
   * A new timestamp. Never the same twice, so that records sort by it; on a cloud with MySQL (`wholeSeconds`) they do
   * tie: its DateTime columns keep no fraction.
   */
  now(): Date {
    if (this.#wholeSeconds) return new Date(Math.floor(this.ms / 1000) * 1000);
    this.#last = Math.max(this.ms, this.#last + 1);
    return new Date(this.#last);
  }

  /**
   * `created_at` in the answer to the POST that made a thing: Cinder shows the object that it wrote, with the fraction that
   * MySQL then drops. Seen on the real cloud, of volumes and snapshots.
   */
  unrounded(createdAt: Date): Date {
    return this.#wholeSeconds ? new Date(createdAt.getTime() + (this.ms % 999) + 1) : createdAt;
  }
}

/** 2026-11-23T01:02:03.456000 as Cinder writes it. */
export function isoMicros(date: Date): string {
  return date.toISOString().replace('Z', '000');
}

/** 2026-11-23T01:02:03Z as Glance and Nova write it. */
export function isoSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

interface Job {
  readonly due: number;
  readonly run: () => void | Promise<void>;
}

export class Ticker {
  readonly #tickMs: TickLength;
  readonly #report: (error: unknown) => void;
  #tick = 0;
  #jobs: Job[] = [];
  #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #paused = false;
  #closed = false;

  constructor(tickMs: TickLength, report: (error: unknown) => void) {
    this.#tickMs = tickMs;
    this.#report = report;
  }

  get tick(): number {
    return this.#tick;
  }

  get pending(): number {
    return this.#jobs.length + this.#running.size;
  }

  after(ticks: number, run: () => void | Promise<void>): void {
    if (this.#closed) return;
    this.#jobs.push({ due: this.#tick + Math.max(1, Math.ceil(ticks)), run });
    this.#wake();
  }

  /** Time stands still for jobs until `resume`; `advance` still works. */
  pause(): void {
    this.#paused = true;
    this.#sleep();
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  /** Lets so many ticks pass at once and waits for the work that became due. */
  async advance(ticks = 1): Promise<void> {
    for (let count = 0; count < ticks; count += 1) {
      this.#pass();
      while (this.#running.size > 0) await Promise.all(this.#running);
    }
  }

  /** Resolves when no job is left; lets time pass as fast as it can. */
  async settle(limit = 10_000): Promise<void> {
    for (let count = 0; this.pending > 0; count += 1) {
      if (count > limit) throw new Error(`${this.pending} jobs are still left after ${limit} ticks`);
      await this.advance();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#jobs = [];
    this.#sleep();
    await Promise.all(this.#running);
  }

  #wake(): void {
    if (this.#timer !== undefined || this.#paused || this.#tickMs === 'manual' || this.#jobs.length === 0)
      return;
    this.#timer = setInterval(() => {
      this.#pass();
      if (this.#jobs.length === 0) this.#sleep();
    }, this.#tickMs);
  }

  #sleep(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #pass(): void {
    this.#tick += 1;
    const due = this.#jobs.filter((job) => job.due <= this.#tick);
    if (due.length === 0) return;
    this.#jobs = this.#jobs.filter((job) => job.due > this.#tick);
    for (const job of due) this.#start(job);
  }

  #start(job: Job): void {
    const done = (async () => {
      try {
        await job.run();
      } catch (error) {
        this.#report(error);
      }
    })();
    this.#running.add(done);
    void done.finally(() => this.#running.delete(done));
  }
}
