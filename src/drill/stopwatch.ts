import type { DrilledPoint } from '../manifest/schema.ts';

/** How long each phase took, in seconds. */
export type Phases = DrilledPoint['seconds'];
export type Phase = keyof Phases;

export interface Stopwatch {
  /** What was done since the last call was this. A phase that comes twice adds up. */
  lap(phase: Phase): void;
  readonly seconds: Phases;
}

/** @param now milliseconds */
export function stopwatch(now: () => number): Stopwatch {
  const seconds: Record<string, number> = {};
  let last = now();
  return {
    seconds,
    lap(phase) {
      const at = now();
      // A clock may be set back.
      seconds[phase] = (seconds[phase] ?? 0) + Math.max(0, at - last) / 1000;
      last = at;
    },
  };
}

/** One that tells another of its laps. */
export function within(outer: Pick<Stopwatch, 'lap'>, now: () => number): Stopwatch {
  const own = stopwatch(now);
  return {
    seconds: own.seconds,
    lap(phase) {
      own.lap(phase);
      outer.lap(phase);
    },
  };
}
