import type { Policy } from '../retention/policy.ts';
import { hoursOf } from './span.ts';

interface Rule {
  /** Hours between the points that it keeps, if there are enough. */
  readonly step: number;
  /** Hours back to the oldest of them. */
  readonly reach: number;
}

const STEPS = { hourly: 1, daily: 24, weekly: 168, monthly: 730.485, yearly: 8765.82 } as const;
const WITHIN = {
  withinHourly: 1,
  withinDaily: 24,
  withinWeekly: 168,
  withinMonthly: 730.485,
  withinYearly: 8765.82,
} as const;

/** @param every hours from point to point */
function rulesOf(policy: Policy, every: number): Rule[] {
  const { last, within } = policy;
  return [
    ...(last === undefined ? [] : [{ step: every, reach: last * every }]),
    ...(within === undefined ? [] : [{ step: every, reach: hoursOf(within) }]),
    ...Object.entries(STEPS).flatMap(([name, hours]) => {
      const count = policy[name as keyof typeof STEPS];
      const step = Math.max(hours, every);
      return count === undefined ? [] : [{ step, reach: count * step }];
    }),
    ...Object.entries(WITHIN).flatMap(([name, hours]) => {
      const duration = policy[name as keyof typeof WITHIN];
      return duration === undefined ? [] : [{ step: Math.max(hours, every), reach: hoursOf(duration) }];
    }),
  ];
}

/** How long the oldest point stays. Hours. */
export function horizonOf(policy: Policy, every: number): number {
  return Math.max(0, ...rulesOf(policy, every).map(({ reach }) => reach));
}

/** How far back the policy keeps a point of each day, or every point if there are fewer. Hours. */
export function denseWindowOf(policy: Policy, every: number): number {
  const dense = rulesOf(policy, every).filter(({ step }) => step <= Math.max(24, every));
  return Math.max(0, ...dense.map(({ reach }) => reach));
}
