import type { Session } from '../openstack/connection.ts';
import { QuotaError } from '../plan/quota.ts';
import { untilVolumesGone } from '../temporaries/remove.ts';
import { type Sweeper, sweep } from '../temporaries/sweep.ts';

export interface Room<T> {
  readonly plan: T;
  /** Whether leftovers were already looked for and reported. */
  readonly swept: boolean;
}

/**
 * Plans. If the plan does not fit into the quota, removes leftovers and plans again; a dry run only reports them.
 * Otherwise the leftovers of a killed run could block all later runs.
 *
 * @param isShort whether only a part of a plan fits, for plans that are carried out in part
 * @throws QuotaError if the plan is still refused
 */
export async function makingRoom<T>(
  session: Session,
  sweeper: Sweeper,
  dryRun: boolean,
  plan: () => Promise<T>,
  isShort: (plan: T) => boolean = () => false,
): Promise<Room<T>> {
  const first = await attempt(plan);
  if ('plan' in first && !isShort(first.plan)) return { plan: first.plan, swept: false };
  const swept = await sweep(session, sweeper, dryRun);
  const left = swept.left.filter(({ action }) => action === 'delete');
  if (dryRun || left.length === 0) {
    if ('refusal' in first) throw first.refusal;
    return { plan: first.plan, swept: true };
  }
  await untilVolumesGone(
    session,
    left.flatMap((thing) => (thing.kind === 'volume' ? thing.id : [])),
  );
  return { plan: await plan(), swept: true };
}

async function attempt<T>(plan: () => Promise<T>): Promise<{ plan: T } | { refusal: QuotaError }> {
  try {
    return { plan: await plan() };
  } catch (error) {
    if (error instanceof QuotaError) return { refusal: error };
    throw error;
  }
}
