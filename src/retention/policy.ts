import type { Duration } from './duration.ts';

/**
 * What to keep, with restic's words and meaning: each rule keeps what it says, whatever the others say.
 *
 * @see https://restic.readthedocs.io/en/stable/060_forget.html#removing-snapshots-according-to-a-policy
 */
export interface Policy {
  /** This many of the newest points. */
  readonly last?: number;
  /** The newest point of each of the last n hours, days, … that have one. */
  readonly hourly?: number;
  readonly daily?: number;
  /** ISO weeks: they begin on Monday. */
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  /** Every point taken within this time before the newest point. */
  readonly within?: Duration;
  /** The newest point of each hour, day, … within this time before the newest point. */
  readonly withinHourly?: Duration;
  readonly withinDaily?: Duration;
  readonly withinWeekly?: Duration;
  readonly withinMonthly?: Duration;
  readonly withinYearly?: Duration;
  /** Points that have all the tags of one of these lists. */
  readonly tags?: readonly (readonly string[])[];
}
