import { OperationError, PlainError } from '../../errors.ts';
import type { SavedEncryption } from '../../manifest/schema.ts';
import { type Backup, listBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { getLimits } from '../../openstack/blockstorage/v3/limits.ts';
import type { Snapshot } from '../../openstack/blockstorage/v3/snapshots.ts';
import type { VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import { getVolumeEncryption, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import { type ChainDecision, decideChain, type Mode } from '../../plan/chain.ts';
import { type Need, type QuotaLine, quotaAfter } from '../../plan/quota.ts';
import { collect, pool } from '../../pool.ts';

/** What is to be done with one volume. */
export interface VolumePlan {
  readonly volume: Volume;
  readonly typeId: string | undefined;
  readonly encryption: SavedEncryption | null;
  readonly decision: Exclude<ChainDecision, { mode: 'impossible' }>;
  /** A snapshot of the volume that is backed up instead of the volume as it is now. */
  readonly snapshotId?: string;
}

export interface Refused {
  readonly volume: Volume;
  readonly error: PlainError;
}

export interface Preflight {
  readonly plans: readonly VolumePlan[];
  /** Volumes that cannot be backed up now. The others can. */
  readonly refused: readonly Refused[];
  readonly quota: readonly QuotaLine[];
}

export interface PreflightOptions {
  readonly mode: Mode;
  readonly maxChain: number;
}

/**
 * Looks at everything that could make a backup fail, and changes nothing.
 *
 * @param all the project's backups
 */
export async function preflight(
  client: ServiceClient,
  volumes: readonly Volume[],
  types: readonly VolumeType[],
  all: readonly Backup[],
  options: PreflightOptions,
): Promise<Preflight> {
  const backups = Map.groupBy(all, ({ volumeId }) => volumeId);
  const looked = await pool(volumes, 4, async (volume): Promise<VolumePlan | Refused> => {
    try {
      return await planVolume(client, volume, types, backups.get(volume.id) ?? [], options);
    } catch (error) {
      if (error instanceof PlainError) return { volume, error };
      throw error;
    }
  });
  const plans = looked.filter((item): item is VolumePlan => 'decision' in item);
  const quota = quotaAfter(await getLimits(client), needOf(plans));
  return { plans, refused: looked.filter((item): item is Refused => 'error' in item), quota };
}

/** What the plans need of the quota. */
export function needOf(plans: readonly VolumePlan[]): Need {
  return {
    backups: plans.length,
    backupGigabytes: plans.reduce((sum, { volume }) => sum + volume.size, 0),
  };
}

async function planVolume(
  client: ServiceClient,
  volume: Volume,
  types: readonly VolumeType[],
  backups: readonly Backup[],
  options: PreflightOptions,
): Promise<VolumePlan> {
  checkState(volume, backups);
  return {
    volume,
    typeId: typeIdOf(volume, types),
    encryption: await encryptionOf(client, volume),
    decision: decided(volume, backups, options),
  };
}

/**
 * The plan for a snapshot of the volume, instead of the volume as it is now: what was backed up after it was taken is no
 * parent for it.
 */
export async function planSnapshot(
  client: ServiceClient,
  plan: VolumePlan,
  snapshot: Snapshot,
  options: PreflightOptions,
): Promise<VolumePlan> {
  const backups = await collect(listBackups(client, { volumeId: plan.volume.id }));
  const decision = decided({ ...plan.volume, size: snapshot.size }, backups, options, snapshot.createdAt);
  return { ...plan, decision, snapshotId: snapshot.id };
}

/** @throws OperationError when an increment was asked for and cannot be had */
function decided(
  { id, size }: Volume,
  backups: readonly Backup[],
  { mode, maxChain }: PreflightOptions,
  snapshotAt?: string,
): VolumePlan['decision'] {
  const decision = decideChain(mode, backups, size, maxChain, snapshotAt);
  if (decision.mode !== 'impossible') return decision;
  throw new OperationError(
    `no increment of volume ${id} can be made: ${decision.reason}`,
    'Use mode auto, which makes a full backup then.',
  );
}

/** Cinder backs up volumes that are `available` or `in-use`, one backup of a volume at a time. */
function checkState(volume: Volume, backups: readonly Backup[]): void {
  const running = backups.find(({ status }) => status === 'creating');
  if (running !== undefined || volume.status === 'backing-up')
    throw new OperationError(
      `volume ${volume.id} is being backed up already${running === undefined ? '' : ` (backup ${running.id} since ${running.createdAt})`}`,
      'Wait until that is done. If it never ends, only the operator can reset it.',
    );
  if (volume.status !== 'available' && volume.status !== 'in-use')
    throw new OperationError(
      `volume ${volume.id} is ${volume.status}; only available and in-use volumes can be backed up`,
      volume.status.startsWith('error')
        ? 'Ask the operator to reset its state, or restore an earlier backup.'
        : 'Wait until the cloud is done with it.',
    );
}

/** From the volume itself from 3.63, before by the name. */
export function typeIdOf(volume: Volume, types: readonly VolumeType[]): string | undefined {
  return volume.volumeTypeId ?? types.find(({ name }) => name === volume.volumeType)?.id;
}

/** @throws OperationError when the key cannot be read */
export async function encryptionOf(client: ServiceClient, volume: Volume): Promise<SavedEncryption | null> {
  if (!volume.encrypted) return null;
  const encryption = await getVolumeEncryption(client, volume.id);
  const keyId = volume.encryptionKeyId ?? encryption.keyId;
  const hidden = keyId === undefined || /^[0-]+$/.test(keyId);
  const secret = hidden ? undefined : await readableKey(client.session, keyId, `volume ${volume.id}`);
  return {
    provider: encryption.provider ?? null,
    cipher: encryption.cipher ?? null,
    keySize: encryption.keySize ?? null,
    key: {
      id: hidden ? null : keyId,
      worth: 'cloud-only',
      secretType: secret?.secretType ?? null,
      algorithm: secret?.algorithm ?? null,
      bitLength: secret?.bitLength ?? null,
      mode: secret?.mode ?? null,
      expires: secret?.expiration ?? null,
    },
  };
}
