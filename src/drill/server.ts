import type { Environment } from '../environment.ts';
import { messageOf, PlainError, withHint } from '../errors.ts';
import { pointWithId } from '../manifest/points.ts';
import type { Manifest, SavedImage, ServerPoint } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { ImageRestorePlan } from '../restore/image/plan.ts';
import { type DiskPlan, planDisks } from '../restore/server/disks.ts';
import { parseMapping } from '../restore/server/mapping.ts';
import type { DrillTools } from './bytes.ts';
import type { Finding } from './finding.ts';
import { drillImage, drillKeptImage } from './image.ts';
import { refuseUnread } from './room.ts';
import type { Stopwatch } from './stopwatch.ts';
import { together } from './together.ts';
import { drillVolume, type VolumeSubject } from './volume.ts';

/** How a disk of a server is drilled. */
export type DiskDrill = {
  /** "/dev/vda". */
  readonly device: string;
  /** GiB of the volume that it becomes; 0 if it becomes none. */
  readonly gigabytes: number;
} & (
  | { readonly as: 'volume'; readonly subject: VolumeSubject }
  | { readonly as: 'image'; readonly plan: ImageRestorePlan }
  | { readonly as: 'kept'; readonly image: SavedImage }
);

/**
 * How each disk is drilled. Since they come one after the other, each is planned as if there were no other: the quota
 * must hold the largest.
 *
 * @param name of what is made
 * @throws what the plan of its restore throws; QuotaError if a disk does not fit
 */
export async function planServerDrill(
  session: Session,
  manifest: Manifest,
  { resource }: ServerPoint,
  name: string,
  store: PayloadStore | undefined,
): Promise<readonly DiskDrill[]> {
  const plans = await planDisks(session, manifest, resource.disks, parseMapping([]), store);
  const drills = plans.map((plan) => diskDrill(manifest, plan, name));
  const largest = largestOf(drills);
  if (largest > 0) await refuseUnread(session, largest);
  return drills;
}

function diskDrill(manifest: Manifest, disk: DiskPlan, name: string): DiskDrill {
  const { saved, resource } = disk;
  const device = saved.volume === null ? 'root disk' : (saved.device ?? `volume ${resource}`);
  switch (disk.from) {
    case 'backup': {
      const point = pointWithId(manifest, 'volume', saved.point);
      const subject = { manifest, point, plan: { ...disk.plan, name } };
      return { device, gigabytes: disk.gigabytes, as: 'volume', subject };
    }
    case 'payload':
      return { device, gigabytes: 0, as: 'image', plan: { ...disk.plan, name } };
    case 'cloud': {
      const image = pointWithId(manifest, 'image', saved.point).resource;
      return { device, gigabytes: 0, as: 'kept', image };
    }
  }
}

/** GiB of the largest volume that is made; 0 if none is. */
export function largestOf(disks: readonly Pick<DiskDrill, 'gigabytes'>[]): number {
  return Math.max(0, ...disks.map(({ gigabytes }) => gigabytes));
}

/** Drills the disks one after the other, up to the first that cannot be restored. */
export async function drillServer(
  environment: Environment,
  disks: readonly DiskDrill[],
  store: PayloadStore | undefined,
  watch: Stopwatch,
  tools: DrillTools,
): Promise<Finding> {
  const found: Finding[] = [];
  for (const disk of disks) {
    try {
      found.push(named(disk, await drillDisk(environment, disk, store, watch, tools)));
    } catch (error) {
      if (environment.signal.aborted || !(error instanceof PlainError)) throw error;
      environment.log.debug(withHint(error));
      found.push(named(disk, { reached: null, seen: [], size: 0, keyProved: false, why: messageOf(error) }));
      break;
    }
  }
  const isProved = found.length > 0 && found.every(({ reached }) => reached !== null);
  return { ...together(found), reached: isProved ? 'L3' : null };
}

function drillDisk(
  environment: Environment,
  disk: DiskDrill,
  store: PayloadStore | undefined,
  watch: Stopwatch,
  tools: DrillTools,
): Promise<Finding> {
  switch (disk.as) {
    case 'volume':
      return drillVolume(environment, disk.subject, store, watch, tools);
    case 'image':
      return drillImage(environment, disk.plan, store, watch, tools);
    case 'kept':
      return drillKeptImage(environment, disk.image, watch, tools);
  }
}

function named({ device }: DiskDrill, { why, seen, ...finding }: Finding): Finding {
  const of = (words: string) => `${device}: ${words}`;
  return { ...finding, seen: seen.map(of), ...(why !== undefined && { why: of(why) }) };
}
