import { InputError, OperationError } from '../../errors.ts';
import { listSnapshots } from '../../openstack/blockstorage/v3/snapshots.ts';
import type { VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import { listVolumes, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { oneOf } from '../../plan/select.ts';
import { collect } from '../../pool.ts';
import { quoted } from '../../text/escape.ts';
import type { VolumeRestoreWishes } from './choose.ts';
import type { RestoreSource } from './source.ts';

export interface OverwritePlan {
  readonly kind: 'overwrite';
  readonly source: RestoreSource;
  readonly target: Volume;
  readonly name: string;
}

/** The wishes for a volume that is made from a backup, or that a backup overwrites. */
export type FromBackupWishes = Omit<VolumeRestoreWishes, 'volume' | 'backup'>;

/**
 * Decides whether a backup may be written over a volume. Changes nothing.
 *
 * @param to id or name of the volume
 * @throws InputError or OperationError
 */
export async function planOverwrite(
  client: ServiceClient,
  source: RestoreSource,
  wishes: FromBackupWishes,
  to: string,
  types: readonly VolumeType[],
): Promise<OverwritePlan> {
  if (wishes.type !== undefined || wishes.availabilityZone !== undefined)
    throw new InputError(
      '`type` and `availability-zone` are for a new volume',
      'Leave them out, or leave `to` out.',
    );
  const target = oneOf('volume', to, await collect(listVolumes(client)));
  const refusal = refuseTarget(source, target, types) ?? (wishes.overwrite ? undefined : notTold(target));
  if (refusal !== undefined) throw refusal;
  if (target.encrypted) await refuseSnapshots(client, target);
  const doubt = mayBeShorter(source, target);
  if (doubt !== undefined) client.session.log.warn(doubt);
  return { kind: 'overwrite', source, target, name: wishes.name ?? target.name };
}

function notTold(target: Volume): InputError {
  return new InputError(
    `volume ${quoted(target.name)} (${target.id}, ${target.size} GiB) would be overwritten, and everything on it lost`,
    'Use `overwrite: true` if you mean that; without `to`, a new volume is made.',
  );
}

/** Why a volume cannot take the backup; undefined when it can. */
export function refuseTarget(
  source: RestoreSource,
  target: Volume,
  types: readonly VolumeType[],
): Error | undefined {
  const what = `volume ${quoted(target.name)} (${target.id})`;
  if (target.status === 'in-use' || target.attachments.length > 0)
    return new InputError(
      `${what} is in use${target.attachments.map(({ serverId }) => ` by server ${serverId}`).join(',')}: a backup can only be restored to a detached volume`,
      'Detach it first, or restore to a new volume by leaving `to` out. The root disk of a server cannot be detached while it exists.',
    );
  if (!['available', 'error_restoring'].includes(target.status))
    return new OperationError(
      `${what} is ${target.status}, not available`,
      'Wait until the cloud is done with it, or restore to a new volume.',
    );
  if (target.status === 'error_restoring')
    return new OperationError(
      `${what} is in error_restoring after a failed restore`,
      'Only the operator can reset it. Restore to a new volume by leaving `to` out, then delete this one.',
    );
  if (target.size < source.size)
    return new InputError(
      `${what} has ${target.size} GiB, but the backup needs ${source.size}`,
      `Extend it with: openstack volume set --size ${source.size} ${target.id}`,
    );
  if (!source.encrypted && target.encrypted)
    return new InputError(
      `${what} is encrypted, but the backup is not: Cinder would write it in clear and discard the volume's key`,
      'Restore to a volume of a type without encryption, or to a new volume by leaving `to` out.',
    );
  const typeId = target.volumeTypeId ?? types.find(({ name }) => name === target.volumeType)?.id;
  if (source.encrypted && source.typeId === undefined)
    return new InputError(
      `the backup is encrypted, but the type of its volume is unknown`,
      'Restore from the manifest.',
    );
  if (source.encrypted && typeId !== source.typeId)
    return new InputError(
      `${what} is of type ${target.volumeType ?? ''} (${typeId ?? 'unknown'}), but the encrypted backup is of type ${source.typeName ?? ''} (${source.typeId}): Cinder would overwrite the data and then fail`,
      'Choose a volume of exactly that type, or restore to a new volume by leaving `to` out.',
    );
  return undefined;
}

/**
 * Cinder on RBD adds the LUKS header of an empty volume to its size, but cuts a volume made from an image to its size:
 * a backup of the first does not fit on the second, and Cinder notices only when it has written nearly all. A user
 * cannot see a device's length, and other drivers make all alike, so this is only a warning.
 * https://github.com/openstack/cinder/blob/master/cinder/volume/drivers/rbd.py `_create_encrypted_volume`, `_resize`
 *
 * @returns the warning; undefined if the backup surely fits
 */
export function mayBeShorter(source: RestoreSource, target: Volume): string | undefined {
  const surelyFits =
    !source.encrypted ||
    target.id === source.volumeId ||
    target.size > source.size ||
    target.imageMetadata['image_id'] === undefined;
  if (surelyFits) return undefined;
  const longer = `openstack volume set --size ${source.size + 1} ${target.id}`;
  return `volume ${quoted(target.name)} (${target.id}) was made from an image: on Ceph, such an encrypted volume can be some MiB shorter than the saved one, and the restore then fails after the old data is gone. To be safe, extend it first with: ${longer}; or restore to a new volume by leaving \`to\` out`;
}

/** The snapshots' key is the volume's, which Cinder deletes at the end of the restore. */
async function refuseSnapshots(client: ServiceClient, target: Volume): Promise<void> {
  const snapshots = await collect(listSnapshots(client, { volumeId: target.id }));
  if (snapshots.length === 0) return;
  throw new InputError(
    `the encrypted volume ${quoted(target.name)} (${target.id}) has ${snapshots.length === 1 ? 'a snapshot' : `${snapshots.length} snapshots`}, which a restore over it would make unreadable`,
    `Delete ${snapshots.map(({ id }) => id).join(', ')} first, or restore to a new volume by leaving \`to\` out.`,
  );
}
