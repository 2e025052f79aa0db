import type { SavedImage, SecretPoint } from '../../manifest/schema.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { KEY_POLICY } from '../../openstack/image/v2/properties.ts';
import { savedKey } from '../secret/record.ts';

/** @param size bytes that arrived */
export function savedImage(
  image: Image,
  size: number,
  members: SavedImage['members'],
  key: SecretPoint | undefined,
): SavedImage {
  return {
    kind: 'image',
    id: image.id,
    name: image.name,
    diskFormat: image.diskFormat ?? null,
    containerFormat: image.containerFormat ?? null,
    visibility: image.visibility,
    protected: image.protected,
    hidden: image.hidden,
    minDisk: image.minDisk,
    minRam: image.minRam,
    size,
    virtualSize: image.virtualSize ?? null,
    checksum: image.checksum ?? null,
    hash: image.hash ?? null,
    tags: [...image.tags],
    members,
    properties: { ...image.properties },
    created: image.createdAt,
    encryption:
      key === undefined
        ? null
        : { deletionPolicy: image.properties[KEY_POLICY] ?? null, key: savedKey(key, 'sealed, proved') },
  };
}
