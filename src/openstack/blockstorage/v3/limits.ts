import { field, type Json, optionalInteger } from '../../decode.ts';
import type { ServiceClient } from '../../service.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#limits-limits

export interface Limit {
  readonly used: number;
  /** -1: unlimited. */
  readonly max: number;
}

export interface Limits {
  readonly volumes: Limit;
  /** GiB of volumes and snapshots. */
  readonly gigabytes: Limit;
  readonly snapshots: Limit;
  readonly backups: Limit;
  /** GiB; every backup counts its volume's whole size, increments too. */
  readonly backupGigabytes: Limit;
}

/** Quota and use of the token's project. */
export function getLimits(client: ServiceClient): Promise<Limits> {
  return client.call({
    doing: "read the project's quota",
    method: 'GET',
    path: '/limits',
    ok: [200],
    decode: (answer) => {
      const absolute = field(field(answer, 'limits'), 'absolute');
      return {
        volumes: limit(absolute, 'totalVolumesUsed', 'maxTotalVolumes'),
        gigabytes: limit(absolute, 'totalGigabytesUsed', 'maxTotalVolumeGigabytes'),
        snapshots: limit(absolute, 'totalSnapshotsUsed', 'maxTotalSnapshots'),
        backups: limit(absolute, 'totalBackupsUsed', 'maxTotalBackups'),
        backupGigabytes: limit(absolute, 'totalBackupGigabytesUsed', 'maxTotalBackupGigabytes'),
      };
    },
  });
}

function limit(absolute: Json, used: string, max: string): Limit {
  return { used: optionalInteger(absolute, used) ?? 0, max: optionalInteger(absolute, max) ?? -1 };
}
