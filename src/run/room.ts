import type { Session } from '../openstack/connection.ts';
import { QuotaError } from '../plan/quota.ts';
import { untilVolumesGone } from '../temporaries/remove.ts';
import { type Sweeper, sweep } from '../temporaries/sweep.ts';

export interface Room<T> {
  readonly plan: T;
  /** Whether what interrupted runs left was looked for, and told of, already. */
  readonly swept: boolean;
}

/**
 * Plans what is to be done. Where that does not fit into the quota, it may be for what dead runs left: that is removed
 * first, or told of in a dry run, and it is planned again. Else a run that was killed would keep all later ones out.
 *
 * @param isShort whether not all of a plan fits, where the rest is done all the same
 * @throws QuotaError where it is refused as a whole all the same
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
