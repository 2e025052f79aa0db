import { InputError } from '../errors.ts';
import { type Kind, type PointOf, pointsOf } from '../manifest/points.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { oneOf } from '../plan/select.ts';

/**
 * All restore points of one kind of resource.
 *
 * @throws InputError where there is none
 */
export function everyPoint<K extends Kind>(manifest: Manifest, kind: K): PointOf<K>[] {
  const points = pointsOf(manifest, kind);
  if (points.length > 0) return points;
  throw new InputError(
    `the manifest has no restore point${manifest.restorePoints.length === 0 ? ': nothing was saved in that run' : ` of any ${kind}`}`,
    'Take the manifest of another run.',
  );
}

/**
 * The restore point that is meant.
 *
 * @param wanted the id or name of a resource, or the id of a restore point; may be left out where the manifest has one
 * of the kind only
 * @throws InputError that lists what the manifest has
 */
export function choosePoint<K extends Kind>(
  manifest: Manifest,
  kind: K,
  wanted: string | undefined,
): PointOf<K> {
  const points = everyPoint(manifest, kind);
  const [only] = points;
  if (wanted === undefined) {
    if (only !== undefined && points.length === 1) return only;
    throw new InputError(
      `the manifest has ${points.length} restore points`,
      `Say which with \`${kind}\`: ${points.map(({ resource }) => `${resource.id} (${resource.name})`).join(', ')}.`,
    );
  }
  const byPoint = points.find(({ id }) => id === wanted);
  if (byPoint !== undefined) return byPoint;
  const named = points.map((point) => ({
    id: point.resource.id,
    name: point.resource.name,
    status: toldOf(point),
    point,
  }));
  return oneOf(kind, wanted, named).point;
}

function toldOf(point: RestorePoint): string {
  return point.method === 'cinder-backup' ? `backup ${point.backup.id}` : `restore point ${point.id}`;
}
