import { gapIn } from '../../chain/chain.ts';
import { readTags } from '../../chain/tags.ts';
import { InputError, OperationError } from '../../errors.ts';
import { type Backup, getBackup, listBackups } from '../../openstack/blockstorage/v3/backups.ts';
import { listVolumeTypes, type VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { readableKey } from '../../openstack/keymanager/v1/readable.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import { needOfVolume, type QuotaLine, quotaAfter, refuseOver } from '../../plan/quota.ts';
import { collect } from '../../pool.ts';
import { encryptionMismatch, knownEncryption } from './encryption-fit.ts';
import { type FromBackupWishes, type OverwritePlan, planOverwrite } from './overwrite.ts';
import type { RestoreSource } from './source.ts';
import { typeForBackup } from './volume-type.ts';

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
export async function planFromBackup(
  client: ServiceClient,
  source: RestoreSource,
  wishes: FromBackupWishes,
): Promise<NewVolumePlan | OverwritePlan> {
  await checkBackup(client, source, wishes.to !== undefined);
  const types = await listVolumeTypes(client);
  return wishes.to === undefined
    ? planNew(client, source, wishes, types)
    : planOverwrite(client, source, wishes, wishes.to, types);
}

async function checkBackup(client: ServiceClient, source: RestoreSource, overwrites: boolean): Promise<void> {
  const backup = await getBackup(client, source.backupId).catch((error: unknown) => {
    if (!hasStatus(error, 404)) throw error;
    throw new OperationError(
      `backup ${source.backupId} is gone from the cloud: the manifest alone cannot restore the volume`,
      'Use an earlier or later restore point.',
      error,
    );
  });
  if (backup.status !== 'available')
    throw new OperationError(
      `backup ${backup.id} is ${backup.status}, but only an available backup can be restored`,
      backup.status === 'restoring'
        ? 'Another restore is reading it: wait until that is done.'
        : 'Use another restore point.',
    );
  if (backup.size !== source.size)
    throw new InputError(
      `backup ${backup.id} has ${backup.size} GiB, but the manifest says ${source.size}`,
      'The manifest was altered, or belongs to another cloud.',
    );
  if (backup.volumeId !== source.volumeId)
    throw new InputError(
      `backup ${backup.id} is of volume ${backup.volumeId}, but the manifest says ${source.volumeId}`,
      'The manifest was altered, or belongs to another cloud.',
    );
  await checkChain(client, backup, overwrites);
  if (source.encrypted && backup.encryptionKeyId !== undefined)
    await readableKey(client.session, backup.encryptionKeyId, `backup ${backup.id}`);
}

/**
 * Our records may name a different parent than Cinder has, and Cinder deletes no backup that others need: so a gap in
 * the records is no reason to refuse. A link that exists but is not whole may be one: Cinder notices it only after it
 * has begun to write.
 * https://github.com/openstack/cinder/blob/master/cinder/backup/api.py `delete`
 */
async function checkChain(client: ServiceClient, backup: Backup, overwrites: boolean): Promise<void> {
  const tags = readTags(backup);
  if (tags === undefined || tags.position === 0) return;
  const backups = await collect(listBackups(client, { volumeId: backup.volumeId }));
  const gap = gapIn(tags, backup, backups);
  if (gap === undefined) return;
  const unsound = backups.find(({ hasDependents, status }) => hasDependents && UNSOUND.has(status));
  if (overwrites && unsound !== undefined)
    throw new OperationError(
      `backup ${unsound.id}, which others of that volume need, is ${unsound.status}: ${gap}`,
      'The data on the volume could be lost for nothing: restore to a new volume first, by leaving `to` out.',
    );
  client.session.log.warn(
    `${gap}, according to our records. The cloud calls backup ${backup.id} available and knows its real parent, so it is restored anyway: check the result`,
  );
}

const UNSOUND: ReadonlySet<string> = new Set(['error', 'deleting', 'deleted', 'error_deleting']);

async function planNew(
  client: ServiceClient,
  source: RestoreSource,
  wishes: FromBackupWishes,
  types: readonly VolumeType[],
): Promise<NewVolumePlan> {
  if (wishes.overwrite)
    throw new InputError(
      '`overwrite` needs `to`',
      'Name the volume to write over, or leave overwrite out to restore to a new volume.',
    );
  const type = typeForBackup(source, wishes.type, types);
  if (type !== undefined && type.id !== source.typeId) await refuseKnownMismatch(client, source, type);
  const need = needOfVolume({ volumes: 1, gigabytes: source.size }, type?.name);
  const quota = quotaAfter(await quotasFor(client.session, [need]), need);
  refuseOver(quota, 'the restored volume');
  return {
    kind: 'new',
    source,
    name: wishes.name ?? source.name,
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
