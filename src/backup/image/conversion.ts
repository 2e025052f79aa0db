import type { Image } from '../../openstack/image/v2/images.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import { GIB } from '../../text/bytes.ts';

/** How Cinder makes a raw disk of an image. */
export interface Conversion {
  /** Bytes of the disk that the image holds. */
  readonly size: number;
  /** GiB of the temporary volume: it has whole ones, and zeros behind the disk. */
  readonly gigabytes: number;
}

/** Why an image is stored as it is although `raw` was asked for: words that go on "stored as it is: ". */
export interface Unconvertible {
  readonly why: string;
}

/**
 * What Cinder reads with qemu-img. Seen on Cinder 29: the disk is the same as that of `qemu-img convert -O raw` for
 * qcow2, vmdk, vdi and vhdx. A vhd, and a qcow2 that is encrypted, end as a volume in `error`; Glance takes no qcow2 with a
 * backing file, and Cinder refuses it, too. What is refused is stored as it is.
 * https://github.com/openstack/cinder/blob/master/cinder/image/image_utils.py `fetch_to_volume_format`
 */
const CONVERTED: readonly string[] = ['qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx', 'ploop'];
/** These are the disk itself. */
const PLAIN: readonly string[] = ['raw', 'iso'];

/**
 * How to take an image as raw, so that its blocks stay in their places. By a volume: the conversion of Glance is a plugin
 * of its import, which most clouds (and the default) lack, nothing shows to users, and which needs the data uploaded once
 * more. https://docs.openstack.org/glance/latest/admin/interoperable-image-import.html#the-image-conversion
 *
 * @returns undefined if it is raw already
 */
export function conversionOf(
  image: Pick<Image, 'diskFormat' | 'containerFormat' | 'size' | 'virtualSize' | 'minDisk' | 'properties'>,
): Conversion | Unconvertible | undefined {
  const { diskFormat, containerFormat, size = 0, virtualSize = 0, minDisk, properties } = image;
  if (diskFormat === undefined || PLAIN.includes(diskFormat)) return undefined;
  if (containerFormat !== 'bare') return { why: `its container format is ${containerFormat ?? 'unknown'}` };
  if (!CONVERTED.includes(diskFormat)) return { why: `the cloud makes no raw disk of ${diskFormat}` };
  const names = Object.keys(properties);
  if (names.some((name) => name.startsWith('img_signature')))
    return { why: 'it is signed, and the signature holds for its bytes as they are' };
  if (names.some((name) => name === KEY_ID || name.startsWith('os_encrypt')))
    return { why: 'it is encrypted' };
  if (virtualSize === 0) return { why: 'Glance does not say how large its disk is' };
  const gib = (bytes: number) => Math.ceil(bytes / GIB);
  // Cinder refuses a volume that is smaller than any of these: `check_image_metadata` in cinder/volume/volume_utils.py.
  return { size: virtualSize, gigabytes: Math.max(gib(virtualSize), gib(size), minDisk) };
}
