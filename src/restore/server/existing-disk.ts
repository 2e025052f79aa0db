import { InputError, OperationError } from '../../errors.ts';
import type { ImagePoint, KeptImagePoint, VolumePoint } from '../../manifest/schema.ts';
import { listVolumes, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Session } from '../../openstack/connection.ts';
import { getImage } from '../../openstack/image/v2/images.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import { oneOf } from '../../plan/select.ts';
import { collect } from '../../pool.ts';
import { quoted } from '../../text/escape.ts';

/**
 * A disk of an earlier restore that `map` names: it is used as it is.
 *
 * @param there id or name of a volume; id of an image
 * @throws InputError or OperationError if the server cannot use it
 */
export async function existingDisk(
  session: Session,
  point: VolumePoint | ImagePoint | KeptImagePoint,
  there: string,
): Promise<Pick<Volume, 'id' | 'name'>> {
  const { id, name } =
    point.resource.kind === 'volume'
      ? await freeVolume(session, point.resource, there)
      : await bootableImage(session, there);
  return { id, name };
}

async function freeVolume(
  session: Session,
  saved: VolumePoint['resource'],
  there: string,
): Promise<Pick<Volume, 'id' | 'name'>> {
  const volume = oneOf('volume', there, await collect(listVolumes(await session.service('block-storage'))));
  const what = `volume ${quoted(volume.name)} (${volume.id})`;
  if (volume.status !== 'available' || volume.attachments.length > 0)
    throw new OperationError(
      `${what} is ${volume.status}, but a server can be made only with an available volume`,
      'Detach it, or leave its line out of `map`.',
    );
  const encrypted = saved.encryption !== null;
  if (volume.encrypted !== encrypted || volume.size < saved.size)
    throw new InputError(
      `${what} cannot replace volume ${saved.id}: it has ${volume.size} GiB${volume.encrypted ? ', encrypted' : ''}, but that one had ${saved.size}${encrypted ? ', encrypted' : ''}`,
      'Name the volume restored from it in `map`, or leave its line out.',
    );
  return volume;
}

async function bootableImage(session: Session, imageId: string): Promise<{ id: string; name: string }> {
  const { id, name, properties, status } = await getImage(await session.service('image'), imageId);
  if (status !== 'active')
    throw new OperationError(`image ${id} is ${status}`, 'Leave its line out of `map`.');
  if (properties[KEY_ID] !== undefined)
    throw new InputError(
      `image ${id} is encrypted, and Nova cannot boot from an encrypted image`,
      'Make a volume from it, and boot from that.',
    );
  return { id, name: name ?? '' };
}
