import { type Clock, duration } from '../clock.ts';

/** An answer's `Date`, and when this machine sent the request and had the answer; milliseconds since the epoch. */
export interface Sighting {
  readonly sent: number;
  readonly received: number;
  readonly date: number;
}

/** `Date` has whole seconds. */
const GRAIN_MS = 1000;
/** Smaller differences are not worth a warning. */
const TOLD_MS = 60_000;

/**
 * How far the cloud's clock is ahead of this machine's, milliseconds. 0 while the two may agree: all that is known of
 * a `Date` is that it lies between the request and the arrival of its answer.
 */
export function offsetOf({ sent, received, date }: Sighting): number {
  const [least, most] = [date - received, date + GRAIN_MS - sent];
  return least <= 0 && most >= 0 ? 0 : Math.round((least + most) / 2);
}

/** The cloud's time, to compare with the cloud's timestamps and the records of other runs. */
export function cloudClock(clock: Clock, offset: () => number): Clock {
  return { now: () => clock.now() + offset(), sleep: (ms, signal) => clock.sleep(ms, signal) };
}

/** The warning about a difference; undefined if it is too small. */
export function differenceTold(offset: number): string | undefined {
  const difference = Math.abs(offset);
  if (difference < TOLD_MS) return undefined;
  return `the clock of this machine is ${duration(difference)} ${offset > 0 ? 'behind' : 'ahead of'} the cloud's: set it right. The cloud's time is used`;
}
