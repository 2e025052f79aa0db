import { type KeptImage, keptFault } from '../../catalog/kept-image.ts';
import { OperationError } from '../../errors.ts';
import type { Session } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { getImage, type Image } from '../../openstack/image/v2/images.ts';

/**
 * An image that stayed in the cloud as a backup, if it still has the data that was recorded.
 *
 * @param what what it holds, for messages: "which has the root disk of the server"
 * @throws OperationError
 */
export async function keptImage(session: Session, saved: KeptImage, what: string): Promise<Image> {
  const image = await getImage(await session.service('image'), saved.id).catch((error: unknown) => {
    if (!hasStatus(error, 404)) throw error;
    throw new OperationError(
      `image ${saved.id}, ${what}, is gone, or belongs to another project`,
      'Use another restore point. One saved with `store` can be restored anywhere.',
      error,
    );
  });
  const fault = keptFault(saved, image);
  if (fault !== undefined)
    throw new OperationError(`image ${saved.id}, ${what}, ${fault}`, 'Use another restore point.');
  return image;
}
