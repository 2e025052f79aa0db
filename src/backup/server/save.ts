import { randomUUID } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import type {
  Consistency,
  ImagePoint,
  KeptImagePoint,
  SavedDisk,
  ServerPoint,
  VolumePoint,
} from '../../manifest/schema.ts';
import { listAttachments } from '../../openstack/compute/v2/attachments.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { pool } from '../../pool.ts';
import type { VolumePlan } from '../volume/volume-plan.ts';
import { type Activity, activityOf } from './activity.ts';
import { promised, requiresQuiesce } from './consistency.ts';
import { inOrder, savedDisk, savedRoot } from './disks.ts';
import type { LookedAt } from './facts.ts';
import { type ImageTools, withServerImage } from './image.ts';
import { missingOf } from './missing.ts';
import { savedServer } from './record.ts';
import { snapshotsBehind, type TakenVolume } from './snapshots.ts';

/** What is to be done with one server. */
export interface ServerPlan {
  readonly looked: LookedAt;
  readonly volumes: readonly VolumePlan[];
  /** GiB of all its disks. */
  readonly gigabytes: number;
}

/** How the disks are saved; each is recorded when it is, so that it counts also when another one fails. */
export interface DiskSaver {
  /** @param snapshot what is saved instead of the volume as it is now */
  volume(plan: VolumePlan, snapshot: TakenVolume['snapshot'] | undefined): Promise<VolumePoint>;
  /** The root disk of an image-backed server; the image is temporary until this has made it its own. */
  image(image: Image, name: string): Promise<ImagePoint | KeptImagePoint>;
  record(point: VolumePoint | ImagePoint | KeptImagePoint): Promise<void>;
}

/** Disks of a server that are saved at the same time. */
export const DISKS_AT_ONCE = 4;

/**
 * Saves a server: all its disks, each as a restore point of its own, and what it was made of. The server goes on.
 *
 * @throws OperationError when one of the disks could not be saved; those that were are recorded all the same
 */
export async function saveServer(
  plan: ServerPlan,
  saver: DiskSaver,
  tools: ImageTools,
): Promise<ServerPoint> {
  const { clock, session } = tools;
  const { facts } = plan.looked;
  const started = clock.now();
  const nova = await session.service('compute');
  const before = await activityOf(nova, facts.server.id);
  const saved =
    facts.image === null
      ? await saveFromSnapshots(plan, before, saver, tools)
      : await saveEachDisk(plan, before, saver, tools);
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
  plan: ServerPlan,
  before: Activity,
  saver: DiskSaver,
  tools: ImageTools,
): Promise<SavedDisks> {
  const { server } = plan.looked.facts;
  const volumes = new Map(plan.volumes.map((volume) => [volume.volume.id, volume]));
  return withServerImage(server, plan.gigabytes, tools, async (made) => {
    const taken = await snapshotsBehind(made, [...volumes.keys()], tools);
    const nova = await tools.session.service('compute');
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
      const point = { ...(await saver.volume(volumePlan, snapshot)), consistency: promise.consistency };
      await saver.record(point);
      const attachment = attachments.find(({ volumeId }) => volumeId === snapshot.volumeId);
      return savedDisk({ ...place, tag: attachment?.tag, volumeId: snapshot.volumeId }, point.id);
    });
    return { ...promise, disks, rootDevice: made.image.properties['root_device_name'] };
  });
}

/** Whether other servers are attached to it as well. */
function isShared({ volume }: VolumePlan): boolean {
  return volume.attachments.length > 1;
}

function placed(taken: TakenVolume): TakenVolume & TakenVolume['place'] {
  return { ...taken, ...taken.place };
}

function attachedMeanwhile(volumeId: string): OperationError {
  return new OperationError(`volume ${volumeId} was attached while the server was saved`, 'Run it again.');
}

/** An image-backed server: its own disk as an image, and each volume by itself, for Nova does not save those. */
async function saveEachDisk(
  plan: ServerPlan,
  before: Activity,
  saver: DiskSaver,
  tools: ImageTools,
): Promise<SavedDisks> {
  const { facts, attachments } = plan.looked;
  const { server } = facts;
  const saveRoot = () =>
    withServerImage(server, plan.gigabytes, tools, async ({ image }) => {
      const point = await saver.image(image, server.name);
      await saver.record(point);
      return savedRoot(point.id);
    });
  const jobs = inOrder(attachments.map((attachment) => ({ ...attachment, bootIndex: undefined }))).map(
    (place) => async () => {
      const volumePlan = plan.volumes.find(({ volume }) => volume.id === place.volumeId);
      if (volumePlan === undefined) throw attachedMeanwhile(place.volumeId);
      const point = await saver.volume(volumePlan, undefined);
      const { consistency } = promised({
        ...circumstances,
        after: await activityOf(nova, server.id),
        disks: 1,
        shared: isShared(volumePlan),
      });
      await saver.record({ ...point, consistency });
      return savedDisk(place, point.id);
    },
  );
  const nova = await tools.session.service('compute');
  const circumstances = { volumeBacked: false, before, requiresQuiesce: false };
  const disks = await pool([saveRoot, ...jobs], DISKS_AT_ONCE, (job) => job());
  const promise = promised({
    ...circumstances,
    after: await activityOf(nova, server.id),
    disks: disks.length,
    shared: plan.volumes.some(isShared),
  });
  return { ...promise, disks, rootDevice: undefined };
}
