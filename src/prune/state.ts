import { POINT_PROPERTY } from '../catalog/kept-image.ts';
import { verifiedWords } from '../catalog/verified.ts';
import { readTags } from '../chain/tags.ts';
import type { Cloud, CloudBackup, CloudImage } from './cloud.ts';
import { keyOf, type Saved } from './point.ts';

/** The state of a restore point, by its data. */
export interface State {
  /** `lost`: its data is gone, or was never complete. */
  readonly state: 'good' | 'running' | 'failed' | 'lost' | 'unknown';
  /** Why it stays, whatever the rules say. */
  readonly doubt: string | undefined;
}

const GOOD: State = { state: 'good', doubt: undefined };
const unsure = (state: State['state'], doubt: string): State => ({ state, doubt });

/** The state of each point's own data, by the point's id. Ignores what the point needs. */
export function ownStates(points: readonly Saved[], cloud: Cloud): Map<string, State> {
  const backups = new Map(cloud.backups.map((backup) => [backup.id, backup]));
  const images = new Map(cloud.images.map((image) => [image.id, image]));
  return new Map(points.map((point) => [point.id, seen(point, ownState(point))]));

  function ownState(point: Saved): State {
    const { data } = point;
    if (data === undefined) return point.image === undefined ? GOOD : imageOfUser(point.image);
    if (cloud.lost.has(keyOf(data))) return { state: 'lost', doubt: undefined };
    switch (data.kind) {
      case 'backup':
        return backupState(point, data, backups.get(data.id));
      case 'image':
        return imageState(point, data.id, images.get(data.id), cloud.readsImages);
      case 'payload':
        return payloadState(point, data.name);
    }
  }

  function payloadState({ pruned }: Saved, name: string): State {
    if (cloud.stored?.has(name) !== true)
      return unsure('good', 'its data is in a store that was not given: give `store`');
    const lacks = cloud.lacking?.get(name);
    if (lacks === undefined) return GOOD;
    // It fills no place. Some of it may still be had, so only a person lets it go.
    return { state: 'failed', doubt: pruned === undefined ? lacks : undefined };
  }

  function imageOfUser(id: string): State {
    return cloud.lost.has(`image ${id}`) ? { state: 'lost', doubt: undefined } : GOOD;
  }
}

/** Damaged data fills no place. Most of it can still be had, so only a person lets it go. */
function seen({ verified, pruned }: Saved, state: State): State {
  const isDamaged = state.state === 'good' && verified?.fault !== undefined;
  if (!isDamaged) return state;
  return { state: 'failed', doubt: pruned === undefined ? verifiedWords(verified) : state.doubt };
}

const BUSY = new Set(['creating', 'deleting']);
const BROKEN = new Set(['error', 'error_deleting']);

function backupState(
  point: Saved,
  { id, volume }: { readonly id: string; readonly volume: string },
  backup: CloudBackup | undefined,
): State {
  if (backup === undefined) return unsure('unknown', `the cloud does not show backup ${id}`);
  const { status } = backup;
  if (!isProvedOurs(point, volume, backup))
    return unsure(
      status === 'available' ? 'good' : 'unknown',
      `backup ${id} does not have the tags of this point`,
    );
  if (status === 'available') return GOOD;
  if (status === 'restoring') return unsure('good', `backup ${id} is being restored`);
  if (BUSY.has(status)) return { state: 'running', doubt: undefined };
  return BROKEN.has(status)
    ? { state: 'failed', doubt: undefined }
    : unsure('unknown', `backup ${id} is ${status}`);
}

function imageState(point: Saved, id: string, image: CloudImage | undefined, readsImages: boolean): State {
  if (image === undefined) return unsure('unknown', `the cloud does not show image ${id}`);
  const { status, properties } = image;
  const state = status === 'active' ? 'good' : 'unknown';
  if (properties[POINT_PROPERTY] !== point.id)
    return unsure(state, `image ${id} does not have the record of this point`);
  if (state !== 'good') return unsure(state, `image ${id} is ${status}`);
  return readsImages
    ? unsure(state, 'a volume is being made from an image, and the cloud does not say from which one')
    : GOOD;
}

/**
 * The tags must name both this backup and this point, since another backup may carry a copy. Those of a backup that no
 * run could record name no backup.
 */
export function isProvedOurs(
  point: Pick<Saved, 'id' | 'isUnrecorded'>,
  volume: string,
  backup: Pick<CloudBackup, 'id' | 'volumeId' | 'metadata'>,
): boolean {
  if (backup.volumeId !== volume) return false;
  const tags = readTags(backup);
  if (tags?.point !== point.id) return false;
  return tags.backup === backup.id || (point.isUnrecorded === true && tags.state === 'started');
}
