import { InputError } from '../errors.ts';
import { oneOf } from '../plan/select.ts';
import type { Manifest, RestorePoint } from './schema.ts';

export type Kind = RestorePoint['resource']['kind'];
export type PointOf<K extends Kind> = Extract<RestorePoint, { readonly resource: { readonly kind: K } }>;

/** The restore points of one kind of resource, in the order of the manifest. */
export function pointsOf<K extends Kind>(manifest: Manifest, kind: K): PointOf<K>[] {
  return manifest.restorePoints.filter((point): point is PointOf<K> => point.resource.kind === kind);
}

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

/** The restore point that another one of the manifest refers to. */
export function pointWithId<K extends Kind>(manifest: Manifest, kind: K, id: string): PointOf<K> {
  const point = pointsOf(manifest, kind).find((candidate) => candidate.id === id);
  if (point === undefined)
    throw new InputError(`the manifest has no ${kind} ${id}`, 'It was altered: take another copy.');
  return point;
}

function toldOf(point: RestorePoint): string {
  return point.method === 'cinder-backup' ? `backup ${point.backup.id}` : `restore point ${point.id}`;
}
