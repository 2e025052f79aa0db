import type { PrunedPoint } from '../manifest/schema.ts';
import type { Verdict } from './decide.ts';

/** The record, for a manifest, of the points that are about to be deleted. Leaves out those already recorded. */
export function prunedPoints(going: readonly Verdict[]): PrunedPoint[] {
  return going
    .filter(({ point }) => point.pruned === undefined)
    .map(({ point, reasons }) => ({
      point: point.id,
      kind: point.kind,
      id: point.resource,
      name: point.name,
      time: new Date(point.time).toISOString(),
      reason: reasons.join('; ').slice(0, 1024),
    }));
}

/** The manifests of these points, as a restore names them. */
export function manifestsOf(going: readonly Verdict[]): string[] {
  return going.filter(({ point }) => point.pruned === undefined).flatMap(({ point }) => point.manifests);
}
