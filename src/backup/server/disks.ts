import type { SavedDisk } from '../../manifest/schema.ts';
import type { Attachment } from '../../openstack/compute/v2/attachments.ts';

/** Where a volume stands in its server. */
export interface DiskPlace extends Attachment {
  /** 0 is the disk that the server boots from; undefined: not for booting. */
  readonly bootIndex: number | undefined;
}

/**
 * The order of a server's disks: the one that it boots from, then by their devices, as the guest counts them. A
 * hypervisor names disks in the order in which it gets them.
 */
export function inOrder<T extends Pick<DiskPlace, 'bootIndex' | 'device'>>(places: readonly T[]): T[] {
  return [...places].sort(
    (a, b) =>
      (a.bootIndex ?? Number.POSITIVE_INFINITY) - (b.bootIndex ?? Number.POSITIVE_INFINITY) ||
      byDevice(a.device ?? '', b.device ?? ''),
  );
}

/** vdz before vdaa. */
function byDevice(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** @param point the restore point that holds the volume */
export function savedDisk(
  { bootIndex, device, tag, deleteOnTermination, volumeId }: DiskPlace,
  point: string,
): SavedDisk {
  return {
    bootIndex: bootIndex ?? null,
    device: device ?? null,
    tag: tag ?? null,
    deleteOnTermination,
    volume: volumeId,
    point,
  };
}

/** The server's own disk, which it boots from. Nova shows its device to administrators only. */
export function savedRoot(point: string): SavedDisk {
  return { bootIndex: 0, device: null, tag: null, deleteOnTermination: true, volume: null, point };
}
