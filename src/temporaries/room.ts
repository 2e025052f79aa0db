import type { Session } from '../openstack/session.ts';
import { QuotaError } from '../plan/quota.ts';
import { untilVolumesGone } from './remove.ts';
import { type Sweeper, sweep } from './sweep.ts';

/**
 * Plans what is to be done. Where that does not fit into the quota, it may be for what dead runs left: that is removed
 * first, or told of in a dry run, and it is planned again. Else a run that was killed would keep all later ones out.
 *
 * @throws QuotaError where it does not fit all the same
 */
export async function makingRoom<T>(
  session: Session,
  sweeper: Sweeper,
  dryRun: boolean,
  plan: () => Promise<T>,
): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    if (!(error instanceof QuotaError)) throw error;
    const left = (await sweep(session, sweeper, dryRun)).filter(({ action }) => action === 'delete');
    if (dryRun || left.length === 0) throw error;
    await untilVolumesGone(
      session,
      left.flatMap((thing) => (thing.kind === 'volume' ? thing.id : [])),
    );
    return await plan();
  }
}
