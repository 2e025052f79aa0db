/** What Neutron knows. */
import { randomUUID } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';

export interface Network {
  id: string;
  name: string;
  projectId: string;
  shared: boolean;
  external: boolean;
  createdAt: Date;
}

export interface Subnet {
  id: string;
  name: string;
  projectId: string;
  networkId: string;
  /** "192.0.2.0/24". */
  cidr: string;
  createdAt: Date;
}

export interface Port {
  id: string;
  name: string;
  description: string;
  createdAt: Date;
  projectId: string;
  networkId: string;
  mac: string;
  fixedIps: { subnetId: string; address: string }[];
  /** Ids. */
  securityGroups: string[];
  allowedAddressPairs: { address: string; mac: string }[];
  portSecurity: boolean;
  vnicType: string;
  /** Of the server; empty: free. */
  deviceId: string;
  /** Nova deletes with a server the ports that it made for it. */
  madeByNova: boolean;
}

export interface FloatingIp {
  id: string;
  projectId: string;
  /** The external one. */
  networkId: string;
  address: string;
  portId: string | null;
  fixedAddress: string | null;
  createdAt: Date;
}

export interface SecurityGroup {
  id: string;
  name: string;
  description: string;
  projectId: string;
  rules: {
    id: string;
    direction: 'ingress' | 'egress';
    ethertype: 'IPv4' | 'IPv6';
    /** Who may come in; undefined: everybody. */
    remoteGroupId?: string;
  }[];
  createdAt: Date;
}

export class NetworkTables {
  /** The only one, which leads from each network to the external one. */
  readonly routerId: string = randomUUID();
  readonly networks = new Map<string, Network>();
  readonly subnets = new Map<string, Subnet>();
  readonly ports = new Map<string, Port>();
  readonly floatingIps = new Map<string, FloatingIp>();
  readonly securityGroups = new Map<string, SecurityGroup>();

  subnetsOf(networkId: string): Subnet[] {
    return [...this.subnets.values()].filter((subnet) => subnet.networkId === networkId);
  }

  /** In the order in which they were plugged in. */
  portsOf(serverId: string): Port[] {
    return [...this.ports.values()].filter(({ deviceId }) => deviceId === serverId);
  }

  portWith(networkId: string, address: string): Port | undefined {
    return [...this.ports.values()].find(
      (port) => port.networkId === networkId && port.fixedIps.some((ip) => ip.address === address),
    );
  }

  floatingIpsOf(portId: string): FloatingIp[] {
    return [...this.floatingIps.values()].filter((ip) => ip.portId === portId);
  }

  defaultGroup(projectId: string): SecurityGroup | undefined {
    return [...this.securityGroups.values()].find(
      (group) => group.projectId === projectId && group.name === 'default',
    );
  }
}

export function holds({ cidr }: Subnet, address: string): boolean {
  const [network = '', prefix = ''] = cidr.split('/');
  const list = new BlockList();
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  list.addSubnet(network, Number(prefix), family);
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
