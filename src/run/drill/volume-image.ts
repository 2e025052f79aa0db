import { drillImage, drillKeptImage } from '../../drill/image.ts';
import { OWN_WAY, type Way } from '../../drill/way.ts';
import { pointWithId } from '../../manifest/points.ts';
import { keptImage } from '../../restore/image/kept-image.ts';
import { imageRestoring } from '../../restore/image/kind.ts';
import { environmentOf } from '../environment-of.ts';
import { makingRoom } from '../room.ts';
import { type Drilling, drillName, neededSession, type Trial } from './level.ts';

/** `volume`, of an image: restored to a temporary one, which is downloaded. One that stayed in the cloud is only read. */
export async function imageVolumeLevel(drilling: Drilling, way: Way = OWN_WAY): Promise<Trial> {
  const { context, manifest, subject, store } = drilling;
  const session = neededSession(drilling);
  const point = pointWithId(manifest, 'image', subject.entry.point);
  if (point.method === 'kept') {
    const { id, name } = await keptImage(session, point.resource, 'which is the backup');
    return {
      show: (log) => log.info(`image ${id} stayed in the cloud: it is read, and nothing is made`),
      planned: { kind: 'image', kept: id, name: name ?? '' },
      prove: (watch, tools) =>
        drillKeptImage(environmentOf(context, session), point.resource, watch, tools, way.kept(point.id)),
    };
  }
  const fill = way.image(point.id);
  const wishes = { image: undefined, name: drillName(subject), wrap: 'auto' } as const;
  const { plan } = await makingRoom(session, context.host, context.dryRun, () =>
    imageRestoring.plan(session, { manifest, point }, wishes, store),
  );
  return {
    show: (log) => imageRestoring.show(plan, log),
    planned: imageRestoring.planned(plan),
    prove: (watch, tools) =>
      drillImage(environmentOf(context, session), { plan, ...(fill && { fill }) }, store, watch, tools),
  };
}
