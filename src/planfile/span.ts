import { InputError } from '../errors.ts';
import { type Duration, parseDuration } from '../retention/duration.ts';

/** Estimates with average months and years, only to compare durations; times are counted by the calendar. */
export function hoursOf(duration: Duration): number {
  const { years, months, days, hours } = parseDuration(duration);
  return years * 8765.82 + months * 730.485 + days * 24 + hours;
}

const RTO = /^(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})min)?$/;

/**
 * How long a restore may take, in seconds: "2h", "1h30min". It has no months, so that "30m" cannot mean them.
 *
 * @throws InputError if it is malformed or zero
 */
export function secondsOf(rto: string): number {
  const [days = 0, hours = 0, minutes = 0] = (RTO.exec(rto) ?? [])
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  const seconds = 60 * (minutes + 60 * (hours + 24 * days));
  if (seconds === 0)
    throw new InputError(
      `invalid time "${rto}"`,
      'Write days, hours and minutes in this order, such as 2h or 1h30min.',
    );
  return seconds;
}
