/** Addresses of subnets. */
import { refuse } from './call.ts';
import { holds, type NetworkTables, type Subnet } from './tables.ts';

export function fixedIp(
  tables: NetworkTables,
  networkId: string,
  subnets: readonly Subnet[],
  address: string,
): { subnetId: string; address: string } {
  const subnet = subnets.find((each) => holds(each, address));
  if (subnet === undefined)
    throw refuse(
      400,
      'InvalidIpForNetwork',
      `IP address ${address} is not a valid IP for any of the subnets on the specified network.`,
    );
  if (tables.portWith(networkId, address) !== undefined)
    throw refuse(
      409,
      'IpAddressAlreadyAllocated',
      `IP address ${address} already allocated in subnet ${subnet.id}`,
    );
  return { subnetId: subnet.id, address };
}

/** The first that is free from .10 on. Of IPv4 subnets with 256 addresses, which is what there is. */
export function freeAddress(tables: NetworkTables, { networkId, cidr }: Subnet): string {
  const base = cidr.slice(0, cidr.lastIndexOf('.'));
  const floating = new Set([...tables.floatingIps.values()].map(({ address }) => address));
  for (let last = 10; last < 255; last += 1) {
    const address = `${base}.${last}`;
    if (tables.portWith(networkId, address) === undefined && !floating.has(address)) return address;
  }
  throw refuse(409, 'IpAddressGenerationFailure', `No more IP addresses available on network ${networkId}.`);
}
