import type { Marks } from '../../chain/marks.ts';
import type { Environment } from '../../environment.ts';
import { messageOf } from '../../errors.ts';
import type { SecretPoint, VolumeBackupPoint, VolumePoint } from '../../manifest/schema.ts';
import { watchBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { getVolume } from '../../openstack/blockstorage/v3/volumes.ts';
import { CloudError } from '../../openstack/errors.ts';
import { glanceRefuses } from '../../temporaries/image-probe.ts';
import { quoted } from '../../text/escape.ts';
import type { Started } from '../kind.ts';
import { savedKey } from '../secret/record.ts';
import { type SavedKey, saveSecret, withKey } from '../secret/save.ts';
import type { SavingWishes, VolumeBackupPlan, VolumeBackupWishes } from './plan.ts';
import {
  type BackupPlan,
  type CinderSaving,
  NoBackupService,
  notAsked,
  saveThroughCinder,
  startThroughCinder,
} from './through-cinder.ts';
import { type ImageSaving, saveThroughImage } from './through-image.ts';

/** What the volumes of one run share. */
export interface VolumeSaving extends CinderSaving, ImageSaving {
  /** Whether a volume may be saved as an image if no backup service answers. */
  readonly otherwiseImage: boolean;
  /** For all of the run: if no backup service answered for one volume, the others do not ask it. */
  readonly backupService: { answers: boolean };
  /** Whether this cloud's Glance takes images with a LUKS2 header. It is asked once. */
  takesLuks2(): Promise<boolean>;
}

export interface SavedVolumePoints<P = VolumePoint> {
  /** To be recorded before the volume, which refers to it. */
  readonly key: SecretPoint | undefined;
  readonly point: P;
}

export async function beginVolumes(
  environment: Environment,
  wishes: Pick<SavingWishes, 'method' | 'payloads' | 'tags'> & Pick<VolumeBackupWishes, 'unlessSince'>,
  marks: Marks,
): Promise<VolumeSaving> {
  const { method, payloads, tags, unlessSince } = wishes;
  const client = await environment.session.service('block-storage');
  let asked: Promise<boolean> | undefined;
  return {
    ...environment,
    client,
    backups: watchBackups(client),
    marks,
    tags,
    unlessSince,
    payloads,
    otherwiseImage: method === 'auto',
    backupService: { answers: true },
    takesLuks2() {
      asked ??= takesLuks2(environment);
      return asked;
    },
  };
}

/** Magic and version, then zeros: Glance needs no more to refuse it. */
const LUKS2 = Buffer.concat([Buffer.from('4c554b53babe0002', 'hex'), Buffer.alloc(4088)]);

async function takesLuks2(environment: Environment): Promise<boolean> {
  try {
    return !(await glanceRefuses(environment, { head: LUKS2, diskFormat: 'raw', containerFormat: 'bare' }));
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    environment.log.warn(
      `cannot find out whether the cloud accepts LUKS2 images, so such volumes are saved as Cinder backups: ${messageOf(error)}`,
    );
    return false;
  }
}

const TAKEN = 'a store is given, and Glance accepted a LUKS2 header';
const NOBODY_ANSWERS = 'no backup service answers';

/** Saves a volume as its plan says, or as an image if that turns out to be the only way. */
export function saveVolume(plan: VolumeBackupPlan, saving: VolumeSaving): Promise<SavedVolumePoints> {
  return saveBy(saveThroughCinder, plan, saving);
}

/**
 * The same, but nobody waits for a Cinder backup. The run saves the key before it requests the backup: a key goes with
 * its volume, which may be gone when a later run records the backup.
 */
export function startVolume(
  plan: VolumeBackupPlan,
  saving: VolumeSaving,
): Promise<SavedVolumePoints<VolumePoint | Started>> {
  return saveBy(startThroughCinder, plan, saving);
}

type ThroughCinder<P> = (plan: BackupPlan, saving: CinderSaving) => Promise<P>;

async function saveBy<P extends VolumeBackupPoint | Started>(
  through: ThroughCinder<P>,
  plan: VolumeBackupPlan,
  saving: VolumeSaving,
): Promise<SavedVolumePoints<VolumePoint | P>> {
  const { decision, volume } = plan;
  const { backupService, otherwiseImage } = saving;
  if (decision.mode === 'image') return saveThroughImage({ ...plan, reason: decision.reason }, saving);
  if (plan.imageIfTaken && (await saving.takesLuks2()))
    return saveThroughImage({ ...plan, reason: TAKEN }, saving);
  if (plan.unanswered !== undefined) {
    backupService.answers = false;
    if (!otherwiseImage) throw notAsked(volume, plan.unanswered);
  }
  if (otherwiseImage && !backupService.answers)
    return saveThroughImage({ ...plan, reason: NOBODY_ANSWERS }, saving);
  try {
    return await backUp(through, { ...plan, decision }, saving);
  } catch (error) {
    if (!(error instanceof NoBackupService)) throw error;
    backupService.answers = false;
    if (!otherwiseImage) throw error;
    // A volume that hangs in `backing-up` can be saved in no other way.
    const now = await getVolume(saving.client, volume.id);
    if (now.status !== 'available' && now.status !== 'in-use') throw error;
    saving.log.warn(`${error.message}; volume ${quoted(volume.name)} is saved as an image`);
    return saveThroughImage({ ...plan, reason: NOBODY_ANSWERS }, saving);
  }
}

/** With recipients and a store, the key is saved too, although nobody can try it on the data of the backup. */
async function backUp<P extends VolumeBackupPoint | Started>(
  through: ThroughCinder<P>,
  plan: BackupPlan,
  saving: VolumeSaving,
): Promise<SavedVolumePoints<VolumePoint | P>> {
  const key = await keyOf(plan, saving);
  const point = await withKey(key, saving.payloads, () => through(plan, saving));
  if (point.method !== 'started') return withSavedKey(point, key);
  return { key: key && { ...key.point, neededBy: point.point }, point };
}

/** The point, and what its key refers to. */
export function withSavedKey(
  point: VolumeBackupPoint,
  key: SavedKey | undefined,
): SavedVolumePoints<VolumeBackupPoint> {
  const { encryption } = point.resource;
  if (key === undefined || encryption === null) return { key: undefined, point };
  const sealed = { ...encryption, key: savedKey(key.point, 'sealed, unproved') };
  return { key: key.point, point: { ...point, resource: { ...point.resource, encryption: sealed } } };
}

/** The volume's key, saved where keys are sealed; undefined if there is none, or nobody to seal it to. */
export async function keyOf(
  { encryption, volume }: Pick<VolumeBackupPlan, 'encryption' | 'volume'>,
  saving: Pick<VolumeSaving, 'session' | 'clock' | 'signal' | 'payloads'>,
): Promise<SavedKey | undefined> {
  const keyId = encryption?.key.id ?? undefined;
  const { payloads } = saving;
  if (keyId === undefined || payloads?.sealed !== true) return undefined;
  const usedBy = [{ kind: 'volume' as const, id: volume.id, name: volume.name }];
  return saveSecret(keyId, usedBy, saving, payloads);
}
