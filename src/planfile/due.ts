import { type Duration, parseDuration } from '../retention/duration.ts';
import type { PlanEntry } from './plan-file.ts';

/** When the newest good point is older, it is stale: one and a half times `every`, where nothing else is said. */
export function maxAgeOf({ every, maxAge }: Pick<PlanEntry, 'every' | 'maxAge'>): Duration {
  if (maxAge !== undefined) return maxAge;
  const { years, months, days, hours } = parseDuration(every);
  const all = {
    y: years + Math.floor(years / 2),
    m: months + (years % 2) * 6 + Math.floor(months / 2),
    d: days + (months % 2) * 15 + Math.floor(days / 2),
    h: hours + (days % 2) * 12 + Math.ceil(hours / 2),
  };
  return Object.entries(all)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count}${unit}`)
    .join('');
}
