import { OperationError } from '../../errors.ts';
import {
  getVolume,
  replaceVolumeMetadata,
  setBootable,
  setImageMetadata,
  unsetImageMetadata,
  updateVolume,
  type Volume,
} from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import type { Ledger } from '../../temporaries/ledger.ts';
import { readTemporary } from '../../temporaries/tags.ts';
import type { RestoreSource } from './source.ts';

/** What a restored volume shall be. */
export type Wanted = Pick<
  RestoreSource,
  'encrypted' | 'bootable' | 'description' | 'metadata' | 'imageMetadata'
>;

/**
 * A restore replaces the metadata by the source's at the time of the backup, adds `src_backup_id`, and loses a bootable
 * flag that was set by hand. A volume made of an image is bootable whatever it holds, and has the image's properties.
 */
export async function putRight(client: ServiceClient, restored: Volume, source: Wanted): Promise<Volume> {
  const metadata = source.metadata ?? ownMetadata(restored.metadata);
  if (!same(restored.metadata, metadata)) await replaceVolumeMetadata(client, restored.id, metadata);
  const missing = Object.entries(source.imageMetadata ?? {}).filter(
    ([key, value]) => restored.imageMetadata[key] !== value,
  );
  if (missing.length > 0) await setImageMetadata(client, restored.id, Object.fromEntries(missing));
  for (const key of Object.keys(restored.imageMetadata))
    if (source.imageMetadata !== undefined && !Object.hasOwn(source.imageMetadata, key))
      await unsetImageMetadata(client, restored.id, key);
  if (source.bootable !== undefined && restored.bootable !== source.bootable)
    await setBootable(client, restored.id, source.bootable);
  return checked(await getVolume(client, restored.id), source);
}

/**
 * The last step: until then a volume that was made for the restore says in its description that it is not done.
 *
 * @param name the name that the volume shall have
 */
export async function settle(
  client: ServiceClient,
  volume: Volume,
  source: Wanted,
  name: string,
  run: Ledger,
): Promise<Volume> {
  const description = readTemporary(volume) === undefined ? volume.description : (source.description ?? '');
  if (volume.name === name && volume.description === description) return volume;
  await run.release(volume.id);
  await updateVolume(client, volume.id, { name, description });
  return { ...volume, name, description };
}

/** What a restored volume must be, whatever the cloud says of its status. */
function checked(volume: Volume, source: Wanted): Volume {
  if (volume.encrypted !== source.encrypted)
    throw new OperationError(
      `the restored volume ${volume.id} ${volume.encrypted ? 'is encrypted, and the backup was not' : 'is not encrypted, and the backup was'}`,
      'Do not use it: restore once more to a new volume, and tell the operator.',
    );
  return volume;
}

/** Without what Cinder adds. */
function ownMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(
      ([key]) => !key.startsWith('openstack-backup:') && key !== 'src_backup_id',
    ),
  );
}

function same(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
