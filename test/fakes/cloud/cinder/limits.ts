/** /limits, /os-availability-zone, /extensions. */
import type { Core } from '../core.ts';
import type { Router } from '../http.ts';
import type { CinderCall } from './call.ts';
import { limitsOf, usageOf } from './quota.ts';

export function limitRoutes(core: Core, router: Router<CinderCall>): void {
  router
    .on('GET', '/limits', (call) => {
      const limit = limitsOf(core, call.projectId);
      const used = usageOf(core, call.projectId);
      return {
        status: 200,
        json: {
          limits: {
            rate: [],
            absolute: {
              maxTotalVolumes: limit.volumes,
              maxTotalSnapshots: limit.snapshots,
              maxTotalVolumeGigabytes: limit.gigabytes,
              maxTotalBackups: limit.backups,
              maxTotalBackupGigabytes: limit.backupGigabytes,
              totalVolumesUsed: used.volumes,
              totalGigabytesUsed: used.gigabytes,
              totalSnapshotsUsed: used.snapshots,
              totalBackupsUsed: used.backups,
              totalBackupGigabytesUsed: used.backupGigabytes,
            },
          },
        },
      };
    })
    .on('GET', '/os-availability-zone', () => ({
      status: 200,
      json: { availabilityZoneInfo: [{ zoneName: 'nova', zoneState: { available: true } }] },
    }))
    .on('GET', '/extensions', () => ({
      status: 200,
      json: {
        extensions: [
          {
            name: 'Backups',
            alias: 'backups',
            description: 'Backups support.',
            updated: '2012-12-12T00:00:00+00:00',
            links: [],
          },
        ],
      },
    }));
}
