import { InputError } from '../../errors.ts';
import { pointWithId } from '../../manifest/points.ts';
import type { ImagePoint, KeptImagePoint, Manifest, SavedDisk, VolumePoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Ledger } from '../../temporaries/ledger.ts';
import { GIB } from '../../text/bytes.ts';
import { keptImage } from '../image/kept-image.ts';
import { planImage } from '../image/plan.ts';
import { bringBackImage } from '../image/restore.ts';
import type { BroughtBack, DiskJob } from './restore.ts';

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
  reader: PayloadStore | undefined,
  manifest: Manifest,
  saved: SavedDisk,
  point: ImagePoint,
  run: Ledger,
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
    resource: point.resource.id,
    isThere: false,
    gigabytes: plan.payload.size / GIB,
    bring: async (onBytes) => {
      const { image, name, missing, undone } = await bringBackImage(plan, reader, { session, run }, onBytes);
      return { id: image.id, name, isNew: true, missing, undone, unseen: [] };
    },
  };
}

/** What is in the cloud already. */
export function isThere({ id, name }: { readonly id: string; readonly name: string }): BroughtBack {
  return { id, name, isNew: false, missing: [], undone: [], unseen: [] };
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
  const image = await keptImage(session, resource, 'which has the root disk of the server');
  return {
    saved,
    resource: resource.id,
    isThere: true,
    gigabytes: image.minDisk,
    bring: async () => isThere(image),
  };
}
