import { isUuid } from '../decode.ts';
import { InputError } from '../errors.ts';
import { type Kind, type PointOf, pointsOf } from '../manifest/points.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { quoted } from '../text/escape.ts';
import { takenAt } from './times.ts';

/**
 * All restore points of one kind of resource.
 *
 * @throws InputError if there is none
 */
export function everyPoint<K extends Kind>(manifest: Manifest, kind: K): PointOf<K>[] {
  const points = pointsOf(manifest, kind);
  if (points.length > 0) return points;
  throw new InputError(
    `the manifest has no restore point${manifest.restorePoints.length === 0 ? ': nothing was saved in that run' : ` of any ${kind}`}`,
    'Use the manifest of another run.',
  );
}

/**
 * The restore point that a name or an id means.
 *
 * @param wanted the id or name of a resource, or the id of a restore point; may be left out if the manifest has only
 * one of the kind
 * @throws InputError that lists what the manifest has
 */
export function choosePoint<K extends Kind>(
  manifest: Manifest,
  kind: K,
  wanted: string | undefined,
): PointOf<K> {
  const every = everyPoint(manifest, kind);
  const points = newestOfEach(every, manifest);
  const [only] = points;
  if (wanted === undefined) {
    if (only !== undefined && points.length === 1) return only;
    throw new InputError(
      `the manifest has ${points.length} restore points`,
      `Choose one with \`${kind}\`: ${listOf(points)}.`,
    );
  }
  const exact = every.find(({ id }) => id === wanted);
  if (exact !== undefined) return exact;
  const [meant, ...more] = pointsMeant(points, wanted);
  if (meant === undefined)
    throw new InputError(
      `there is no ${kind} ${isUuid(wanted) ? 'with the id' : 'called'} ${quoted(wanted)} in the manifest`,
      `It has: ${listOf(points)}.`,
    );
  if (more.length > 0)
    throw new InputError(
      `the manifest has ${more.length + 1} ${kind}s called ${quoted(wanted)}: ${[meant, ...more].map((point) => `${point.resource.id} (${toldOf(point)})`).join(', ')}`,
      'Give the id of the one you mean.',
    );
  return meant;
}

/**
 * The restore points that a name or an id may mean: several resources may share a name, as after a restore beside the
 * original, and one resource may have several points if a run adopted what an interrupted one had saved.
 */
export function pointsMeant<P extends RestorePoint>(points: readonly P[], wanted: string): P[] {
  const exact = points.filter(({ id }) => id === wanted);
  if (exact.length > 0) return exact;
  const ids = points.filter(({ resource }) => resource.id === wanted.toLowerCase());
  return ids.length > 0 ? ids : points.filter(({ resource }) => resource.name === wanted);
}

/** The point with the newest data of each resource, in the order of the manifest. */
export function newestOfEach<P extends RestorePoint>(points: readonly P[], manifest: Manifest): P[] {
  const newest = new Map<string, { readonly point: P; readonly time: number }>();
  for (const point of points) {
    const time = Date.parse(takenAt(point, manifest));
    const before = newest.get(point.resource.id);
    if (before === undefined || time > before.time) newest.set(point.resource.id, { point, time });
  }
  return points.filter((point) => newest.get(point.resource.id)?.point === point);
}

const MOST_LISTED = 20;

function listOf(points: readonly RestorePoint[]): string {
  const listed = points.slice(0, MOST_LISTED).map(({ resource: { id, name } }) => `${quoted(name)} (${id})`);
  const more = points.length - listed.length;
  return [...listed, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function toldOf(point: RestorePoint): string {
  return point.method === 'cinder-backup' ? `backup ${point.backup.id}` : `restore point ${point.id}`;
}
