import type { ServiceClient } from '../openstack/connection.ts';
import { getImage, type Image, type ImageChange, updateImage } from '../openstack/image/v2/images.ts';
import { createOnce } from '../openstack/retry.ts';
import type { Ledger } from './ledger.ts';
import { TEMPORARY_PROPERTY } from './tags.ts';

/**
 * Takes the record off an image and makes the other changes, all or nothing. From then on no run removes the image, and
 * what Nova copies from it bears no record either.
 */
export async function takeRecordOff(
  client: ServiceClient,
  imageId: string,
  changes: readonly ImageChange[],
  run: Pick<Ledger, 'release'>,
): Promise<Image> {
  await run.release(imageId);
  const without = async () => {
    const now = await getImage(client, imageId);
    return now.properties[TEMPORARY_PROPERTY] === undefined ? now : undefined;
  };
  if ((await without()) !== undefined) return updateImage(client, imageId, changes);
  const { clock, log, signal } = client.session;
  const all = [...changes, { op: 'remove', name: TEMPORARY_PROPERTY } as const];
  return createOnce(() => updateImage(client, imageId, all), without, { clock, log, signal });
}
