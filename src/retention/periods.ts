import { DateTime, IANAZone } from 'luxon';
import type { Span } from './duration.ts';

export type Period = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

/** Whether a text names a zone of the time zone database. */
export function isZone(text: string): boolean {
  return /^[A-Za-z][\w+/-]*$/.test(text) && IANAZone.isValidZone(text);
}

/** Two times with the same number are in the same hour, day, … of the zone's calendar. */
export type Calendar = Readonly<Record<Period, number>>;

/**
 * @param time milliseconds
 * @param zone a name of the time zone database: "UTC", "Europe/Berlin"
 */
export function calendarOf(time: number, zone: string): Calendar {
  const at = DateTime.fromMillis(time, { zone });
  const yearly = at.year;
  const monthly = yearly * 100 + at.month;
  const daily = monthly * 100 + at.day;
  // As in restic, the hour that the clock repeats in autumn counts once.
  const hourly = daily * 100 + at.hour;
  const weekly = at.weekYear * 100 + at.weekNumber;
  return { hourly, daily, weekly, monthly, yearly };
}

/**
 * Subtracts by the calendar: a month before 31 March is 31 February, which is 3 March, as in Go and so in restic.
 *
 * @param time milliseconds
 * @returns milliseconds
 * @see https://pkg.go.dev/time#Time.AddDate
 */
export function before(time: number, { years, months, days, hours }: Span, zone: string): number {
  const at = DateTime.fromMillis(time, { zone });
  const month = at.set({ day: 1 }).minus({ years, months });
  return month.plus({ days: at.day - 1 - days }).toMillis() - hours * 3_600_000;
}
