import type { Payload, VolumeImagePoint } from '../manifest/schema.ts';
import { GIB } from '../text/bytes.ts';
import type { Book, Section } from './book.ts';
import { check, fence, shown } from './shell.ts';
import { unlockParts } from './unlock.ts';
import { uploaded } from './upload.ts';
import { newVolume, settled, unsettableNote, volumeTitle, volumeWas } from './volume.ts';

/** Makes a volume from the image kept in the cloud, or from a temporary one made from the payload. */
export function volumeImageSection(point: VolumeImagePoint, book: Book): Section {
  const { resource, payload } = point;
  return {
    title: volumeTitle(resource),
    body: [
      volumeWas(point),
      ...(payload === null ? fromKept(point, book) : fromPayload(point, payload, book)),
      ...unsettableNote(resource.metadata, resource.imageMetadata),
    ],
  };
}

function fromKept(point: VolumeImagePoint, book: Book): string[] {
  const { image } = point;
  return [
    `Its data is in image \`${image.id}\`, which stays in the cloud.`,
    fence([
      check(shown('image', 'size', image.id), String(image.size)),
      ...(image.checksum === null ? [] : [check(shown('image', 'checksum', image.id), image.checksum)]),
      ...volumeFrom(point, image.id, book),
    ]),
    ...unlockParts(point, book),
  ];
}

function fromPayload(point: VolumeImagePoint, payload: Payload, book: Book): string[] {
  const { id, resource, image } = point;
  const made = book.variable('image', id);
  const key = book.key(resource.encryption?.key.point);
  const secret = key && book.variable('secret', key.id);
  return [
    `Its data is payload \`${payload.name}\`.`,
    ...(key === undefined
      ? []
      : [
          `Its key comes first: section ${book.number(key.id)}, which sets \`${secret}\`. The volume gets its own copy of it.`,
        ]),
    ...(resource.encryption?.provider === 'luks2'
      ? [
          'It is LUKS2, which Glance refuses since 2025.1 (HTTP 415): if it does, unlock it outside OpenStack, as below.',
        ]
      : []),
    fence([
      ...uploaded(
        point,
        payload,
        image.checksum,
        made,
        '--disk-format=raw --container-format=bare',
        ...(secret === undefined ? [] : [`--property=cinder_encryption_key_id="$${secret}"`]),
      ),
      ...volumeFrom(point, `"$${made}"`, book),
      `openstack image delete "$${made}"`,
    ]),
    ...unlockParts(point, book),
  ];
}

/** The LUKS header makes the image of an encrypted volume larger than the volume was. */
function volumeFrom(point: VolumeImagePoint, image: string, book: Book): string[] {
  const { id, resource } = point;
  const gibibytes = Math.max(resource.size, Math.ceil(point.image.size / GIB));
  const variable = book.variable('volume', id);
  return [
    ...newVolume(point, variable, gibibytes, `--image=${image}`),
    ...settled(resource, variable, { metadata: false, imageMetadata: resource.imageMetadata }),
  ];
}
