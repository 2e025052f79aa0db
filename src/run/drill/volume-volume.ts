import { refuseUnread } from '../../drill/room.ts';
import { drillVolume } from '../../drill/volume.ts';
import { OWN_WAY, type Way } from '../../drill/way.ts';
import { pointWithId } from '../../manifest/points.ts';
import { volumeRestoring } from '../../restore/volume/kind.ts';
import { gigabytesOf, planVolume } from '../../restore/volume/plan.ts';
import { environmentOf } from '../environment-of.ts';
import { makingRoom } from '../room.ts';
import { type Drilling, drillName, neededSession, type Trial } from './level.ts';

/** `volume`, of a volume: restored to a temporary one, which is read back through a temporary image. */
export async function volumeLevel(drilling: Drilling, way: Way = OWN_WAY): Promise<Trial> {
  const { context, manifest, store } = drilling;
  const session = neededSession(drilling);
  const { point, plan } = await plannedVolume(drilling);
  const fill = way.volume(point.id);
  const subject = { manifest, point, plan, earlier: drilling.digests.get(point.id), ...(fill && { fill }) };
  return {
    show: (log) => volumeRestoring.show(plan, log),
    planned: volumeRestoring.planned(plan),
    prove: (watch, tools) => drillVolume(environmentOf(context, session), subject, store, watch, tools),
  };
}

/** How to restore the volume of a restore point, with room for the image that it is read back by. */
async function plannedVolume(drilling: Drilling) {
  const { context, manifest, subject, store } = drilling;
  const session = neededSession(drilling);
  const point = pointWithId(manifest, 'volume', subject.entry.point);
  const wishes = {
    volume: undefined,
    backup: undefined,
    to: undefined,
    overwrite: false,
    name: drillName(subject),
    type: undefined,
    availabilityZone: undefined,
  };
  const choice = { kind: 'point', manifest, point } as const;
  const { plan } = await makingRoom(session, context.host, context.dryRun, async () => {
    const decided = await planVolume(session, choice, wishes, store);
    if (decided.kind === 'overwrite') throw new TypeError('a drill makes a new volume');
    await refuseUnread(session, gigabytesOf(decided));
    return decided;
  });
  return { point, plan };
}
