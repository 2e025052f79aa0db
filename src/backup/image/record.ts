import type { SavedImage, SecretPoint } from '../../manifest/schema.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { KEY_POLICY } from '../../openstack/image/v2/properties.ts';
import { TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
import { savedKey } from '../secret/record.ts';

/**
 * @param size bytes that arrived
 * @param isConverted whether they are the raw disk that the cloud made of the image
 */
export function savedImage(
  image: Image,
  size: number,
  members: SavedImage['members'],
  key: SecretPoint | undefined,
  isConverted = false,
): SavedImage {
  const { diskFormat = null, virtualSize = null, checksum = null, hash = null } = image;
  const converted = { diskFormat: diskFormat ?? '', size: image.size ?? 0, checksum, hash };
  return {
    kind: 'image',
    id: image.id,
    name: image.name,
    diskFormat: isConverted ? 'raw' : diskFormat,
    containerFormat: image.containerFormat ?? null,
    visibility: image.visibility,
    protected: image.protected,
    hidden: image.hidden,
    minDisk: image.minDisk,
    minRam: image.minRam,
    size,
    virtualSize: isConverted ? size : virtualSize,
    checksum: isConverted ? null : checksum,
    hash: isConverted ? null : hash,
    ...(isConverted && { converted }),
    tags: [...image.tags],
    members,
    // The image that a server's root disk is saved by bears a record of ours.
    properties: Object.fromEntries(
      Object.entries(image.properties).filter(([name]) => name !== TEMPORARY_PROPERTY),
    ),
    created: image.createdAt,
    encryption:
      key === undefined
        ? null
        : { deletionPolicy: image.properties[KEY_POLICY] ?? null, key: savedKey(key, 'sealed, proved') },
  };
}
