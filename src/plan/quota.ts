import { OperationError } from '../errors.ts';
import type { Limit, Limits } from '../openstack/blockstorage/v3/limits.ts';
import type { ComputeLimits } from '../openstack/compute/v2/limits.ts';
import type { ImageLimits } from '../openstack/image/v2/info.ts';

/** One line of the quota after a run: "9 of 10 backups". */
export interface QuotaLine {
  readonly what: string;
  readonly after: number;
  /** -1: unlimited. */
  readonly max: number;
  readonly fits: boolean;
}

/** What the run needs beside what is used. Increments count their volume's whole size. */
export interface Need {
  readonly backups?: number;
  /** GiB. */
  readonly backupGigabytes?: number;
  readonly volumes?: number;
  readonly snapshots?: number;
  /** GiB of volumes and of snapshots. */
  readonly gigabytes?: number;
}

/** What two needs come to together. */
export function bothNeeds(one: Need, other: Need): Need {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])] as (keyof Need)[];
  return Object.fromEntries(keys.map((key) => [key, (one[key] ?? 0) + (other[key] ?? 0)]));
}

export function quotaAfter(limits: Limits, need: Need): QuotaLine[] {
  return linesOf([
    ['backups', limits.backups, need.backups],
    ['GB of backups', limits.backupGigabytes, need.backupGigabytes],
    ['volumes', limits.volumes, need.volumes],
    ['snapshots', limits.snapshots, need.snapshots],
    ['GB of volumes', limits.gigabytes, need.gigabytes],
  ]);
}

/** Of one server more. */
export function computeQuotaAfter(
  limits: ComputeLimits,
  flavor: { readonly vcpus: number; readonly ram: number },
): QuotaLine[] {
  return linesOf([
    ['servers', limits.instances, 1],
    ['CPUs', limits.cores, flavor.vcpus],
    ['MiB of memory', limits.ram, flavor.ram],
  ]);
}

/**
 * Empty where the cloud tells of no quota.
 *
 * @param bytes of all images that come
 */
export function imageQuotaAfter(limits: ImageLimits, bytes: number, images = 1): QuotaLine[] {
  return linesOf([
    ['images', limits.images, images],
    ['MiB of images', limits.size, Math.ceil(bytes / 2 ** 20)],
  ]);
}

function linesOf(
  lines: readonly (readonly [what: string, limit: Limit | undefined, more: number | undefined])[],
): QuotaLine[] {
  return lines.flatMap(([what, limit, more]) => {
    if (limit === undefined || more === undefined) return [];
    const after = limit.used + more;
    return [{ what, after, max: limit.max, fits: limit.max < 0 || after <= limit.max }];
  });
}

/** "after this run 9 of 10 backups, 412 of 1000 GB of backups". */
export function quotaSentence(lines: readonly QuotaLine[]): string {
  if (lines.length === 0) return 'no quota is used';
  return `after this run ${lines.map(({ what, after, max }) => `${after} of ${max < 0 ? 'unlimited' : max} ${what}`).join(', ')}`;
}

/** What is planned does not fit. What dead runs left may be the reason. */
export class QuotaError extends OperationError {}

/**
 * @param what what it is too small for: "the restored volume"
 * @param advice what the user can do
 * @throws QuotaError
 */
export function refuseOver(quota: readonly QuotaLine[], what: string, advice: string): void {
  const over = quota.filter(({ fits }) => !fits);
  if (over.length > 0)
    throw new QuotaError(
      `the quota is too small for ${what}: ${quotaSentence(over)}`,
      `${advice}, or ask the operator for more. Nothing was touched.`,
    );
}
