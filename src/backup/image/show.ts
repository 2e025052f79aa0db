import type { RestorePoint } from '../../manifest/schema.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { toldStored } from '../../payload/stored.ts';
import type { Log } from '../../ports/log.ts';
import { bytes } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import type { ImageBackupWishes } from './plan.ts';

/** Says what the run will do with each image, and where its data goes. */
export function showImages(
  images: readonly Image[],
  { payloads: { place, compression, sealed } }: Pick<ImageBackupWishes, 'payloads'>,
  log: Log,
): void {
  for (const { id, name, size, diskFormat } of images)
    log.info(`image ${quoted(name)} (${id}), ${bytes(size ?? 0)}, ${diskFormat ?? 'no format'}`);
  const packed = [compression === 'zstd' ? 'compressed' : '', sealed ? 'sealed' : '']
    .filter((word) => word !== '')
    .join(' and ');
  log.info(`the data goes to ${place}${packed === '' ? '' : `, ${packed}`}`);
  if (!sealed && images.length > 0)
    log.warn(
      'without `recipients`, the data is stored in clear: anyone who can read that place can read the data',
    );
}

/** What is printed about a recorded image and its key. */
export function toldImage(point: RestorePoint): string | undefined {
  const { resource, seconds } = point;
  if (resource.kind === 'secret') {
    const [user] = resource.usedBy;
    return `key ${resource.id} of image ${quoted(user?.name ?? '')} is sealed, and opens its data`;
  }
  if (point.method !== 'download') return undefined;
  const { payload } = point;
  return `image ${quoted(resource.name)} (${resource.id}) saved: ${toldStored(payload)}, after ${seconds.toFixed(1)} s`;
}

/** A plan as a program reads it. */
export function plannedImage({ id, name, size, diskFormat }: Image): Json {
  return { kind: 'image', id, name, sizeBytes: size ?? 0, format: diskFormat ?? null };
}
