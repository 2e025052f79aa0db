import { drillSecret } from '../../drill/secret.ts';
import { OWN_WAY, type Way } from '../../drill/way.ts';
import { pointWithId } from '../../manifest/points.ts';
import { planSecrets } from '../../restore/secret/plan.ts';
import { plannedSecrets, showSecrets } from '../../restore/secret/show.ts';
import { environmentOf } from '../environment-of.ts';
import { type Drilling, drillName, neededSession, type Trial } from './level.ts';

/** `volume`, of a key: restored to a temporary secret, and read back. Whether it opens its data, that data's drill says. */
export async function secretVolumeLevel(drilling: Drilling, way: Way = OWN_WAY): Promise<Trial> {
  const { context, manifest, subject, store } = drilling;
  const session = neededSession(drilling);
  const points = [pointWithId(manifest, 'secret', subject.entry.point)];
  const name = drillName(subject);
  const plans = await planSecrets(session, { manifest, points }, { name }, store);
  const [plan] = plans;
  if (plan === undefined) throw new TypeError('a key was drawn, and none is planned');
  const fill = way.secret(plan.point.id);
  return {
    show: (log) => showSecrets(plans, log),
    planned: plannedSecrets(plans),
    prove: (watch) => drillSecret(environmentOf(context, session), { plan, ...(fill && { fill }) }, watch),
  };
}
