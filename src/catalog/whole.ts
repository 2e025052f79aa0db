import { gapIn } from '../chain/chain.ts';
import { readTags } from '../chain/tags.ts';
import type { Key, Manifest, Payload, RestorePoint, VolumeBackupPoint } from '../manifest/schema.ts';
import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import type { Image } from '../openstack/image/v2/images.ts';
import { KEY_ID } from '../openstack/image/v2/properties.ts';
import { quoted } from '../text/escape.ts';
import type { Inventory } from './inventory.ts';
import { type KeptImage, keptFault } from './kept-image.ts';

/** Whether everything that a restore point needs is there. */
export type State =
  | { readonly state: 'whole'; readonly why: '' }
  /** Something that it needs is gone or damaged. */
  | { readonly state: 'broken'; readonly why: string }
  /** It could not be checked. */
  | { readonly state: 'unknown'; readonly why: string };

/** The payloads of a place, listed once. */
export interface Shelf {
  /** As the input `store` names it. */
  readonly place: string;
  /** Bytes, by name; undefined if the place could not be listed. */
  readonly sizes: ReadonlyMap<string, number> | undefined;
  /** When each was stored, by its name. Milliseconds, by the place's clock. */
  readonly modified?: ReadonlyMap<string, number>;
  /** Why the place could not be listed. */
  readonly unknown: string;
  /** What maps lack of their objects, by the map's name. */
  readonly lacking?: ReadonlyMap<string, string>;
  /** The object that a map names and a look at another point saw damaged, by the map's name. */
  readonly tainted?: ReadonlyMap<string, string>;
}

export interface Seen {
  /** Undefined if no cloud was asked. */
  readonly inventory: Inventory | undefined;
  /** Undefined if no store is given. */
  readonly shelf: Shelf | undefined;
  /** What `verify` last saw wrong, by the point's id. */
  readonly faults?: ReadonlyMap<string, string>;
}

export const NOT_ASKED = 'no cloud was asked';

const WHOLE: State = { state: 'whole', why: '' };
const broken = (why: string): State => ({ state: 'broken', why });
const unknown = (why: string): State => ({ state: 'unknown', why });

/** Judges the restore points of a manifest, by their ids. Builds its indexes once, for all manifests. */
export function judge(seen: Seen): (manifest: Manifest) => ReadonlyMap<string, State> {
  const cloud = seen.inventory && indexOf(seen.inventory);
  return (manifest) => {
    const states = new Map<string, State>();
    const points = new Map(manifest.restorePoints.map((point) => [point.id, point]));
    const stateOf = (point: RestorePoint): State => {
      const known = states.get(point.id);
      if (known !== undefined) return known;
      const fault = seen.faults?.get(point.id);
      const state = fault === undefined ? judged(point) : broken(`\`verify\` saw it damaged: ${fault}`);
      states.set(point.id, state);
      return state;
    };
    const stateOfId = (id: string): State => {
      const point = points.get(id);
      return point === undefined ? broken(`restore point ${id} is not in its manifest`) : stateOf(point);
    };
    const inCloud = (part: 'backups' | 'images', look: (cloud: Index) => State): State => {
      const why = notToldBy(seen.inventory, manifest, part);
      return why === undefined && cloud !== undefined ? look(cloud) : unknown(why ?? '');
    };
    const stored = (payload: Payload, encryption: { readonly key: Key } | null = null): State =>
      all([onShelf(payload, seen.shelf), encryption === null ? WHOLE : keyState(encryption.key)]);
    const keyState = ({ point }: Key): State =>
      point === undefined
        ? broken('it is encrypted, but its key was not saved')
        : because('its key', stateOfId(point));
    const judged = (point: RestorePoint): State => {
      switch (point.method) {
        case 'cinder-backup':
          return inCloud('backups', (index) => backupState(point, index));
        case 'image': {
          const { payload, image, resource } = point;
          if (payload !== null) return stored(payload, resource.encryption);
          return inCloud('images', (index) => imageState(image, index, image.keyId));
        }
        case 'kept':
          return inCloud('images', (index) => imageState(point.resource, index));
        case 'download':
          return stored(point.payload, point.resource.encryption);
        case 'sealed':
        case 'plaintext':
          return stored(point.payload);
        case 'disks':
          return all(
            point.resource.disks.map((disk) => {
              const name = points.get(disk.point)?.resource.name;
              return because(
                `its disk ${quoted(name || (disk.volume ?? disk.point))}`,
                stateOfId(disk.point),
              );
            }),
          );
      }
    };
    for (const point of manifest.restorePoints) stateOf(point);
    return states;
  };
}

/** Why the cloud that was asked cannot tell; undefined if it can tell. */
function notToldBy(
  inventory: Inventory | undefined,
  { cloud: then }: Manifest,
  part: 'backups' | 'images',
): string | undefined {
  if (inventory === undefined) return NOT_ASKED;
  const now = inventory.cloud;
  if (then.project.id !== now.project.id)
    return `it is in project ${quoted(then.project.name)} (${then.project.id}), which was not checked`;
  if (then.region !== now.region) return `it is in region ${quoted(then.region)}, which was not checked`;
  if (inventory[part] !== undefined) return undefined;
  return inventory.unknown[part] ?? `the cloud was not asked for its ${part}`;
}

interface Index {
  readonly backups: ReadonlyMap<string, Backup>;
  /** The backups that may be in a chain. */
  readonly byVolume: ReadonlyMap<string, readonly Backup[]>;
  readonly images: ReadonlyMap<string, Image>;
}

function indexOf({ backups = [], images = [] }: Inventory): Index {
  // A restore only reads the backup.
  const settled = backups.map((backup) =>
    backup.status === 'restoring' ? { ...backup, status: 'available' } : backup,
  );
  return {
    backups: new Map(settled.map((backup) => [backup.id, backup])),
    byVolume: Map.groupBy(settled, ({ volumeId }) => volumeId),
    images: new Map(images.map((image) => [image.id, image])),
  };
}

function backupState({ backup: saved, chain, resource }: VolumeBackupPoint, cloud: Index): State {
  const backup = cloud.backups.get(saved.id);
  if (backup === undefined) return broken(`backup ${saved.id} is gone`);
  if (backup.status !== 'available') return broken(`backup ${backup.id} is ${backup.status}`);
  if (backup.size !== saved.size || backup.volumeId !== resource.id)
    return broken(`backup ${backup.id} is not the one that was saved`);
  return chainState(backup, chain.parent ?? undefined, cloud);
}

/** Judges backups that no manifest names, so by their tags alone. */
export function judgeBackups(inventory: Inventory): (backup: Backup) => State {
  const cloud = indexOf(inventory);
  return ({ id }) => {
    const backup = cloud.backups.get(id);
    if (backup === undefined) return broken(`backup ${id} is gone`);
    if (backup.status === 'creating') return unknown(`backup ${id} is being made`);
    return backup.status === 'available'
      ? chainState(backup, undefined, cloud)
      : broken(`backup ${id} is ${backup.status}`);
  };
}

/** @param recorded the parent that a manifest names; the backup's tags take precedence */
function chainState(backup: Backup, recorded: string | undefined, cloud: Index): State {
  const tags = readTags(backup);
  if (tags !== undefined) {
    const gap = gapIn(tags, backup, cloud.byVolume.get(backup.volumeId) ?? []);
    return gap === undefined ? WHOLE : broken(gap);
  }
  // Clouds that keep no metadata of backups show no tags.
  if (recorded === undefined) return WHOLE;
  const parent = cloud.backups.get(recorded);
  if (parent === undefined) return broken(`backup ${recorded}, which ${backup.id} needs, is gone`);
  return parent.status === 'available'
    ? WHOLE
    : broken(`backup ${recorded}, which ${backup.id} needs, is ${parent.status}`);
}

/** @param keyId the id of its key when it was saved, null for no key; undefined if it was not recorded */
function imageState(saved: KeptImage, cloud: Index, keyId?: string | null): State {
  const image = cloud.images.get(saved.id);
  if (image === undefined) return broken(`image ${saved.id} is gone`);
  const fault = keptFault(saved, image);
  if (fault !== undefined) return broken(`image ${saved.id} ${fault}`);
  return keyId === undefined || (image.properties[KEY_ID] ?? null) === keyId
    ? WHOLE
    : broken(`image ${saved.id} names a different key than when it was saved`);
}

function onShelf({ name, place, stored }: Payload, shelf: Shelf | undefined): State {
  if (shelf === undefined)
    return unknown(`payload ${name} is in ${place ?? 'its store'}, but no \`store\` is given`);
  if (shelf.sizes === undefined) return unknown(shelf.unknown);
  const size = shelf.sizes.get(name);
  if (size === stored.size) return objectsState(name, shelf);
  if (size !== undefined)
    return broken(
      `payload ${name} in ${shelf.place} has ${size} bytes, but ${stored.size} were stored there`,
    );
  return place === undefined || place === shelf.place
    ? broken(`payload ${name} is not in ${shelf.place}`)
    : unknown(`payload ${name} was stored in ${place}, but \`store\` is ${shelf.place}`);
}

/** @param map whose name it is, if it is one */
function objectsState(map: string, { place, lacking, tainted }: Shelf): State {
  const why = lacking?.get(map);
  if (why !== undefined) return broken(`of payload ${map} in ${place}, ${why}`);
  const object = tainted?.get(map);
  if (object === undefined) return WHOLE;
  return broken(
    `\`verify\` of another restore point saw ${object} in ${place} damaged, which this one needs too: verify this one, or back up with \`refresh: 1\``,
  );
}

function because(what: string, state: State): State {
  return state.state === 'whole' ? state : { ...state, why: `${what}: ${state.why}` };
}

/** The worst of these states: broken, then unknown. */
function all(states: readonly State[]): State {
  return (
    states.find(({ state }) => state === 'broken') ?? states.find(({ state }) => state === 'unknown') ?? WHOLE
  );
}
