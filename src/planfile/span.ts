import { type Duration, parseDuration } from '../retention/duration.ts';

/** About how long: months and years in their middle length. For comparing; times are counted by the calendar. */
export function hoursOf(duration: Duration): number {
  const { years, months, days, hours } = parseDuration(duration);
  return years * 8765.82 + months * 730.485 + days * 24 + hours;
}
