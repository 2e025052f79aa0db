import { BlockList, isIP } from 'node:net';
import { id, integer, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
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

/** Whether an address is one of a subnet, IPv4 or IPv6. */
export function holdsAddress(cidr: string, address: string): boolean {
  const [network = '', prefix = ''] = cidr.split('/');
  const [version, other] = [isIP(network), isIP(address)];
  if (version === 0 || version !== other) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return list.check(address, family);
}
