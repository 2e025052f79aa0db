import { type Drilled, drilledIn, provedDepth } from '../../catalog/drilled.ts';
import type { Found } from '../../catalog/everything.ts';
import type { Inventory } from '../../catalog/inventory.ts';
import { takenIn } from '../../catalog/times.ts';
import { type Verified, verifiedIn } from '../../catalog/verified.ts';
import { judge, judgeBackups, type Shelf, type State } from '../../catalog/whole.ts';
import { adoptable } from '../../chain/adoptable.ts';
import { POINT_TAG, readTags, type Tags } from '../../chain/tags.ts';
import { marked, type Receipt } from '../../manifest/receipt.ts';
import type { Manifest, RestorePoint, VolumePoint } from '../../manifest/schema.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import { keyOf, type Resource } from '../../planfile/resource.ts';
import { backupPiece, mayStay, type Piece, type SavedPoint } from '../../planfile/saved.ts';
import { doubtOf } from '../../temporaries/leftovers.ts';
import type { Project } from '../plan/project-of.ts';

/**
 * What was saved of a project, according to its manifests, to the cloud itself and to the store. If a point cannot be
 * checked, the manifest's word counts.
 *
 * @param now milliseconds
 */
export function savedPointsOf(
  found: readonly Found[],
  inventory: Inventory,
  now: number,
  shelf?: Shelf,
): SavedPoint[] {
  const states = judge({ inventory, shelf });
  const verified = verifiedIn(found, now);
  const drilled = drilledIn(found, now);
  return [
    ...found.flatMap((one) => ofManifest(one, states(one.manifest), verified, drilled)),
    ...ofCloud(inventory.backups ?? [], judgeBackups(inventory)),
  ];
}

function ofManifest(
  { manifest, doubt }: Found,
  states: ReadonlyMap<string, State>,
  verified: ReadonlyMap<string, Verified>,
  drilled: ReadonlyMap<string, Drilled>,
): SavedPoint[] {
  const takenAt = takenIn(manifest);
  const points = new Map(manifest.restorePoints.map((point) => [point.id, point]));
  const isAltered = doubt?.what.startsWith('was altered') === true;
  return manifest.restorePoints.map((point) => {
    const pieces = dataOf(point, points);
    // A server is damaged with a disk.
    const isDamaged = [point, ...pieces].some(({ id }) => verified.get(id)?.fault !== undefined);
    const state = states.get(point.id);
    const level = provedDepth(verified.get(point.id), drilled.get(point.id));
    return {
      kind: point.resource.kind,
      resource: point.resource.id,
      time: Date.parse(takenAt(point)),
      good: !isAltered && !isDamaged && state?.state !== 'broken',
      ...(state?.state === 'broken' && { broken: state.why }),
      pieces: pieces.flatMap(pieceOf),
      ...worthOf(point),
      ...(level !== undefined && { verified: level }),
    };
  });
}

function worthOf({ resource }: RestorePoint): Pick<SavedPoint, 'key'> {
  const encryption = 'encryption' in resource ? resource.encryption : null;
  return encryption === null ? {} : { key: encryption.key.worth === 'cloud-only' ? 'unsaved' : 'saved' };
}

/**
 * What was saved according to manifests that this run cannot open, by the receipts on their envelopes.
 *
 * @param receipts of this project and region
 */
export function sealedPointsOf(
  receipts: readonly Receipt[],
  { resources, inventory }: Project,
): SavedPoint[] {
  // A mark is a digest: 100,000 of them take a while.
  if (receipts.length === 0) return [];
  const byMark = new Map(resources.map((one) => [marked(one.kind, one.id), one]));
  const backupState = judgeBackups(inventory);
  const there = new Map([
    ...(inventory.backups ?? []).map((one) => [marked(one.id), backupState(one).state === 'whole'] as const),
    ...(inventory.images ?? []).map((one) => [marked(one.id), one.status === 'active'] as const),
  ]);
  const isKnown = { volume: inventory.backups !== undefined, image: inventory.images !== undefined };
  return receipts.flatMap(({ points }) =>
    points.flatMap(({ resource, kind, time, key, pieces }): SavedPoint[] => {
      const known = byMark.get(resource);
      if (known?.kind !== kind) return [];
      return [
        {
          kind,
          resource: known.id,
          time: Date.parse(time),
          good: pieces.every(
            ({ inCloud, method }) =>
              inCloud === undefined ||
              (there.get(inCloud) ?? !isKnown[method === 'image' ? 'image' : 'volume']),
          ),
          pieces: pieces.map(({ of, method, inCloud, mayStay }) => ({
            of,
            method,
            left: inCloud === undefined,
            mayStay,
          })),
          ...(key && { key }),
        },
      ];
    }),
  );
}

/** The points that hold a point's data: for a server, those of its disks. */
function dataOf(point: RestorePoint, all: ReadonlyMap<string, RestorePoint>): RestorePoint[] {
  if (point.method !== 'disks') return [point];
  return point.resource.disks.flatMap((disk) => all.get(disk.point) ?? []);
}

function pieceOf(point: RestorePoint): Piece[] {
  switch (point.method) {
    case 'cinder-backup':
      return [backupPiece(factsOf(point))];
    case 'image':
      return [
        { of: 'volume', method: 'image', left: point.payload !== null, mayStay: mayStay(factsOf(point)) },
      ];
    case 'download':
      return [{ of: 'image', method: 'image', left: true, mayStay: false }];
    case 'kept':
      return [{ of: 'image', method: 'image', left: false, mayStay: false }];
    default:
      return [];
  }
}

function factsOf({ resource: { encryption, size } }: VolumePoint) {
  return { encrypted: encryption !== null, size };
}

/** Our backups, even if no manifest names them yet because their run is still going or was interrupted. */
function ofCloud(backups: readonly Backup[], stateOf: (backup: Backup) => State): SavedPoint[] {
  const isLost = lostAmong(backups);
  return backups.flatMap((backup): SavedPoint[] => {
    const tags = readTags(backup);
    if (tags === undefined || stateOf(backup).state !== 'whole' || isLost(backup, tags)) return [];
    return [
      {
        kind: 'volume',
        resource: backup.volumeId,
        time: Date.parse(backup.dataTimestamp),
        good: true,
        pieces: [backupPiece({ encrypted: tags.encrypted, size: backup.size })],
      },
    ];
  });
}

/** Whether a backup was left to the cloud and no run can record it. */
function lostAmong(backups: readonly Backup[]): (backup: Backup, tags: Tags) => boolean {
  const byPoint = new Map<string | undefined, readonly Backup[]>();
  const byVolume = new Map<string, readonly Backup[]>();
  return (backup, tags) => {
    if (!tags.handedOver || tags.state === 'recorded') return false;
    // Built only when needed: a project may have 100,000 backups.
    if (byPoint.size === 0) {
      for (const [point, all] of Map.groupBy(backups, ({ metadata }) => metadata[POINT_TAG]))
        byPoint.set(point, all);
      for (const [volume, all] of Map.groupBy(backups, ({ volumeId }) => volumeId)) byVolume.set(volume, all);
    }
    const same = byPoint.get(tags.point) ?? [];
    const near = [...new Set([...same, ...(byVolume.get(backup.volumeId) ?? [])])];
    return doubtOf(backup, tags, same) !== undefined || 'why' in adoptable({ backup, tags }, near);
  };
}

/**
 * The last failure of each resource and its time, by kind and id.
 *
 * @param receipts of manifests that this run cannot open
 */
export function failuresOf(
  manifests: readonly Manifest[],
  receipts: readonly Receipt[] = [],
  resources: readonly Resource[] = [],
): Map<string, { time: number; error: string }> {
  const failures = new Map<string, { time: number; error: string }>();
  const named = receipts.length === 0 ? [] : resources;
  const byMark = new Map(named.map((one) => [marked(one.kind, one.id), keyOf(one)]));
  for (const { started, failed } of receipts)
    for (const mark of failed) {
      const time = Date.parse(started);
      const key = byMark.get(mark);
      if (key !== undefined && (failures.get(key)?.time ?? 0) < time)
        failures.set(key, { time, error: 'the reason is in a sealed manifest' });
    }
  for (const { run, failed } of manifests)
    for (const failure of failed) {
      const [key, time] = [keyOf(failure), Date.parse(run.started)];
      const known = failures.get(key);
      if (known === undefined || known.time < time) failures.set(key, { time, error: failure.error });
    }
  return failures;
}
