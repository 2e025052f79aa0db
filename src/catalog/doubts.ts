import type { Kind } from '../manifest/points.ts';
import type { BlocksPayload, Manifest, RestorePoint } from '../manifest/schema.ts';
import type { Doubts } from '../payload/blocks/shelf-look.ts';

/** What manifests say of the maps of a store, to judge it with few requests. */
export function doubtsOf(manifests: readonly Manifest[], damaged: Doubts['damaged'] = new Set()): Doubts {
  const maps = new Map(manifests.flatMap(mapsOf).map((payload) => [payload.name, payload]));
  return { maps: [...maps.values()], damaged };
}

function mapsOf({ restorePoints }: Manifest): BlocksPayload[] {
  return restorePoints.flatMap(mapOf);
}

/** The names of the maps that a restore of the manifest's points of a kind reads. */
export function mapsNeeded({ restorePoints }: Manifest, kind: Kind): string[] {
  const meant = restorePoints.filter(({ resource }) => resource.kind === kind);
  const disks = new Set(
    meant.flatMap((point) =>
      point.method === 'disks' ? point.resource.disks.map((disk) => disk.point) : [],
    ),
  );
  return [...meant, ...restorePoints.filter(({ id }) => disks.has(id))]
    .flatMap(mapOf)
    .map(({ name }) => name);
}

function mapOf(point: RestorePoint): BlocksPayload[] {
  const payload = 'payload' in point ? point.payload : null;
  return payload?.layout === 'blocks' ? [payload] : [];
}
