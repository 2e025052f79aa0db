import type { Clock } from '../../src/clock.ts';
import type { EmbeddedCloud } from '../fakes/cloud/index.ts';

/** A poll of the product's first seconds: so much of the cloud's work is done in a tick. */
const TICK_MS = 250;
/** Whoever sleeps longer does not wait for the cloud: a record that is renewed, a deadline. */
const LONGEST_POLL_MS = 60_000;

export interface HandClock extends Clock {
  /** Everybody's time goes on at once. */
  pass(ms: number): void;
}

interface Sleeper {
  readonly wake: number;
  over(): void;
}

/**
 * One time for a cloud and for those who use it, in a test's hand: it goes on where somebody waits for the cloud, and the
 * cloud works meanwhile. Nobody really waits. The cloud's ticks are `manual`.
 */
export function handClock({ clock, ticks }: Pick<EmbeddedCloud, 'clock' | 'ticks'>): HandClock {
  const sleepers = new Set<Sleeper>();
  const now = () => clock.ms;

  function pass(ms: number): void {
    clock.shift(ms);
    for (const sleeper of sleepers) if (sleeper.wake <= now()) sleeper.over();
  }

  async function poll(ms: number, wake: number): Promise<void> {
    // What was asked before is answered first.
    await new Promise((resolve) => setImmediate(resolve));
    await ticks.advance(Math.max(1, Math.round(ms / TICK_MS)));
    if (wake > now()) pass(wake - now());
  }

  function rest(wake: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const over = () => {
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const sleeper = { wake, over };
      sleepers.add(sleeper);
      signal?.addEventListener('abort', stop, { once: true });
    });
  }

  return {
    now,
    pass,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      const wake = now() + ms;
      if (ms > LONGEST_POLL_MS) return rest(wake, signal);
      await poll(ms, wake);
      signal?.throwIfAborted();
    },
  };
}
