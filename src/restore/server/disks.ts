import { InputError, OperationError } from '../../errors.ts';
import { pointWithId } from '../../manifest/choose.ts';
import type { ImagePoint, KeptImagePoint, Manifest, SavedDisk, VolumePoint } from '../../manifest/schema.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { getImage, type Image } from '../../openstack/image/v2/images.ts';
import type { Session } from '../../openstack/session.ts';
import type { RunIdentity } from '../../temporaries/owner.ts';
import { GIB } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import { bringBackImage } from '../image/bring-back.ts';
import { planImage } from '../image/preflight.ts';
import type { PayloadReader } from '../payloads.ts';
import type { BroughtBack, DiskJob } from './bring-back.ts';

/** A disk of a server with the restore point that holds it. */
export interface DiskPoint {
  readonly saved: SavedDisk;
  readonly point: VolumePoint | ImagePoint | KeptImagePoint;
}

/** In the order of the record: the disk that it boots from first. */
export function diskPoints(manifest: Manifest, disks: readonly SavedDisk[]): DiskPoint[] {
  return disks.map((saved) => ({
    saved,
    point: pointWithId(manifest, saved.volume === null ? 'image' : 'volume', saved.point),
  }));
}

/** The disk of a server's own whose image left the cloud: it becomes an image again, from which the server boots. */
export async function storedDisk(
  session: Session,
  reader: PayloadReader | undefined,
  manifest: Manifest,
  saved: SavedDisk,
  point: ImagePoint,
  run: RunIdentity,
): Promise<DiskJob> {
  if (reader === undefined)
    throw new InputError(
      `the root disk of the server left the cloud: it is in payload ${point.payload.name}`,
      'Name the place where the backup put it with `store`: directory:PATH.',
    );
  const plan = await planImage(session, reader, manifest, point, { name: undefined, wrap: 'auto' });
  if (plan.key !== undefined)
    throw new InputError(
      `image ${point.resource.id}, which has the root disk of the server, is encrypted, and Nova boots from no such image`,
      'Restore it with restore-image, make a volume of it, and boot from that.',
    );
  return {
    saved,
    gigabytes: plan.payload.size / GIB,
    bring: async (onBytes) => {
      const { image, settle, remove } = await bringBackImage(plan, reader, { session, run }, onBytes);
      return { id: image.id, settle, remove };
    },
  };
}

/**
 * The disk of a server's own whose image stayed in the cloud: the server boots from that very image, which is not
 * changed by it.
 *
 * @throws OperationError when it is gone, or not what was saved
 */
export async function keptDisk(
  session: Session,
  saved: SavedDisk,
  { resource }: KeptImagePoint,
): Promise<DiskJob> {
  const image = await getImage(await session.service('image'), resource.id).catch((error: unknown) => {
    if (!hasStatus(error, 404)) throw error;
    throw new OperationError(
      `image ${resource.id}, which has the root disk of the server, is gone or belongs to another project`,
      'Take another restore point. One that is saved with `store` can be restored anywhere.',
      error,
    );
  });
  refuseChanged(image, resource);
  const brought: BroughtBack = { id: image.id, settle: async () => [], remove: async () => undefined };
  return { saved, gigabytes: image.minDisk, bring: async () => brought };
}

function refuseChanged(image: Image, saved: KeptImagePoint['resource']): void {
  const what = `image ${quoted(image.name)} (${image.id}), which has the root disk of the server,`;
  if (image.status !== 'active')
    throw new OperationError(`${what} is ${image.status}`, 'Take another restore point.');
  const digest = saved.hash?.value ?? saved.checksum;
  if (
    image.size !== saved.size ||
    (digest !== null && digest !== (saved.hash ? image.hash?.value : image.checksum))
  )
    throw new OperationError(`${what} has other data than was saved`, 'Take another restore point.');
}
