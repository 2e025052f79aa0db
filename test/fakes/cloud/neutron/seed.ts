/** The networks as the cloud starts, and short ways to put more into it. */
import { uuid } from '../state.ts';
import { makePort, type PortWish } from './ports.ts';
import type { FloatingIp, Network, NetworkTables, Port, SecurityGroup } from './tables.ts';

export interface NetworkSeed {
  /** A network of the user's project with one subnet. */
  addNetwork(name: string, cidr: string, user?: string): Network;
  addSecurityGroup(name: string, user?: string): SecurityGroup;
  /** A free one. */
  addFloatingIp(address: string, user?: string): FloatingIp;
  addPort(wish: Omit<PortWish, 'projectId'>, user?: string): Port;
}

export function networkSeed(tables: NetworkTables, projectOf: (user: string) => string): NetworkSeed {
  return {
    addNetwork: (name, cidr, user = 'demo') => addNetwork(tables, { name, projectId: projectOf(user) }, cidr),
    addSecurityGroup: (name, user = 'demo') => addGroup(tables, name, projectOf(user)),
    addFloatingIp: (address, user = 'demo') => {
      const external = [...tables.networks.values()].find((network) => network.external);
      const ip: FloatingIp = {
        id: uuid(),
        projectId: projectOf(user),
        networkId: external?.id ?? '',
        address,
        portId: null,
        fixedAddress: null,
      };
      tables.floatingIps.set(ip.id, ip);
      return ip;
    },
    addPort: (wish, user = 'demo') => makePort(tables, { ...wish, projectId: projectOf(user) }),
  };
}

/** One that all may use, and one for floating IPs. */
export function addSharedNetworks(tables: NetworkTables): void {
  addNetwork(tables, { name: 'private', projectId: '', shared: true }, '10.0.0.0/24');
  addNetwork(tables, { name: 'public', projectId: '', external: true }, '203.0.113.0/24');
}

/** Every project has one, which lets nothing in. */
export function addDefaultGroup(tables: NetworkTables, projectId: string): void {
  addGroup(tables, 'default', projectId);
}

function addNetwork(
  tables: NetworkTables,
  fields: Pick<Network, 'name' | 'projectId'> & Partial<Network>,
  cidr: string,
): Network {
  const network: Network = { id: uuid(), shared: false, external: false, ...fields };
  tables.networks.set(network.id, network);
  const { name, projectId, id } = network;
  const subnet = { id: uuid(), name: `${name}-subnet`, projectId, networkId: id, cidr };
  tables.subnets.set(subnet.id, subnet);
  return network;
}

function addGroup(tables: NetworkTables, name: string, projectId: string): SecurityGroup {
  const group = { id: uuid(), name, description: '', projectId, rules: [], createdAt: new Date() };
  tables.securityGroups.set(group.id, group);
  return group;
}
