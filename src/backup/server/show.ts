import type { RestorePoint } from '../../manifest/schema.ts';
import type { Log } from '../../ports/log.ts';
import { GIB } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import { counted } from '../../text/words.ts';
import type { VolumeBackupWishes } from '../volume/plan.ts';
import { plannedVolume, showVolumes, toldVolume } from '../volume/show.ts';
import type { ServerBackupPlan } from './plan.ts';

/** Says what the run will do with each server and its volumes. */
export function showServers(
  plans: readonly ServerBackupPlan[],
  wishes: Pick<VolumeBackupWishes, 'payloads' | 'recipients'>,
  log: Log,
): void {
  for (const { looked, volumes } of plans) {
    const { server, image } = looked.facts;
    const { id, name, status } = server;
    const how =
      image === null
        ? `its ${counted(volumes.length, 'volume')} from snapshots that Nova takes together`
        : `its own disk through an image${wishes.payloads === undefined ? ', which stays in the cloud' : ''}, and ${counted(volumes.length, 'volume')}`;
    log.info(`server ${quoted(name)} (${id}), ${status}: ${how}`);
    for (const { volume } of volumes.filter(({ volume: { attachments } }) => attachments.length > 1))
      log.warn(
        `volume ${quoted(volume.name)} (${volume.id}) is also attached to other servers, which may write to it during the backup`,
      );
    showVolumes(volumes, wishes, log);
  }
}

/** What is printed about a recorded server and its volumes; nothing about its own disk. */
export function toldServer(point: RestorePoint): string | undefined {
  if (point.method !== 'disks') return toldVolume(point);
  const { resource, consistency, oneMoment, seconds } = point;
  return `server ${quoted(resource.name)} (${resource.id}) saved after ${seconds.toFixed(1)} s: ${counted(resource.disks.length, 'disk')}, ${consistency}, ${oneMoment ? 'all as of the same moment' : 'not all as of the same moment'}`;
}

/** A plan as a program reads it. */
export function plannedServer({ looked, volumes, gigabytes }: ServerBackupPlan): Json {
  const { server, image } = looked.facts;
  return {
    kind: 'server',
    id: server.id,
    name: server.name,
    sizeBytes: gigabytes * GIB,
    status: server.status,
    rootDisk: image === null ? 'volume' : 'image',
    volumes: volumes.map(plannedVolume),
  };
}
