import type { Limit } from '../openstack/quota-names.ts';
import type { Assignment } from './assign.ts';
import type { PlanFile } from './plan-file.ts';
import { keyOf } from './resource.ts';
import { hoursOf } from './span.ts';
import { makesChains } from './warnings.ts';

/** A quota of backups, and how long it lasts if nothing is deleted. */
export interface QuotaLeft {
  readonly quota: 'backups' | 'backup_gigabytes';
  readonly used: number;
  /** -1 means unlimited. */
  readonly max: number;
  /** What the plan adds each day, on average. */
  readonly perNight: number;
  /** Undefined means for ever. */
  readonly nights: number | undefined;
}

const GIB = 2 ** 30;

/** How many nights the quota lasts with this plan. */
export function quotaLeft(
  plan: PlanFile,
  assignments: readonly Assignment[],
  quota: Readonly<Partial<Record<QuotaLeft['quota'], Limit>>>,
): QuotaLeft[] {
  const perNight = backupsPerNight(plan, assignments);
  return (['backups', 'backup_gigabytes'] as const).flatMap((name) => {
    const limit = quota[name];
    if (limit === undefined) return [];
    const need = name === 'backups' ? perNight.backups : perNight.gigabytes;
    const nights =
      limit.max < 0 || need === 0 ? undefined : Math.max(0, Math.floor((limit.max - limit.used) / need));
    return [{ quota: name, ...limit, perNight: Math.round(need * 100) / 100, nights }];
  });
}

/** Counts a backup for each volume of a server, and none again for a volume saved with its server. */
function backupsPerNight(
  plan: PlanFile,
  assignments: readonly Assignment[],
): { readonly backups: number; readonly gigabytes: number } {
  const sizes = new Map(assignments.map(({ resource }) => [keyOf(resource), resource.bytes / GIB]));
  const each = assignments.flatMap(({ resource, entries, within }) =>
    entries
      .filter((entry) => makesChains(entry, plan) && !within.has(entry.name))
      .flatMap((entry) => {
        const volumes = resource.kind === 'volume' ? [resource.id] : resource.volumes;
        return volumes.map((id) => ({
          times: 24 / hoursOf(entry.every),
          gigabytes: sizes.get(keyOf({ kind: 'volume', id })) ?? 0,
        }));
      }),
  );
  return {
    backups: each.reduce((sum, { times }) => sum + times, 0),
    gigabytes: each.reduce((sum, { times, gigabytes }) => sum + times * gigabytes, 0),
  };
}
