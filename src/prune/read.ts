import { changeOf } from '../catalog/changes.ts';
import { drills } from '../catalog/drilled.ts';
import type { Found } from '../catalog/found.ts';
import { takenIn } from '../catalog/times.ts';
import { trustedRecords } from '../catalog/trusted-records.ts';
import { standings } from '../catalog/verified.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { type Data, keyOf, resourceOf, type Saved } from './point.ts';

/** A manifest and its places. */
export interface Source {
  readonly manifest: Manifest;
  readonly references: readonly string[];
  /** Why it is not trusted as much as others; undefined if it is. */
  readonly doubt?: Found['doubt'];
}

/** All that the manifests say about a project. */
export interface Record {
  readonly sources: readonly Source[];
  readonly points: readonly Saved[];
  /** When a run last failed to save a resource, by kind and id. Milliseconds. */
  readonly failures: ReadonlyMap<string, number>;
  /** Data that points of other projects name: it stays, unchecked. */
  readonly elsewhere: ReadonlySet<string>;
}

/**
 * What a manifest says of points of others counts only as {@link trustedRecords} has it: a record that nobody signed must
 * not delete what a signed manifest lists.
 *
 * @param isHere whether a manifest is of the project and region to prune
 * @param now milliseconds
 */
export function readRecord(
  sources: readonly Source[],
  isHere: (cloud: Manifest['cloud']) => boolean,
  now: number,
): Record {
  const here = sources.filter(({ manifest }) => isHere(manifest.cloud));
  const others = sources.filter(({ manifest }) => !isHere(manifest.cloud));
  const pruned = prunedIn(here, now);
  const verified = standings(trustedRecords(here, (manifest) => manifest.verified ?? [], now));
  const drilled = drills(trustedRecords(here, (manifest) => manifest.drilled ?? [], now));
  const points = new Map<string, Saved>();
  for (const { manifest, references } of here) {
    const parts = partsOf(manifest);
    const takenAt = takenIn(manifest);
    for (const point of manifest.restorePoints) {
      const known = points.get(point.id);
      const time = Date.parse(takenAt(point));
      const one = {
        ...savedOf(point, time, references, parts.has(point.id), pruned.get(point.id)),
        verified: verified.get(point.id),
        drilled: drilled.get(point.id),
      };
      points.set(point.id, known === undefined ? one : joined(known, one));
    }
  }
  return {
    sources: here,
    points: withLaterNeeds([...points.values()]),
    failures: failuresIn(here),
    elsewhere: new Set(others.flatMap(({ manifest }) => manifest.restorePoints.flatMap(dataKeys))),
  };
}

/** A key that was saved before its point was recorded is needed by that. */
export function withLaterNeeds(points: readonly Saved[]): Saved[] {
  const keys = Map.groupBy(points, ({ neededBy }) => neededBy);
  return points.map((point) => {
    const later = keys.get(point.id) ?? [];
    return later.length === 0
      ? point
      : { ...point, needs: [...new Set([...point.needs, ...later.map(({ id }) => id)])] };
  });
}

/** An interrupted run and the run that adopted its backup may both have a point. */
function joined(one: Saved, other: Saved): Saved {
  return {
    ...one,
    tags: [...new Set([...one.tags, ...other.tags])],
    needs: [...new Set([...one.needs, ...other.needs])],
    isPart: one.isPart && other.isPart,
    manifests: [...new Set([...one.manifests, ...other.manifests])],
  };
}

function prunedIn(sources: readonly Source[], now: number): Map<string, string> {
  const records = trustedRecords(
    sources,
    ({ pruned = [], run }) => pruned.map(({ point }) => ({ point, started: run.started })),
    now,
  );
  return new Map(records.map(({ point, started }) => [point, started]));
}

/** Keys and root disks that other points of the manifest refer to. */
function partsOf({ restorePoints }: Manifest): Set<string> {
  return new Set(
    restorePoints.flatMap((point) => [
      ...keysOf(point),
      ...(point.method === 'disks'
        ? point.resource.disks.filter(({ volume }) => volume === null).map((disk) => disk.point)
        : []),
    ]),
  );
}

function keysOf({ resource }: RestorePoint): string[] {
  const key = 'encryption' in resource ? resource.encryption?.key.point : undefined;
  return key === undefined ? [] : [key];
}

function savedOf(
  point: RestorePoint,
  time: number,
  references: readonly string[],
  isPart: boolean,
  pruned: string | undefined,
): Saved {
  const { id, resource } = point;
  const neededBy = 'neededBy' in point ? point.neededBy : undefined;
  return {
    id,
    kind: resource.kind,
    resource: resource.id,
    name: resource.name,
    metadata: resource.kind === 'image' ? resource.properties : resource.metadata,
    time,
    tags: point.tags ?? [],
    data: dataOf(point),
    change: changeOf(point),
    image: point.method === 'kept' ? resource.id : undefined,
    needs: [
      ...keysOf(point),
      ...(point.method === 'disks' ? point.resource.disks.map((disk) => disk.point) : []),
    ],
    isPart: isPart || neededBy !== undefined,
    ...(neededBy === undefined ? {} : { neededBy }),
    manifests: references,
    pruned,
  };
}

function dataOf(point: RestorePoint): Data | undefined {
  switch (point.method) {
    case 'cinder-backup': {
      const { backup, chain, resource } = point;
      const { id: name, position, parent } = chain;
      return {
        kind: 'backup',
        id: backup.id,
        volume: resource.id,
        chain: name,
        position,
        parent: parent ?? undefined,
      };
    }
    case 'image':
      return point.payload === null ? { kind: 'image', id: point.image.id } : payloadOf(point.payload);
    case 'download':
    case 'sealed':
    case 'plaintext':
      return payloadOf(point.payload);
    case 'kept':
    case 'disks':
      return undefined;
  }
}

function payloadOf({
  name,
  stored,
}: {
  readonly name: string;
  readonly stored: { readonly size: number };
}): Data {
  return { kind: 'payload', name, size: stored.size };
}

function dataKeys(point: RestorePoint): string[] {
  const data = dataOf(point);
  return data === undefined ? [] : [keyOf(data)];
}

function failuresIn(sources: readonly Source[]): Map<string, number> {
  const failures = new Map<string, number>();
  for (const { manifest } of sources)
    for (const { kind, id, cause } of manifest.failed) {
      // Pruning makes the room that this resource waits for.
      if (cause === 'quota') continue;
      const resource = resourceOf({ kind, resource: id });
      const started = Date.parse(manifest.run.started);
      failures.set(resource, Math.max(started, failures.get(resource) ?? started));
    }
  return failures;
}
