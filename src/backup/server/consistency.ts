import type { Consistency } from '../../manifest/schema.ts';
import { type Activity, disturbed } from './activity.ts';

export interface Circumstances {
  readonly volumeBacked: boolean;
  readonly before: Activity;
  /** When the last of the disks is saved. */
  readonly after: Activity;
  /** `os_require_quiesce` of the image that Nova made, which has the properties that the server started with. */
  readonly requiresQuiesce: boolean;
  readonly disks: number;
  /** Whether one of the volumes is also attached to other servers. */
  readonly shared: boolean;
}

export interface Promised {
  readonly consistency: Consistency;
  readonly oneMoment: boolean;
}

/** Statuses in which no guest writes, beside SHUTOFF. */
const STILL = new Set(['PAUSED', 'SUSPENDED']);

/**
 * What a restore point of a server promises about its disks, which is never more than is known:
 *
 * - A freeze is sure only for a running volume-backed server whose image demands it: then Nova fails rather than go on
 *   without. For the root disk of an image-backed server, Nova goes on all the same, and on Ceph it does not even try.
 * - Nothing is known of a volume that is also attached to another server, which may write at any time.
 * - A server may run, and be off again, between two looks: the requests made meanwhile tell.
 * - Nova snapshots the volumes one after the other; a guest that is neither frozen nor still writes in between.
 *
 * https://github.com/openstack/nova/blob/master/nova/compute/api.py `snapshot_volume_backed`
 * https://github.com/openstack/nova/blob/master/nova/virt/libvirt/driver.py `_live_snapshot`
 */
export function promised({
  volumeBacked,
  before,
  after,
  requiresQuiesce,
  disks,
  shared,
}: Circumstances): Promised {
  if (shared) return { consistency: 'crash', oneMoment: false };
  const same = before.status === after.status && !disturbed(before, after);
  const off = before.powered !== true && after.powered !== true;
  if (same && before.status === 'SHUTOFF' && off) return { consistency: 'offline', oneMoment: true };
  if (same && STILL.has(before.status)) return { consistency: 'crash', oneMoment: true };
  const ran = same && before.status === 'ACTIVE';
  const frozen = volumeBacked && ran && requiresQuiesce;
  return { consistency: frozen ? 'quiesced' : 'crash', oneMoment: frozen || disks < 2 };
}

/** As Nova reads it: `strutils.bool_from_string` of oslo. */
export function requiresQuiesce(properties: Readonly<Record<string, string>>): boolean {
  return /^(1|t|true|on|y|yes)$/i.test(properties['os_require_quiesce']?.trim() ?? '');
}
