import { dirname } from 'node:path';
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

/** The places of these points' manifests, as the input `publish` names them. */
export function placesOfManifests(going: readonly Verdict[]): string[] {
  const references = going
    .filter(({ point }) => point.pruned === undefined)
    .flatMap(({ point }) => point.manifests);
  return [
    ...new Set(
      references.map((reference) => {
        const [, place] = /^(artifact|release):/.exec(reference) ?? [];
        return place ?? `directory:${dirname(reference)}`;
      }),
    ),
  ];
}
