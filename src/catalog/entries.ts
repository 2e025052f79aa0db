import type { RestorePoint } from '../manifest/schema.ts';
import { GIB } from '../text/bytes.ts';
import type { Drilled } from './drilled.ts';
import type { Found } from './everything.ts';
import type { Inventory } from './inventory.ts';
import { takenIn } from './times.ts';
import type { Unnamed } from './unnamed.ts';
import type { Verified } from './verified.ts';
import { judgeBackups, type State } from './whole.ts';

/** A restore point in one line of a list. */
export interface Entry {
  /** When its data was taken, by the cloud's clock. ISO 8601. */
  readonly time: string;
  readonly kind: RestorePoint['resource']['kind'];
  readonly name: string;
  /** The resource's id. */
  readonly id: string;
  /** The restore point's id. */
  readonly point: string;
  readonly method: RestorePoint['method'];
  /** "full", "increment 3"; empty if it has no chain. */
  readonly chain: string;
  /** The size of the resource in bytes; undefined if unknown. */
  readonly size: number | undefined;
  readonly consistency: string;
  /** Whether its key was saved, and proved on the data; empty if the resource is not encrypted. */
  readonly key: string;
  /** Where the data is: the id of a backup or an image, the name of a payload. */
  readonly data: string;
  /** All places that have the manifest, as a restore's `manifest` names them. */
  readonly manifest: string;
  /** Why a restore would not trust the manifest; empty if it would. */
  readonly doubt: string;
  readonly project: string;
  /** The run's input `tag`; empty if it gave none. */
  readonly tags: readonly string[];
  /** Whether everything that it needs is there. */
  readonly state: State['state'];
  /** Why it is not whole; empty if it is. */
  readonly why: string;
  /** What `verify` found last; undefined if it never looked. */
  readonly verified?: Verified | undefined;
  /** What drills of it showed; undefined if there was none. */
  readonly drilled?: Drilled | undefined;
  /** How deep it is proved, if nothing newer of its resource is proved as deep: "L3". Pruning keeps it then. */
  readonly kept?: string;
}

/**
 * The restore points of a manifest.
 *
 * @param states by the id of the point; missing means unknown
 * @param verified by the id of the point
 * @param drilled by the id of the point
 */
export function entriesOf(
  { manifest, references, doubt }: Found,
  states: ReadonlyMap<string, State> = new Map(),
  verified: ReadonlyMap<string, Verified> = new Map(),
  drilled: ReadonlyMap<string, Drilled> = new Map(),
): Entry[] {
  const { restorePoints, cloud } = manifest;
  const sizes = new Map(restorePoints.map((point) => [point.id, sizeOf(point)]));
  const takenAt = takenIn(manifest);
  const places = references.join(', ');
  return restorePoints.map((point) => {
    const { id, method, resource } = point;
    return {
      time: takenAt(point),
      kind: resource.kind,
      name: resource.name,
      id: resource.id,
      point: id,
      method,
      chain: chainOf(point),
      size: method === 'disks' ? sumOf(resource.disks.map((disk) => sizes.get(disk.point))) : sizes.get(id),
      consistency: 'consistency' in point ? point.consistency : '',
      key: keyAsProved(keyOf(point), drilled.get(id)),
      data: dataOf(point),
      manifest: places,
      doubt: doubt?.what ?? '',
      project: cloud.project.id,
      tags: point.tags ?? [],
      ...(states.get(id) ?? UNKNOWN),
      verified: verified.get(id),
      drilled: drilled.get(id),
    };
  });
}

const UNKNOWN = { state: 'unknown', why: 'not checked' } as const;

/**
 * Restore points that no manifest lists: only our tags in the cloud describe them.
 *
 * @param found from the same inventory
 */
export function unnamedEntries(inventory: Inventory, found: readonly Unnamed[]): Entry[] {
  const stateOf = judgeBackups(inventory);
  const common = { consistency: '', key: '', manifest: '', doubt: '', project: inventory.cloud.project.id };
  return found.map((one): Entry => {
    if (one.kind === 'image') {
      const { id, name, size, createdAt, status } = one.image;
      const state: State =
        status === 'active'
          ? { state: 'whole', why: '' }
          : { state: 'broken', why: `image ${id} is ${status}` };
      const volume = { kind: 'volume', name: withoutTime(name), id: '' } as const;
      const data = { time: createdAt, point: one.point, method: 'image', chain: '', size, data: id } as const;
      return { ...common, ...volume, ...data, tags: [], ...state };
    }
    const { backup, tags } = one;
    return {
      ...common,
      time: backup.dataTimestamp,
      kind: 'volume',
      name: withoutTime(backup.name),
      id: backup.volumeId,
      point: tags.point,
      method: 'cinder-backup',
      chain: placeIn(tags.position),
      size: backup.size * GIB,
      data: backup.id,
      tags: tags.pointTags,
      ...stateOf(backup),
    };
  });
}

/** Backups and kept images have the name of their volume, followed by the time. */
export function withoutTime(name: string): string {
  return name.replace(/ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, '');
}

function chainOf(point: RestorePoint): string {
  if (point.method !== 'cinder-backup') return '';
  return placeIn(point.chain.position);
}

function placeIn(position: number): string {
  return position === 0 ? 'full' : `increment ${position}`;
}

function sizeOf({ resource }: RestorePoint): number | undefined {
  if (resource.kind === 'volume') return resource.size * GIB;
  return resource.kind === 'image' ? resource.size : undefined;
}

function sumOf(sizes: readonly (number | undefined)[]): number | undefined {
  return sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
}

function keyOf({ resource }: RestorePoint): string | undefined {
  return 'encryption' in resource ? resource.encryption?.key.worth : undefined;
}

/** A drill may have seen the saved key open the data that came back. */
function keyAsProved(worth: string | undefined, drilled: Drilled | undefined): string {
  return worth === 'sealed, unproved' && drilled?.keyProved === true ? 'sealed, proved' : (worth ?? '');
}

function dataOf(point: RestorePoint): string {
  switch (point.method) {
    case 'cinder-backup':
      return point.backup.id;
    case 'image':
      return point.payload === null ? point.image.id : point.payload.name;
    case 'kept':
      return point.resource.id;
    case 'download':
    case 'sealed':
    case 'plaintext':
      return point.payload.name;
    case 'disks':
      return point.resource.disks.map((disk) => disk.point).join(', ');
  }
}
