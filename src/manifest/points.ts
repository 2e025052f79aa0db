import { InputError } from '../errors.ts';
import type { Manifest, RestorePoint } from './schema.ts';

export type Kind = RestorePoint['resource']['kind'];
export type PointOf<K extends Kind> = Extract<RestorePoint, { readonly resource: { readonly kind: K } }>;

/** The same point, with the tags that the run was told to give. */
export function withTags<P extends RestorePoint>(point: P, tags: readonly string[]): P {
  return tags.length === 0 ? point : { ...point, tags: [...tags] };
}

/** The restore points of one kind of resource, in the order of the manifest. */
export function pointsOf<K extends Kind>(manifest: Manifest, kind: K): PointOf<K>[] {
  return manifest.restorePoints.filter((point): point is PointOf<K> => point.resource.kind === kind);
}

/** The restore point that another one in the manifest refers to. */
export function pointWithId<K extends Kind>(manifest: Manifest, kind: K, id: string): PointOf<K> {
  const point = pointsOf(manifest, kind).find((candidate) => candidate.id === id);
  if (point === undefined)
    throw new InputError(`the manifest has no ${kind} ${id}`, 'It was altered: use another copy.');
  return point;
}
