import { PlainError } from '../../errors.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import { allNeeds, QuotaError, quotaAfter } from '../../plan/quota.ts';
import { keepsByRules } from '../../prune/by-plan.ts';
import type { Context } from '../context.ts';
import { type DuePlan, planDue } from './due.ts';
import type { PlanLook } from './look.ts';

/** Whether what is due may fit only after deletions. False if unknown: then each resource reports what it lacks. */
export async function isTight(context: Context, look: PlanLook): Promise<boolean> {
  try {
    if (!keepsByRules(look.plan) || (await fitsSurely(look))) return false;
    return lacksQuota(await planDue(context, look));
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    context.host.log.debug(`cannot tell whether everything fits: ${error.message}`);
    return false;
  }
}

export function lacksQuota({ refused }: Pick<DuePlan, 'refused'>): boolean {
  return refused.some(({ error }) => error instanceof QuotaError);
}

/** Estimates by sizes alone if all that is due becomes Cinder backups, because planning each costs requests. */
async function fitsSurely({ session, duties, project }: PlanLook): Promise<boolean> {
  const sizes = new Map(project.holdings.volumes.map(({ id, size }) => [id, size]));
  const due = duties.filter((duty) => duty.due && duty.within === undefined);
  const needs = due.map(({ resource, entry }) => {
    const size = resource.kind === 'volume' ? sizes.get(resource.id) : undefined;
    return size === undefined || entry.method !== 'cinder-backup'
      ? undefined
      : { backups: 1, backup_gigabytes: size };
  });
  const known = needs.filter((need) => need !== undefined);
  if (known.length < needs.length) return false;
  const need = allNeeds(known);
  return quotaAfter(await quotasFor(session, [need]), need).every(({ fits }) => fits);
}
