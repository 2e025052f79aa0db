import { field, type Json, object, optionalInteger } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { hasStatus } from '../../errors.ts';
import type { Limit, QuotaName, Quotas } from '../../quota-names.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#limits-limits

/** Quota and use of the token's project. Every backup, even an increment, counts with the size of its volume. */
export function getLimits(client: ServiceClient): Promise<Quotas> {
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
        backup_gigabytes: limit(absolute, 'totalBackupGigabytesUsed', 'maxTotalBackupGigabytes'),
      };
    },
  });
}

function limit(absolute: Json, used: string, max: string): Limit {
  return { used: optionalInteger(absolute, used) ?? 0, max: optionalInteger(absolute, max) ?? -1 };
}

const OF_A_TYPE = /^(volumes|snapshots|gigabytes)_./s;

/**
 * The quotas of single volume types, which the limits do not show: `volumes_TYPE`, `snapshots_TYPE`, `gigabytes_TYPE`.
 * Empty if the cloud does not show them: then no plan is refused for them, and the cloud refuses the request.
 * https://docs.openstack.org/api-ref/block-storage/v3/#quota-sets-extension-os-quota-sets
 */
export async function getTypeLimits(client: ServiceClient): Promise<Quotas> {
  try {
    return await client.call({
      doing: "read the project's quota of volume types",
      method: 'GET',
      path: `/os-quota-sets/${encodeURIComponent(client.session.scope.project.id)}`,
      query: { usage: 'true' },
      ok: [200],
      decode: (answer) => typeLimits(field(answer, 'quota_set')),
    });
  } catch (error) {
    if (!hasStatus(error, 400, 401, 403, 404)) throw error;
    // A 401 comes from an application credential's access rules, which its owner can change.
    const told = hasStatus(error, 401) ? 'warn' : 'debug';
    client.session.log[told](`${error.message}: the quotas of volume types are not checked`);
    return {};
  }
}

function typeLimits(quotas: Json): Quotas {
  const named = Object.keys(quotas).filter((name) => OF_A_TYPE.test(name));
  return Object.fromEntries(
    named.map((name): [QuotaName, Limit] => {
      const one = object(quotas[name], name);
      const used = (optionalInteger(one, 'in_use') ?? 0) + (optionalInteger(one, 'reserved') ?? 0);
      return [name as QuotaName, { used, max: optionalInteger(one, 'limit') ?? -1 }];
    }),
  );
}
