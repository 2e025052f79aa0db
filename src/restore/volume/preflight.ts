import { InputError, OperationError } from '../../errors.ts';
import { type Backup, getBackup, listBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { getLimits } from '../../openstack/blockstorage/v3/limits.ts';
import { listVolumeTypes, type VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import { gapIn } from '../../plan/chain.ts';
import { type QuotaLine, quotaAfter, quotaSentence } from '../../plan/quota.ts';
import { collect } from '../../pool.ts';
import { readTags } from '../../temporaries/backup-tags.ts';
import { quoted } from '../../text/escape.ts';
import { knownEncryption } from './encryption-fit.ts';
import { type OverwritePlan, planOverwrite } from './overwrite.ts';
import type { RestoreSource } from './source.ts';

export interface RestoreWishes {
  /** Id or name of a volume to write over. */
  readonly to: string | undefined;
  readonly overwrite: boolean;
  readonly name: string | undefined;
  /** Id or name of a volume type. */
  readonly type: string | undefined;
  readonly availabilityZone: string | undefined;
}

export type RestorePlan = NewVolumePlan | OverwritePlan;

export interface NewVolumePlan {
  readonly kind: 'new';
  readonly source: RestoreSource;
  readonly name: string;
  readonly type: VolumeType | undefined;
  /** Whether the type is known to be encrypted exactly as the backup: then one request makes and fills the volume. */
  readonly typeIsProven: boolean;
  readonly availabilityZone: string | undefined;
  readonly quota: readonly QuotaLine[];
}

/**
 * Decides how to restore, and refuses what would destroy or hide data. Changes nothing.
 *
 * @throws InputError or OperationError
 */
export async function planRestore(
  client: ServiceClient,
  source: RestoreSource,
  wishes: RestoreWishes,
): Promise<RestorePlan> {
  await checkBackup(client, source);
  const types = await listVolumeTypes(client);
  return wishes.to === undefined
    ? planNew(client, source, wishes, types)
    : planOverwrite(client, source, wishes, wishes.to, types);
}

async function checkBackup(client: ServiceClient, source: RestoreSource): Promise<void> {
  const backup = await getBackup(client, source.backupId).catch((error: unknown) => {
    if (!hasStatus(error, 404)) throw error;
    throw new OperationError(
      `backup ${source.backupId} is gone from the cloud: the manifest alone cannot bring the volume back`,
      'Take an earlier or later restore point.',
      error,
    );
  });
  if (backup.status !== 'available')
    throw new OperationError(
      `backup ${backup.id} is ${backup.status}, and only an available one can be restored`,
      backup.status === 'restoring'
        ? 'Another restore reads it: wait until that is done.'
        : 'Take another restore point.',
    );
  if (backup.size > source.size)
    throw new InputError(
      `backup ${backup.id} is of ${backup.size} GiB, and the manifest says ${source.size}`,
      'The manifest was altered, or is of another cloud.',
    );
  if (backup.volumeId !== source.volumeId)
    throw new InputError(
      `backup ${backup.id} is of volume ${backup.volumeId}, and the manifest says ${source.volumeId}`,
      'The manifest was altered, or is of another cloud.',
    );
  await checkChain(client, backup);
  if (source.encrypted && backup.encryptionKeyId !== undefined)
    await readableKey(client.session, backup.encryptionKeyId, `backup ${backup.id}`);
}

/** Cinder notices a missing link only after it has begun to write. */
async function checkChain(client: ServiceClient, backup: Backup): Promise<void> {
  const tags = readTags(backup);
  if (tags === undefined || tags.position === 0) return;
  const gap = gapIn(tags, backup, await collect(listBackups(client, { volumeId: backup.volumeId })));
  if (gap !== undefined)
    throw new OperationError(
      `the chain of backup ${backup.id} is broken: ${gap}`,
      'Take a restore point of another chain.',
    );
}

async function planNew(
  client: ServiceClient,
  source: RestoreSource,
  wishes: RestoreWishes,
  types: readonly VolumeType[],
): Promise<NewVolumePlan> {
  if (wishes.overwrite)
    throw new InputError(
      '`overwrite` needs `to`',
      'Name the volume to write over, or leave overwrite out to restore to a new volume.',
    );
  const type = chooseType(source, wishes.type, types);
  if (type !== undefined && type.id !== source.typeId) await refuseKnownMismatch(client, source, type);
  const quota = quotaAfter(await getLimits(client), { volumes: 1, gigabytes: source.size });
  const over = quota.filter(({ fits }) => !fits);
  if (over.length > 0)
    throw new OperationError(
      `the quota is too small for the restored volume: ${quotaSentence(over)}`,
      'Delete volumes or snapshots, or ask the operator for more. Nothing was touched.',
    );
  return {
    kind: 'new',
    source,
    // Cinder takes a volume without a name for one of its own making, and changes its description.
    name: wishes.name ?? (source.name || `restored ${source.backupId}`),
    type,
    typeIsProven: type !== undefined && type.id === source.typeId,
    availabilityZone: wishes.availabilityZone ?? source.availabilityZone,
    quota,
  };
}

async function refuseKnownMismatch(
  client: ServiceClient,
  source: RestoreSource,
  type: VolumeType,
): Promise<void> {
  const known = await knownEncryption(client, type);
  if (known === undefined) return;
  const mismatch = encryptionMismatch(source.encrypted, known.encrypted, type.name);
  if (mismatch !== undefined) throw new InputError(mismatch.what, mismatch.hint);
}

export function encryptionMismatch(
  backup: boolean,
  volume: boolean,
  type: string,
): { readonly what: string; readonly hint: string } | undefined {
  if (backup === volume) return undefined;
  return backup
    ? {
        what: `volume type ${type} is not encrypted, and the backup is`,
        hint: 'Give the very type that the volume had with `type`.',
      }
    : {
        what: `volume type ${type} is encrypted, and the backup is not`,
        hint: 'Choose a type without encryption with `type`: Cinder would write the data in clear and throw the key away.',
      };
}

/**
 * The type of the new volume. Cinder restores encrypted data only to the very type that it came from, by id, and finds
 * that out after the target's data is gone: `_restore_vol_encryption_meta` in
 * https://github.com/openstack/cinder/blob/master/cinder/backup/driver.py
 */
export function chooseType(
  source: RestoreSource,
  wish: string | undefined,
  types: readonly VolumeType[],
): VolumeType | undefined {
  const recorded = types.find(({ id }) => id === source.typeId);
  const wished = wish === undefined ? undefined : typeNamed(wish, types);
  if (source.encrypted) {
    if (source.typeId === undefined) {
      if (wished !== undefined) return wished;
      throw new InputError(
        `backup ${source.backupId} is encrypted, and the type of its volume is not known: no manifest, no tags, and the volume is gone`,
        `Give the volume type that volume ${source.volumeId} had with \`type\`: any other ends in error_restoring.`,
      );
    }
    if (recorded === undefined)
      throw new OperationError(
        `volume type ${source.typeName ?? ''} (${source.typeId}) is gone, and Cinder restores an encrypted backup to that very type only`,
        'Ask the operator; a new type with the same settings has another id and does not do.',
      );
    if (wished !== undefined && wished.id !== recorded.id)
      throw new InputError(
        `the backup is of an encrypted volume of type ${recorded.name} (${recorded.id}), and cannot be restored to type ${wished.name} (${wished.id})`,
        'Leave `type` out. Cinder would notice only after the data is written, and leave the volume in error_restoring.',
      );
    return recorded;
  }
  if (wished !== undefined) return wished;
  if (recorded === undefined && source.typeId !== undefined)
    throw new InputError(
      `volume type ${source.typeName ?? ''} (${source.typeId}) is not there any more`,
      `Choose another with \`type\`: ${types.map(({ name }) => name).join(', ')}.`,
    );
  return recorded;
}

/** @throws InputError that lists what there is */
export function typeNamed(wish: string, types: readonly VolumeType[]): VolumeType {
  const found = types.find(({ id }) => id === wish) ?? types.find(({ name }) => name === wish);
  if (found === undefined)
    throw new InputError(
      `there is no volume type ${quoted(wish)}`,
      `There are: ${types.map(({ name }) => name).join(', ')}.`,
    );
  return found;
}
