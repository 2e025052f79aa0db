import { type Duration, parseDuration } from './duration.ts';
import { before, type Calendar, calendarOf, type Period } from './periods.ts';
import type { Policy } from './policy.ts';

export interface Dated {
  /** When its data was taken. Milliseconds. */
  readonly time: number;
  readonly tags: readonly string[];
}

/** Why a rule keeps a point: "daily 3 of 14". */
export type Reason = string;

interface Placed extends Dated {
  readonly calendar: Calendar;
  readonly isOldest: boolean;
}

/** One rule. Takes the points newest first, and counts them. */
type Rule = (point: Placed) => Reason | undefined;

/**
 * Decides which points the rules keep, and why, exactly like restic: periods without a point do not count, the oldest
 * point stays until the rule is filled, and `within` counts from the newest point that is not in the future.
 *
 * @param points the newest first
 * @param now milliseconds
 * @returns the reasons for each point, in the same order; empty if no rule keeps it
 * @see https://github.com/restic/restic/blob/v0.14.0/internal/restic/snapshot_policy.go
 */
export function applyRules(points: readonly Dated[], policy: Policy, zone: string, now: number): Reason[][] {
  const newest = points.find(({ time }) => time < now)?.time;
  const rules = [
    ...(policy.tags ?? []).map(tagged),
    ...withinRules(policy, zone, newest),
    ...countedRules(policy),
  ];
  return points.map(({ time, tags }, index) => {
    const isOldest = index === points.length - 1;
    const point = { time, tags, calendar: calendarOf(time, zone), isOldest };
    return rules.map((rule) => rule(point)).filter((reason) => reason !== undefined);
  });
}

/** Whether a policy has no rule: it would keep nothing, which nobody means. */
export function isEmpty(policy: Policy): boolean {
  return Object.values(policy).every((value) =>
    Array.isArray(value) ? value.length === 0 : value === 0 || value === undefined,
  );
}

const PERIODS: readonly Period[] = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'];

const WITHIN = {
  hourly: 'withinHourly',
  daily: 'withinDaily',
  weekly: 'withinWeekly',
  monthly: 'withinMonthly',
  yearly: 'withinYearly',
} as const;

function countedRules(policy: Policy): Rule[] {
  const last = policy.last ?? 0;
  // Each point is its own period, so only the first ones count.
  let nth = 0;
  const each = () => nth++;
  return [
    ...(last > 0 ? [counted('last', last, each)] : []),
    ...PERIODS.flatMap((period) => {
      const count = policy[period] ?? 0;
      return count > 0 ? [counted(period, count, ({ calendar }) => calendar[period])] : [];
    }),
  ];
}

/** Keeps the newest point of each of `count` periods. */
function counted(name: string, count: number, key: (point: Placed) => number): Rule {
  let kept = 0;
  let current: number | undefined;
  return (point) => {
    if (kept === count) return undefined;
    const period = key(point);
    const isNew = period !== current;
    if (!isNew && !point.isOldest) return undefined;
    current = period;
    kept++;
    return `${isNew ? '' : 'oldest '}${name} ${kept} of ${count}`;
  };
}

function withinRules(policy: Policy, zone: string, newest: number | undefined): Rule[] {
  const since = (duration: Duration) =>
    newest === undefined ? Number.POSITIVE_INFINITY : before(newest, parseDuration(duration), zone);
  const { within } = policy;
  return [
    ...(within === undefined ? [] : [recent(within, since(within))]),
    ...PERIODS.flatMap((period) => {
      const duration = policy[WITHIN[period]];
      return duration === undefined ? [] : [firstOfPeriod(period, duration, since(duration))];
    }),
  ];
}

function recent(duration: Duration, since: number): Rule {
  return ({ time }) => (time > since ? `within ${duration}` : undefined);
}

function firstOfPeriod(period: Period, duration: Duration, since: number): Rule {
  let current: number | undefined;
  return ({ time, calendar, isOldest }) => {
    if (time <= since) return undefined;
    const key = calendar[period];
    const isNew = key !== current;
    if (!isNew && !isOldest) return undefined;
    current = key;
    return `${isNew ? '' : 'oldest '}${period} within ${duration}`;
  };
}

function tagged(tags: readonly string[]): Rule {
  const reason = `tag${tags.length === 1 ? '' : 's'} ${tags.join(', ')}`;
  return (point) => (tags.every((tag) => point.tags.includes(tag)) ? reason : undefined);
}
