import type { SecretPoint, VolumePoint } from '../../manifest/schema.ts';
import { getVolume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Session } from '../../openstack/connection.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { quoted } from '../../text/escape.ts';
import { savedKey } from '../secret/record.ts';
import { type SavedKey, saveSecret } from '../secret/save.ts';
import { NoBackupService, type SaveTools, saveVolume } from './through-cinder.ts';
import { type ImageTools, saveThroughImage } from './through-image.ts';
import type { VolumePlan } from './volume-plan.ts';

export interface EitherTools extends SaveTools, ImageTools {
  readonly session: Session;
  /** Whether a volume may go as an image where no backup service answers. */
  readonly otherwiseImage: boolean;
  /** Of the whole run: when no backup service answered for one volume, the others do not ask it. */
  readonly backupService: { answers: boolean };
}

export interface SavedEitherWay {
  /** To be recorded before the volume, which refers to it. */
  readonly key: SecretPoint | undefined;
  readonly point: VolumePoint;
}

const NOBODY_ANSWERS = 'no backup service of the cloud answers';

/** Saves a volume the way that its plan says; as an image also where that turns out to be the only way. */
export async function saveEitherWay(plan: VolumePlan, tools: EitherTools): Promise<SavedEitherWay> {
  const { decision, volume } = plan;
  const { backupService, otherwiseImage } = tools;
  if (decision.mode === 'image') return saveThroughImage({ ...plan, reason: decision.reason }, tools);
  if (otherwiseImage && !backupService.answers)
    return saveThroughImage({ ...plan, reason: NOBODY_ANSWERS }, tools);
  try {
    return await backUp({ ...plan, decision }, tools);
  } catch (error) {
    if (!(error instanceof NoBackupService)) throw error;
    backupService.answers = false;
    if (!otherwiseImage) throw error;
    // One that hangs in `backing-up` can be saved no other way.
    const now = await getVolume(tools.client, volume.id);
    if (now.status !== 'available' && now.status !== 'in-use') throw error;
    tools.log.warn(`${error.message}; volume ${quoted(volume.name)} is saved as an image`);
    return saveThroughImage({ ...plan, reason: NOBODY_ANSWERS }, tools);
  }
}

/** With recipients and a store the key is saved too, though nobody can try it on the backup's data. */
async function backUp(plan: Parameters<typeof saveVolume>[0], tools: EitherTools): Promise<SavedEitherWay> {
  const key = await keyOf(plan, tools);
  try {
    const point = await saveVolume(plan, tools);
    const { encryption } = point.resource;
    if (key === undefined || encryption === null) return { key: undefined, point };
    const sealed = { ...encryption, key: savedKey(key.point, 'sealed, unproved') };
    return { key: key.point, point: { ...point, resource: { ...point.resource, encryption: sealed } } };
  } catch (error) {
    if (key !== undefined) await tools.payloads?.remove(key.point.payload);
    throw error;
  }
}

async function keyOf(
  { encryption, volume }: Pick<VolumePlan, 'encryption' | 'volume'>,
  { payloads, session, clock, signal }: EitherTools,
): Promise<SavedKey | undefined> {
  const keyId = encryption?.key.id ?? undefined;
  if (keyId === undefined || !sealsKeys(payloads)) return undefined;
  const usedBy = [{ kind: 'volume' as const, id: volume.id, name: volume.name }];
  return saveSecret(keyId, usedBy, { session, payloads, clock, signal });
}

function sealsKeys(payloads: PayloadStore | undefined): payloads is PayloadStore {
  return payloads?.sealed === true;
}
