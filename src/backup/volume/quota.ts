import { LONGEST_HEADER } from '../../keys/luks.ts';
import { getLimits } from '../../openstack/blockstorage/v3/limits.ts';
import { getImageLimits } from '../../openstack/image/v2/info.ts';
import type { Session } from '../../openstack/session.ts';
import { bothNeeds, imageQuotaAfter, type Need, type QuotaLine, quotaAfter } from '../../plan/quota.ts';
import { GIB } from '../../text/bytes.ts';
import type { SavingWishes, VolumePlan } from './plan.ts';

/**
 * The quota after the plans are carried out, in Cinder, and in Glance where it tells.
 *
 * @param more what is needed beside
 */
export async function quotaOf(
  session: Session,
  plans: readonly VolumePlan[],
  { concurrency, payloads }: Pick<SavingWishes, 'concurrency' | 'payloads'>,
  more: Need = {},
): Promise<QuotaLine[]> {
  const cinder = quotaAfter(
    await getLimits(await session.service('block-storage')),
    bothNeeds(needOf(plans, concurrency), more),
  );
  const images = imageSizes(plans, payloads === undefined ? plans.length : concurrency);
  if (images.length === 0) return cinder;
  const bytes = images.reduce((sum, size) => sum + size, 0);
  const limits = await getImageLimits(await session.service('image'));
  return [...cinder, ...imageQuotaAfter(limits, bytes, images.length)];
}

/** Bytes of the images that are there at the same time, at most. */
function imageSizes(plans: readonly VolumePlan[], atOnce: number): number[] {
  return plans
    .filter(({ decision }) => decision.mode === 'image')
    .map(({ volume, encryption }) => volume.size * GIB + (encryption === null ? 0 : LONGEST_HEADER))
    .sort((a, b) => b - a)
    .slice(0, atOnce);
}

/**
 * What the plans need of Cinder's quota. A volume in use that goes as an image needs a snapshot and a volume of its size
 * while it is saved.
 *
 * @param concurrency how many volumes are saved at a time
 */
export function needOf(plans: readonly VolumePlan[], concurrency: number): Need {
  const backups = plans.filter(({ decision }) => decision.mode !== 'image');
  const twice = plans
    .filter(({ decision, volume }) => decision.mode === 'image' && volume.status !== 'available')
    .map(({ volume }) => volume.size)
    .sort((a, b) => b - a)
    .slice(0, concurrency);
  return {
    ...(backups.length === 0 && plans.length > 0
      ? {}
      : {
          backups: backups.length,
          backupGigabytes: backups.reduce((sum, { volume }) => sum + volume.size, 0),
        }),
    ...(twice.length === 0
      ? {}
      : {
          volumes: twice.length,
          snapshots: twice.length,
          gigabytes: twice.reduce((sum, size) => sum + 2 * size, 0),
        }),
  };
}
