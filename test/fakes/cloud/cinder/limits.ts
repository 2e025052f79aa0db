/** /limits, /os-availability-zone, /extensions. */
import type { Core } from '../core.ts';
import { param, type Router } from '../http.ts';
import { type CinderCall, refuse } from './call.ts';
import { limitsOf, typeQuotasOf, usageOf } from './quota.ts';

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
    .on('GET', '/os-quota-sets/:id', (call, params) => {
      // Policy: an admin, or a reader of that very project.
      if (param(params, 'id') !== call.projectId)
        throw refuse(403, "Policy doesn't allow volume_extension:quotas:show to be performed.");
      const all = typeQuotasOf(core, call.projectId);
      const one = ({ used, limit }: { used: number; limit: number }) => ({
        limit,
        in_use: used,
        reserved: 0,
      });
      return {
        status: 200,
        json: {
          quota_set: {
            id: call.projectId,
            ...Object.fromEntries(Object.entries(all).map(([name, quota]) => [name, one(quota)])),
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
