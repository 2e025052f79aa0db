import { type DiskDrill, drillServer, largestOf, planServerDrill } from '../../drill/server.ts';
import { OWN_WAY, type Way } from '../../drill/way.ts';
import { pointWithId } from '../../manifest/points.ts';
import type { Log } from '../../ports/log.ts';
import { imageRestoring } from '../../restore/image/kind.ts';
import { volumeRestoring } from '../../restore/volume/kind.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import { counted } from '../../text/words.ts';
import { environmentOf } from '../environment-of.ts';
import { makingRoom } from '../room.ts';
import { type Drilling, drillName, neededSession, type Trial } from './level.ts';

/** `volume`, of a server: each of its disks is restored, read back and removed, before the next. No server is made. */
export async function serverVolumeLevel(drilling: Drilling, way: Way = OWN_WAY): Promise<Trial> {
  const { context, manifest, subject, store, digests } = drilling;
  const session = neededSession(drilling);
  const point = pointWithId(manifest, 'server', subject.entry.point);
  const { plan: disks } = await makingRoom(session, context.host, context.dryRun, () =>
    planServerDrill(session, manifest, point, drillName(subject), store, digests, way),
  );
  const largest = largestOf(disks);
  return {
    show(log) {
      const room =
        largest === 0
          ? 'no volume is made'
          : `a quota for the largest is enough: ${largest} GiB, and as an image`;
      log.info(
        `server ${quoted(point.resource.name)}: ${counted(disks.length, 'disk')}, restored one after the other; ${room}`,
      );
      for (const disk of disks) showDisk(disk, log);
    },
    planned: {
      kind: 'server',
      name: point.resource.name,
      source: point.resource.id,
      largestGigabytes: largest,
      disks: disks.map((disk) => ({ device: disk.device, ...plannedDisk(disk) })),
    },
    prove: (watch, tools) => drillServer(environmentOf(context, session), disks, store, watch, tools, way),
  };
}

function showDisk(disk: DiskDrill, log: Log): void {
  if (disk.as === 'volume') volumeRestoring.show(disk.subject.plan, log);
  else if (disk.as === 'image') imageRestoring.show(disk.subject.plan, log);
  else log.info(`image ${disk.image.id} stayed in the cloud: it is read`);
}

function plannedDisk(disk: DiskDrill): Readonly<Record<string, Json>> {
  if (disk.as === 'kept') return { kept: disk.image.id };
  return {
    restore:
      disk.as === 'volume'
        ? volumeRestoring.planned(disk.subject.plan)
        : imageRestoring.planned(disk.subject.plan),
  };
}
