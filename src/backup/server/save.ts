import { randomUUID } from 'node:crypto';
import type { Marks } from '../../chain/marks.ts';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import type {
  Consistency,
  ImagePoint,
  KeptImagePoint,
  RestorePoint,
  SavedDisk,
  ServerPoint,
  VolumePoint,
} from '../../manifest/schema.ts';
import { listAttachments } from '../../openstack/compute/v2/attachments.ts';
import { type Image, watchImages } from '../../openstack/image/v2/images.ts';
import { pool, reported } from '../../pool.ts';
import { toSecond } from '../../text/words.ts';
import { planSnapshot, type SavingWishes, type VolumeBackupPlan } from '../volume/plan.ts';
import { beginVolumes, saveVolume, type VolumeSaving } from '../volume/save.ts';
import { type Activity, activityOf } from './activity.ts';
import { promised, requiresQuiesce } from './consistency.ts';
import { inOrder, savedDisk, savedRoot } from './disks.ts';
import { type ImageMaking, withServerImage } from './image.ts';
import { missingOf } from './missing.ts';
import { type Once, once } from './once.ts';
import type { ServerBackupPlan } from './plan.ts';
import { savedServer } from './record.ts';
import { keepRoot, storeRoot } from './root.ts';
import { snapshotsBehind, type TakenVolume } from './snapshots.ts';

/** What the servers of one run share. */
export interface ServerSaving extends ImageMaking {
  readonly volumes: VolumeSaving;
  /** A volume that several of the servers have is saved once. */
  readonly once: Once<VolumePoint>;
  /** Whether a root disk of another format is stored as raw. */
  readonly raw: boolean;
}

/** Saves the disks of one server, and reports each at once, so that it counts even if another one fails. */
interface DiskSaving extends ServerSaving {
  readonly onBytes: (count: number) => void;
  readonly report: (point: RestorePoint) => Promise<void>;
}

/** Disks of a server that are saved at the same time. */
export const DISKS_AT_ONCE = 4;

export async function beginServers(
  environment: Environment,
  wishes: Pick<SavingWishes, 'method' | 'payloads' | 'tags' | 'raw'>,
  marks: Marks,
): Promise<ServerSaving> {
  return {
    ...environment,
    images: watchImages(await environment.session.service('image')),
    volumes: await beginVolumes(environment, wishes, marks),
    once: once<VolumePoint>(),
    raw: wishes.raw ?? false,
  };
}

/**
 * Saves a server: all its disks, each as a restore point of its own, and what it was made of, which comes last. The
 * server goes on.
 *
 * @throws OperationError if one of the disks could not be saved; the others are recorded all the same
 */
export function saveServer(
  plan: ServerBackupPlan,
  saving: ServerSaving,
  onBytes: (count: number) => void,
): AsyncGenerator<RestorePoint, void> {
  return reported(async (report) => report(await saveDisks(plan, { ...saving, onBytes, report })));
}

async function saveDisks(plan: ServerBackupPlan, saving: DiskSaving): Promise<ServerPoint> {
  const { clock, session } = saving;
  const { facts } = plan.looked;
  const started = clock.now();
  const nova = await session.service('compute');
  const before = await activityOf(nova, facts.server.id);
  const saved =
    facts.image === null
      ? await saveFromSnapshots(plan, before, saving)
      : await saveEachDisk(plan, before, saving);
  const resource = savedServer(facts, saved.disks, saved.rootDevice);
  const { supports } = nova;
  return {
    id: randomUUID(),
    resource,
    method: 'disks',
    consistency: saved.consistency,
    oneMoment: saved.oneMoment,
    missing: missingOf({
      server: resource,
      multiattached: plan.volumes.flatMap(({ volume }) =>
        volume.attachments.length > 1 ? [volume.name || volume.id] : [],
      ),
      portsKnown: facts.network !== undefined,
      hidden: [
        ...(supports('2.19') ? [] : ['the description']),
        ...(supports('2.26') ? [] : ['the tags']),
        ...(supports('2.90') ? [] : ['the hostname']),
      ],
    }),
    seconds: (clock.now() - started) / 1000,
  };
}

interface SavedDisks {
  readonly disks: readonly SavedDisk[];
  readonly consistency: Consistency;
  readonly oneMoment: boolean;
  readonly rootDevice: string | undefined;
}

/** A volume-backed server: Nova snapshots all volumes together, and these are saved, however long that takes. */
function saveFromSnapshots(
  plan: ServerBackupPlan,
  before: Activity,
  saving: DiskSaving,
): Promise<SavedDisks> {
  const { server } = plan.looked.facts;
  const volumes = new Map(plan.volumes.map((volume) => [volume.volume.id, volume]));
  return withServerImage(server, plan.gigabytes, saving, async (made) => {
    const taken = await snapshotsBehind(made, [...volumes.keys()], saving);
    const nova = await saving.session.service('compute');
    const after = await activityOf(nova, server.id);
    const attachments = await listAttachments(nova, server.id);
    const promise = promised({
      volumeBacked: true,
      before,
      after,
      requiresQuiesce: requiresQuiesce(made.image.properties),
      disks: taken.length,
      shared: plan.volumes.some(isShared),
    });
    const disks = await pool(inOrder(taken.map(placed)), DISKS_AT_ONCE, async ({ snapshot, place }) => {
      const volumePlan = volumes.get(snapshot.volumeId);
      if (volumePlan === undefined) throw attachedMeanwhile(snapshot.volumeId);
      const point = { ...(await saveDisk(volumePlan, snapshot, saving)), consistency: promise.consistency };
      await saving.report(point);
      const attachment = attachments.find(({ volumeId }) => volumeId === snapshot.volumeId);
      return savedDisk({ ...place, tag: attachment?.tag, volumeId: snapshot.volumeId }, point.id);
    });
    return { ...promise, disks, rootDevice: made.image.properties['root_device_name'] };
  });
}

/** Whether it is also attached to other servers. */
function isShared({ volume }: VolumeBackupPlan): boolean {
  return volume.attachments.length > 1;
}

function placed(taken: TakenVolume): TakenVolume & TakenVolume['place'] {
  return { ...taken, ...taken.place };
}

function attachedMeanwhile(volumeId: string): OperationError {
  return new OperationError(
    `volume ${volumeId} was attached while the server was being saved`,
    'Run the backup again.',
  );
}

/** An image-backed server: its own disk as an image, and each volume separately, because Nova does not save those. */
async function saveEachDisk(
  plan: ServerBackupPlan,
  before: Activity,
  saving: DiskSaving,
): Promise<SavedDisks> {
  const { facts, attachments } = plan.looked;
  const { server } = facts;
  const own = () =>
    withServerImage(server, plan.gigabytes, saving, async ({ image }) => {
      const point = await saveRoot(image, server, saving);
      await saving.report(point);
      return savedRoot(point.id);
    });
  const jobs = inOrder(attachments.map((attachment) => ({ ...attachment, bootIndex: undefined }))).map(
    (place) => async () => {
      const volumePlan = plan.volumes.find(({ volume }) => volume.id === place.volumeId);
      if (volumePlan === undefined) throw attachedMeanwhile(place.volumeId);
      const point = await saveDisk(volumePlan, undefined, saving);
      const { consistency } = promised({
        ...circumstances,
        after: await activityOf(nova, server.id),
        disks: 1,
        shared: isShared(volumePlan),
      });
      await saving.report({ ...point, consistency });
      return savedDisk(place, point.id);
    },
  );
  const nova = await saving.session.service('compute');
  const circumstances = { volumeBacked: false, before, requiresQuiesce: false };
  const disks = await pool([own, ...jobs], DISKS_AT_ONCE, (job) => job());
  const promise = promised({
    ...circumstances,
    after: await activityOf(nova, server.id),
    disks: disks.length,
    shared: plan.volumes.some(isShared),
  });
  return { ...promise, disks, rootDevice: undefined };
}

/** @param snapshot saved instead of the volume as it is now */
function saveDisk(
  plan: VolumeBackupPlan,
  snapshot: TakenVolume['snapshot'] | undefined,
  { volumes, once: onlyOnce, onBytes, report }: DiskSaving,
): Promise<VolumePoint> {
  return onlyOnce(plan.volume.id, async () => {
    const what = snapshot === undefined ? plan : planSnapshot(plan, snapshot);
    const { key, point } = await saveVolume(what, { ...volumes, onBytes });
    if (key !== undefined) await report(key);
    return point;
  });
}

/** The root disk of an image-backed server; the image stays temporary until this function keeps it. */
function saveRoot(
  image: Image,
  { id, name: called }: { readonly id: string; readonly name: string },
  saving: DiskSaving,
): Promise<ImagePoint | KeptImagePoint> {
  const name = `${called} ${toSecond(Date.parse(image.createdAt))}`.slice(-255);
  const { payloads } = saving.volumes;
  return payloads === undefined
    ? keepRoot(image, name, saving)
    : storeRoot(image, name, id, saving, payloads, saving);
}
