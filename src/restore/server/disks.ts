import { InputError } from '../../errors.ts';
import { pointWithId } from '../../manifest/points.ts';
import type { ImagePoint, KeptImagePoint, Manifest, SavedDisk, VolumePoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { GIB } from '../../text/bytes.ts';
import { keptImage } from '../image/kept-image.ts';
import { type ImageRestorePlan, planImage } from '../image/plan.ts';
import { storeFor } from '../store-for.ts';
import { gigabytesOf, type NewPlan } from '../volume/plan.ts';
import { planFromBackup } from '../volume/plan-from-backup.ts';
import { planFromImage } from '../volume/plan-from-image.ts';
import { fromManifest } from '../volume/source.ts';
import { existingDisk } from './existing-disk.ts';
import type { Mapping } from './mapping.ts';

/** How to restore a disk. */
export type DiskPlan = DiskOf & {
  readonly saved: SavedDisk;
  /** The id of the volume or image that was saved. */
  readonly resource: string;
  /** GiB, for the time that it may take. */
  readonly gigabytes: number;
};

type DiskOf =
  | { readonly from: 'backup'; readonly plan: NewPlan }
  | { readonly from: 'payload'; readonly plan: ImageRestorePlan }
  /** It is in the cloud already, and takes no more of a quota. */
  | { readonly from: 'cloud'; readonly id: string; readonly name: string };

/**
 * How each disk is restored, in the order of the record: the disk that the server boots from first.
 *
 * @throws InputError or OperationError if one cannot be restored
 */
export async function planDisks(
  session: Session,
  manifest: Manifest,
  disks: readonly SavedDisk[],
  mapping: Mapping,
  store: PayloadStore | undefined,
): Promise<readonly DiskPlan[]> {
  const plans: DiskPlan[] = [];
  for (const { saved, point } of diskPoints(manifest, disks)) {
    const { kind, id, name } = point.resource;
    const there = mapping.of(kind, id, name);
    const common = { saved, resource: id };
    if (there !== undefined)
      plans.push({ ...common, gigabytes: 0, from: 'cloud', ...(await existingDisk(session, point, there)) });
    else if (point.method === 'kept') plans.push({ ...common, ...(await keptDisk(session, point)) });
    else if (point.method === 'download')
      plans.push({ ...common, ...(await storedDisk(session, manifest, point, store)) });
    else plans.push({ ...common, ...(await volumeDisk(session, manifest, point, mapping, store)) });
  }
  return plans;
}

/** A disk of a server with the restore point that holds it. */
interface DiskPoint {
  readonly saved: SavedDisk;
  readonly point: VolumePoint | ImagePoint | KeptImagePoint;
}

function diskPoints(manifest: Manifest, disks: readonly SavedDisk[]): DiskPoint[] {
  return disks.map((saved) => ({
    saved,
    point: pointWithId(manifest, saved.volume === null ? 'image' : 'volume', saved.point),
  }));
}

type Planned = DiskOf & Pick<DiskPlan, 'gigabytes'>;

/**
 * A server's own disk whose image stayed in the cloud: the server boots from that image, and does not
 * change it.
 *
 * @throws OperationError if it is gone, or not what was saved
 */
async function keptDisk(session: Session, { resource }: KeptImagePoint): Promise<Planned> {
  const image = await keptImage(session, resource, 'which has the root disk of the server');
  return { from: 'cloud', id: image.id, name: image.name, gigabytes: image.minDisk };
}

/** A server's own disk whose image left the cloud: it becomes an image again, from which the server boots. */
async function storedDisk(
  session: Session,
  manifest: Manifest,
  point: ImagePoint,
  store: PayloadStore | undefined,
): Promise<Planned> {
  const from = storeFor(point.payload, store, 'the root disk of the server');
  const plan = await planImage(session, { manifest, point }, { name: undefined, wrap: 'auto' }, from);
  if (plan.key !== undefined)
    throw new InputError(
      `image ${point.resource.id}, which has the root disk of the server, is encrypted, and Nova cannot boot from an encrypted image`,
      'Restore it with restore-image, make a volume from it, and boot from that.',
    );
  return { from: 'payload', plan, gigabytes: plan.payload.size / GIB };
}

async function volumeDisk(
  session: Session,
  manifest: Manifest,
  point: VolumePoint,
  mapping: Mapping,
  store: PayloadStore | undefined,
): Promise<Planned> {
  const { type, availabilityZone } = point.resource;
  const wishes = {
    name: undefined,
    type: mapping.of('type', type.id, type.name),
    availabilityZone: mapping.of('availability-zone', availabilityZone),
  };
  const plan =
    point.method === 'image'
      ? await planFromImage(session, manifest, point, wishes, store)
      : await planFromBackup(await session.service('block-storage'), fromManifest(point), {
          ...wishes,
          to: undefined,
          overwrite: false,
        });
  if (plan.kind === 'overwrite') throw new TypeError('a disk of a server is always a new volume');
  return { from: 'backup', plan, gigabytes: gigabytesOf(plan) };
}
