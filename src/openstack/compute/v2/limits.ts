import { field, integer, type Json } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';

// https://docs.openstack.org/api-ref/compute/#limits-limits

export interface ComputeLimit {
  /** -1: unlimited. */
  readonly max: number;
  readonly used: number;
}

export interface ComputeLimits {
  readonly instances: ComputeLimit;
  readonly cores: ComputeLimit;
  /** MiB. */
  readonly ram: ComputeLimit;
}

export function getComputeLimits(client: ServiceClient): Promise<ComputeLimits> {
  return client.call({
    doing: 'read the compute limits',
    method: 'GET',
    path: '/limits',
    ok: [200],
    decode: (answer) => {
      const absolute = field(field(answer, 'limits'), 'absolute');
      return {
        instances: limitOf(absolute, 'maxTotalInstances', 'totalInstancesUsed'),
        cores: limitOf(absolute, 'maxTotalCores', 'totalCoresUsed'),
        ram: limitOf(absolute, 'maxTotalRAMSize', 'totalRAMUsed'),
      };
    },
  });
}

function limitOf(absolute: Json, max: string, used: string): ComputeLimit {
  return { max: integer(absolute, max), used: integer(absolute, used) };
}
