import type { Environment } from '../environment.ts';
import { PlainError, withHint } from '../errors.ts';
import { pointWithId } from '../manifest/points.ts';
import type { DrilledPoint, Manifest, SavedImage, ServerPoint } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import type { PayloadStore } from '../payload/store.ts';
import { type DiskPlan, planDisks } from '../restore/server/disks.ts';
import { parseMapping } from '../restore/server/mapping.ts';
import type { DrillTools } from './bytes.ts';
import type { DiskFinding, Finding } from './finding.ts';
import { drillImage, drillKeptImage, type ImageSubject } from './image.ts';
import type { EarlierDigest } from './proof.ts';
import { refuseUnread } from './room.ts';
import { saysNothing, stoppedBy } from './stopped.ts';
import { type Phases, type Stopwatch, within } from './stopwatch.ts';
import { together } from './together.ts';
import { drillVolume, type VolumeSubject } from './volume.ts';
import type { Way } from './way.ts';

/** How a disk of a server is drilled. */
export type DiskDrill = {
  /** The id of its restore point. */
  readonly point: string;
  /** What was saved. */
  readonly resource: NonNullable<DrilledPoint['resource']>;
  /** "/dev/vda". */
  readonly device: string;
  /** GiB of the volume that it becomes; 0 if it becomes none. */
  readonly gigabytes: number;
} & (
  | { readonly as: 'volume'; readonly subject: VolumeSubject }
  | { readonly as: 'image'; readonly subject: ImageSubject }
  | {
      readonly as: 'kept';
      readonly image: SavedImage;
      /** What else looks at it first. */
      readonly look?: (environment: Environment) => Promise<void>;
    }
);

/**
 * How each disk is drilled. Since they come one after the other, each is planned as if there were no other: the quota
 * must hold the largest.
 *
 * @param name of what is made
 * @param digests what earlier drills read, by the id of the restore point
 * @throws what the plan of its restore throws; QuotaError if a disk does not fit
 */
export async function planServerDrill(
  session: Session,
  manifest: Manifest,
  { resource }: ServerPoint,
  name: string,
  store: PayloadStore | undefined,
  digests: ReadonlyMap<string, EarlierDigest>,
  way: Way,
): Promise<readonly DiskDrill[]> {
  const plans = await planDisks(session, manifest, resource.disks, parseMapping([]), store);
  const drills = plans.map((plan) => diskDrill(manifest, plan, name, digests.get(plan.saved.point), way));
  const largest = largestOf(drills);
  if (largest > 0) await refuseUnread(session, largest);
  return drills;
}

function diskDrill(
  manifest: Manifest,
  disk: DiskPlan,
  name: string,
  earlier: EarlierDigest | undefined,
  way: Way,
): DiskDrill {
  const { saved, resource } = disk;
  const device = saved.volume === null ? 'root disk' : (saved.device ?? `volume ${resource}`);
  const kind = saved.volume === null ? 'image' : 'volume';
  const common = { point: saved.point, resource: { kind, id: resource }, device } as const;
  switch (disk.from) {
    case 'backup': {
      const point = pointWithId(manifest, 'volume', saved.point);
      const fill = way.volume(point.id);
      const subject = { manifest, point, plan: { ...disk.plan, name }, earlier, ...(fill && { fill }) };
      return { ...common, gigabytes: disk.gigabytes, as: 'volume', subject };
    }
    case 'payload': {
      const fill = way.image(saved.point);
      const subject = { plan: { ...disk.plan, name }, ...(fill && { fill }) };
      return { ...common, gigabytes: 0, as: 'image', subject };
    }
    case 'cloud': {
      const image = pointWithId(manifest, 'image', saved.point).resource;
      const look = way.kept(saved.point);
      return { ...common, gigabytes: 0, as: 'kept', image, ...(look && { look }) };
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
  drills: readonly DiskDrill[],
  store: PayloadStore | undefined,
  watch: Stopwatch,
  tools: DrillTools,
  { blame }: Pick<Way, 'blame'>,
): Promise<Finding> {
  const disks: DiskFinding[] = [];
  const named: Finding[] = [];
  const add = (disk: DiskDrill, finding: Finding, seconds: Phases) => {
    disks.push({ point: disk.point, resource: disk.resource, finding, seconds });
    named.push(withName(disk, finding));
  };
  for (const disk of drills) {
    const own = within(watch, () => environment.clock.now());
    try {
      add(disk, await drillDisk(environment, disk, store, own, tools), own.seconds);
    } catch (error) {
      if (environment.signal.aborted || !(error instanceof PlainError)) throw error;
      const blamed = await blame(error, [disk.point]);
      if (saysNothing(blamed)) throw blamed;
      environment.log.debug(withHint(error));
      add(disk, stoppedBy(blamed), own.seconds);
      break;
    }
  }
  const isProved = named.length > 0 && named.every(({ reached }) => reached !== null);
  return { ...together(named), reached: isProved ? 'L3' : null, disks };
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
      return drillImage(environment, disk.subject, store, watch, tools);
    case 'kept':
      return drillKeptImage(environment, disk.image, watch, tools, disk.look);
  }
}

function withName({ device }: DiskDrill, { why, seen, ...finding }: Finding): Finding {
  const of = (words: string) => `${device}: ${words}`;
  return { ...finding, seen: seen.map(of), ...(why !== undefined && { why: of(why) }) };
}
