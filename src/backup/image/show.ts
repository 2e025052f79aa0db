import type { RestorePoint } from '../../manifest/schema.ts';
import { toldStored } from '../../payload/stored.ts';
import type { Log } from '../../ports/log.ts';
import { bytes } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import { type ImageBackupPlan, type ImageBackupWishes, sizeOf } from './plan.ts';

/** Says what the run will do with each image, and where its data goes. */
export function showImages(
  plans: readonly ImageBackupPlan[],
  { payloads: { place, compression, sealed } }: Pick<ImageBackupWishes, 'payloads'>,
  log: Log,
): void {
  for (const { image, conversion } of plans) {
    const { id, name, size, diskFormat } = image;
    log.info(
      `image ${quoted(name)} (${id}), ${bytes(size ?? 0)}, ${diskFormat ?? 'no format'}${formTold(conversion)}`,
    );
  }
  const packed = [compression === 'zstd' ? 'compressed' : '', sealed ? 'sealed' : '']
    .filter((word) => word !== '')
    .join(' and ');
  log.info(`the data goes to ${place}${packed === '' ? '' : `, ${packed}`}`);
  if (!sealed && plans.length > 0)
    log.warn(
      'without `recipients`, the data is stored in clear: anyone who can read that place can read the data',
    );
}

function formTold(conversion: ImageBackupPlan['conversion']): string {
  if (conversion === undefined) return '';
  return 'why' in conversion
    ? `, stored as it is: ${conversion.why}`
    : `: its raw disk of ${bytes(conversion.size)}, by a temporary volume of ${conversion.gigabytes} GiB`;
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
  const { converted } = point.resource;
  const form = converted === undefined ? '' : `as raw, converted from ${converted.diskFormat}, `;
  return `image ${quoted(resource.name)} (${resource.id}) saved: ${form}${toldStored(payload)}, after ${seconds.toFixed(1)} s`;
}

/** A plan as a program reads it. */
export function plannedImage(plan: ImageBackupPlan): Json {
  const { id, name, diskFormat } = plan.image;
  const format = plan.conversion !== undefined && 'size' in plan.conversion ? 'raw' : (diskFormat ?? null);
  return { kind: 'image', id, name, sizeBytes: sizeOf(plan), format };
}
