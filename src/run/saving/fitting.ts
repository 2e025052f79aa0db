import { adviceWith } from '../../chain/advice.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import type { Session } from '../../openstack/connection.ts';
import { CloudError } from '../../openstack/errors.ts';
import { quotaIn } from '../../openstack/over-quota.ts';
import type { Quotas } from '../../openstack/quota-names.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import { type Wanted, whatFits } from '../../plan/fit.ts';
import { allNeeds, QuotaError, type QuotaLine, quotaAfter, tooSmall } from '../../plan/quota.ts';

/** What fits into the quota, and why the rest does not. */
export interface Fitting<T> {
  readonly fits: readonly T[];
  readonly refused: readonly { readonly what: T; readonly error: QuotaError }[];
  /** How many can be saved at the same time. */
  readonly atOnce: number;
  readonly quota: readonly QuotaLine[];
  /** Warns that the next run will not fit; undefined if it will, or if this one does not. */
  readonly warning: string | undefined;
}

/**
 * @param backups of the project
 * @param nameOf "volume db (5f2c…)"
 */
export async function fitting<T>(
  session: Session,
  wanted: readonly Wanted<T>[],
  atOnce: number,
  backups: readonly Backup[],
  nameOf: (what: T) => string,
): Promise<Fitting<T>> {
  const quotas = await quotasFor(
    session,
    wanted.flatMap(({ parts, meanwhile }) => [...parts.map(({ stays }) => stays), meanwhile]),
  );
  const fit = whatFits(quotas, wanted, atOnce);
  const advice = adviceWith(backups);
  return {
    fits: fit.fits,
    refused: fit.over.map(({ what, quota }) => ({ what, error: tooSmall(quota, nameOf(what), advice) })),
    atOnce: fit.atOnce,
    quota: fit.after,
    warning: fit.over.length > 0 ? undefined : lastTime(quotas, fit.stays, fit.after, advice),
  };
}

/**
 * Adds a hint to errors of what the cloud refused for a quota after all. Searches the backups only once, for any number
 * of errors.
 *
 * @param backups of the project
 */
export function adviser(backups: readonly Backup[]): (error: unknown) => unknown {
  const advice = adviceWith(backups);
  return (error) => {
    const quota = error instanceof CloudError ? quotaIn(error.words) : undefined;
    return error instanceof CloudError && quota !== undefined
      ? new QuotaError(error.message, advice(quota), error)
      : error;
  };
}

function lastTime(
  quotas: Quotas,
  stays: Parameters<typeof quotaAfter>[1],
  after: readonly QuotaLine[],
  advice: (quota: string) => string,
): string | undefined {
  const [short] = quotaAfter(quotas, allNeeds([stays, stays])).filter(({ fits }) => !fits);
  const line = after.find(({ quota, meanwhile }) => quota === short?.quota && !meanwhile);
  if (line === undefined) return undefined;
  return `after this run there are ${line.told}: another one like it does not fit. ${advice(line.quota)}`;
}
