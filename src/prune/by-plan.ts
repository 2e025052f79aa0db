import { assign } from '../planfile/assign.ts';
import type { Keep, PlanFile } from '../planfile/plan-file.ts';
import type { Resource } from '../planfile/resource.ts';
import type { Terms } from '../retention/judge.ts';
import { resourceOf, type Saved } from './point.ts';

/**
 * The plan's terms for the points of each resource, matched by the name and metadata that it had when last saved. Empty
 * if no entry takes the resource, or if one that does keeps everything.
 *
 * @param now milliseconds
 */
export function termsByPlan(
  plan: PlanFile,
  points: readonly Saved[],
  now: number,
): (point: Saved) => readonly Terms[] {
  const newest = new Map<string, Saved>();
  for (const point of points.toSorted((a, b) => a.time - b.time)) newest.set(resourceOf(point), point);
  const { assignments } = assign(plan, [...newest.values()].map(asResource), now);
  const terms = new Map(
    assignments.map(({ resource: { kind, id }, entries }) => {
      const keeps = entries.map(({ keep }) => keep);
      const all = keeps.flatMap((keep) => (keep === undefined ? [] : [termsFrom(keep, plan.zone)]));
      return [resourceOf({ kind, resource: id }), all.length === keeps.length ? all : []] as const;
    }),
  );
  return (point) => terms.get(resourceOf(point)) ?? [];
}

/** Whether a plan ever deletes anything. */
export function keepsByRules({ entries }: PlanFile): boolean {
  return entries.some(({ keep }) => keep !== undefined);
}

function termsFrom({ policy, minCopies, gone }: Keep, zone: string): Terms {
  return { policy, zone, minCopies, ...(gone === undefined ? {} : { gone }) };
}

function asResource({ kind, resource, name, metadata }: Saved): Resource {
  return { kind, id: resource, name, metadata, bytes: 0, encrypted: false, keyId: undefined, volumes: [] };
}
