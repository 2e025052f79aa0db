import type { Manifest, Payload, RestorePoint } from '../../../manifest/schema.ts';
import { GIB } from '../../../text/bytes.ts';

/**
 * All restore points that are restored with one, in their order: the key of a disk before it, and the disks of a server
 * in its place. No server is made.
 *
 * @throws TypeError if the manifest lists none of that id
 */
export function restoredWith(manifest: Manifest, id: string): readonly RestorePoint[] {
  const point = manifest.restorePoints.find((one) => one.id === id);
  if (point === undefined) throw new TypeError(`restore point ${id} is not in the manifest`);
  if (point.method === 'disks')
    return [...new Set(point.resource.disks.flatMap((disk) => restoredWith(manifest, disk.point)))];
  // The cloud keeps the key of what stays there.
  const isAway = 'payload' in point && point.payload !== null;
  const encryption = 'encryption' in point.resource ? point.resource.encryption : null;
  const keyId = isAway ? encryption?.key.point : undefined;
  const key = manifest.restorePoints.find((one) => one.id === keyId);
  return [...(key === undefined ? [] : [key]), point];
}

export function payloadsOf(points: readonly RestorePoint[]): readonly Payload[] {
  return points.flatMap((point) => ('payload' in point && point.payload !== null ? [point.payload] : []));
}

/** GiB that the commands of a section move: a volume is filled from an image, and each is as large. */
export function gigabytesOf(point: RestorePoint): number {
  switch (point.method) {
    case 'cinder-backup':
      return 2 * Math.max(point.resource.size, point.backup.size);
    case 'image':
      return 2 * Math.max(point.resource.size, Math.ceil(point.image.size / GIB));
    case 'download':
      return point.payload.size / GIB;
    default:
      return 0;
  }
}
