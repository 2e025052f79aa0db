import { isUuid, type Json, object, optionalInteger, optionalText } from '../../decode.ts';
import { OperationError } from '../../errors.ts';

/** A disk of a server, as Nova wrote it into the image of a volume-backed one. */
export interface MappedDisk {
  /** Undefined for a disk that is no volume, such as swap. */
  readonly snapshotId: string | undefined;
  /** 0 is the disk that it boots from; undefined: not for booting. */
  readonly bootIndex: number | undefined;
  readonly device: string | undefined;
  readonly tag: string | undefined;
  readonly deleteOnTermination: boolean;
}

/** Glance keeps a property in 65,535 bytes. */
const LONGEST = 65_535;
const MOST = 256;

/**
 * The image property `block_device_mapping`: a list as JSON text, which any user with the image may have written.
 * https://github.com/openstack/nova/blob/master/nova/compute/api.py `snapshot_volume_backed`
 *
 * @throws OperationError if it is not what Nova writes
 */
export function parseBlockDeviceMapping(text: string): MappedDisk[] {
  try {
    if (text.length > LONGEST) throw new TypeError('it is too long');
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) throw new TypeError('it is not a list');
    if (list.length > MOST) throw new TypeError(`it has ${list.length} disks`);
    const disks = list.map((item) => diskOf(object(item, 'a disk')));
    const ids = disks.flatMap(({ snapshotId }) => snapshotId ?? []);
    if (new Set(ids).size < ids.length) throw new TypeError('it names a snapshot twice');
    return disks;
  } catch (error) {
    throw new OperationError(
      `the block device mapping of the image is not what Nova writes: ${(error as Error).message}`,
      'Try again, or back up its volumes one by one with backup-volume.',
      error,
    );
  }
}

function diskOf(disk: Json): MappedDisk {
  const snapshotId = disk['source_type'] === 'snapshot' ? optionalText(disk, 'snapshot_id') : undefined;
  if (disk['source_type'] === 'snapshot' && !isUuid(snapshotId ?? ''))
    throw new TypeError('a snapshot_id is not an id');
  const bootIndex = optionalInteger(disk, 'boot_index');
  return {
    snapshotId,
    // Nova gives -1 to a disk that the server was made with, and nothing to one that was attached later.
    bootIndex: bootIndex === undefined || bootIndex < 0 || bootIndex > 255 ? undefined : bootIndex,
    device: bounded(optionalText(disk, 'device_name')),
    tag: bounded(optionalText(disk, 'tag')),
    deleteOnTermination: disk['delete_on_termination'] === true,
  };
}

function bounded(value: string | undefined): string | undefined {
  if (value !== undefined && value.length > 255) throw new TypeError('a name is too long');
  return value;
}
