import type { SavedImage } from '../manifest/schema.ts';
import type { Image } from '../openstack/image/v2/images.ts';

/** The property of an image that is a backup: its restore point. */
export const POINT_PROPERTY = 'openstack_backup_point';

/** What a manifest says of an image that stayed in the cloud. */
export type KeptImage = Pick<SavedImage, 'id' | 'size' | 'checksum' | 'hash'>;

/** What is wrong with the image, as a phrase after its name; undefined while it has the data that was recorded. */
export function keptFault(saved: KeptImage, image: Image): string | undefined {
  if (image.status !== 'active') return `is ${image.status}`;
  const then = saved.hash?.value ?? saved.checksum;
  const now = saved.hash === null ? image.checksum : image.hash?.value;
  if (image.size !== saved.size || (then !== null && then !== now))
    return 'no longer has the data that was saved';
  return undefined;
}
