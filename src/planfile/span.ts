import { type Duration, parseDuration } from '../retention/duration.ts';

/** Estimates with average months and years, only to compare durations; times are counted by the calendar. */
export function hoursOf(duration: Duration): number {
  const { years, months, days, hours } = parseDuration(duration);
  return years * 8765.82 + months * 730.485 + days * 24 + hours;
}
