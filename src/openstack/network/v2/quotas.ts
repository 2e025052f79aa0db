import { field, integer, type Json } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { hasStatus } from '../../errors.ts';
import type { Limit } from '../../quota-names.ts';

// https://docs.openstack.org/api-ref/network/v2/#show-quota-details-for-a-tenant

export interface NetworkLimits {
  readonly ports?: Limit;
  readonly security_groups?: Limit;
}

/** Empty if the cloud does not show its users their quota. */
export async function getNetworkLimits(client: ServiceClient): Promise<NetworkLimits> {
  try {
    return await client.call({
      doing: 'read the network quota',
      method: 'GET',
      path: `/quotas/${encodeURIComponent(client.session.scope.project.id)}/details`,
      ok: [200],
      decode: (answer) => {
        const quota = field(answer, 'quota');
        return { ...limitOf(quota, 'port', 'ports'), ...limitOf(quota, 'security_group', 'security_groups') };
      },
    });
  } catch (error) {
    if (hasStatus(error, 401, 403, 404)) return {};
    throw error;
  }
}

function limitOf(quota: Json, key: string, name: keyof NetworkLimits): NetworkLimits {
  if (quota[key] === undefined) return {};
  const one = field(quota, key);
  return { [name]: { used: integer(one, 'used') + integer(one, 'reserved'), max: integer(one, 'limit') } };
}
