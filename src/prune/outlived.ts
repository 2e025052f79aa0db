import { POINT_PROPERTY } from '../catalog/kept-image.ts';
import { readTags } from '../chain/tags.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Cloud } from './cloud.ts';
import { keyOf, resourceOf, type Saved } from './point.ts';
import type { Record, Source } from './read.ts';

/** GitHub lets no run take longer: https://docs.github.com/actions/reference/limits */
const LONGEST_RUN_MS = 35 * 86_400_000;

/** So long a drill tells how long restores take, and when a resource was last proved, whatever became of its point. */
const DRILLS_KEPT_MS = 365 * 86_400_000;

/**
 * Manifests that are no longer needed: an earlier run pruned all that they list, the data is gone, and no other
 * manifest lists what they record as pruned, verified or drilled. One that records the last failure of a resource stays,
 * because that keeps its points, and so does one of a drill, for a year.
 *
 * @param now milliseconds
 */
export function outlived({ sources, points }: Record, cloud: Cloud, now: number): Source[] {
  const listed = new Set(sources.flatMap(({ manifest }) => manifest.restorePoints.map(({ id }) => id)));
  const gone = goneIn(points, cloud);
  const borne = bornePoints(cloud);
  const newest = newestOf(points);
  const isUnknown = (point: string) => !listed.has(point) && borne?.has(point) === false;
  return sources.filter(({ manifest }) => {
    const { restorePoints, pruned = [], verified = [], drilled = [], run } = manifest;
    const looked = [...verified, ...drilled];
    // One that was cancelled or killed never says that it ended.
    const isOver = run.finished !== null || Date.parse(run.started) < now - LONGEST_RUN_MS;
    if (!isOver || restorePoints.length + pruned.length + looked.length === 0) return false;
    return (
      restorePoints.every(({ id }) => gone.has(id)) &&
      looked.every(({ point }) => gone.has(point) || isUnknown(point)) &&
      drilled.every(({ time }) => Date.parse(time) < now - DRILLS_KEPT_MS) &&
      pruned.every(({ point }) => isUnknown(point)) &&
      !saysWhatFailed(manifest, newest)
    );
  });
}

/** The points that an earlier run recorded as pruned and that have no data left. */
function goneIn(points: readonly Saved[], { isAll, backups, images, stored }: Cloud): Set<string> {
  const there = new Set([
    ...backups.map(({ id }) => `backup ${id}`),
    ...images.map(({ id }) => `image ${id}`),
  ]);
  const isGone = (data: Saved['data']) => {
    if (data === undefined) return true;
    return data.kind === 'payload' ? stored?.has(data.name) === false : isAll && !there.has(keyOf(data));
  };
  return new Set(
    points.flatMap(({ id, pruned, data }) => (pruned !== undefined && isGone(data) ? [id] : [])),
  );
}

/** The points that backups and images name in their tags; undefined if not all of them were listed. */
function bornePoints({ isAll, backups, images }: Cloud): Set<string | undefined> | undefined {
  if (!isAll) return undefined;
  return new Set([
    ...backups.map((backup) => readTags(backup)?.point),
    ...images.map(({ properties }) => properties[POINT_PROPERTY]),
  ]);
}

/** When the newest remaining point of each resource was taken. Milliseconds. */
function newestOf(points: readonly Saved[]): Map<string, number> {
  const newest = new Map<string, number>();
  for (const point of points)
    if (point.pruned === undefined)
      newest.set(resourceOf(point), Math.max(point.time, newest.get(resourceOf(point)) ?? 0));
  return newest;
}

function saysWhatFailed({ failed, run }: Manifest, newest: ReadonlyMap<string, number>): boolean {
  return failed.some(({ kind, id }) => {
    const time = newest.get(resourceOf({ kind, resource: id }));
    return time !== undefined && time < Date.parse(run.started);
  });
}
