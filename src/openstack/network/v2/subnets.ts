import { id, integer, optionalText, text } from '../../decode.ts';
import type { ServiceClient } from '../../service.ts';
import { collection } from './pages.ts';

// https://docs.openstack.org/api-ref/network/v2/#subnets

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly networkId: string;
  /** "192.0.2.0/24". */
  readonly cidr: string;
  readonly ipVersion: number;
}

export function listSubnets(
  client: ServiceClient,
  filter: { readonly networkId?: string } = {},
): AsyncGenerator<Subnet[]> {
  const query = { network_id: filter.networkId };
  return collection(client, 'subnets', '/subnets', 'subnets', query, (subnet) => ({
    id: id(subnet, 'id'),
    name: optionalText(subnet, 'name') ?? '',
    networkId: id(subnet, 'network_id'),
    cidr: text(subnet, 'cidr'),
    ipVersion: integer(subnet, 'ip_version'),
  }));
}
