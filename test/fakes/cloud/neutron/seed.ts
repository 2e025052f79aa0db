/** The networks as the cloud starts, and short ways to put more into it. */
import { hexId, uuid } from '../state.ts';
import { makePort, type PortWish } from './ports.ts';
import { newRules } from './security-groups.ts';
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
        createdAt: new Date(),
      };
      tables.floatingIps.set(ip.id, ip);
      return ip;
    },
    addPort: (wish, user = 'demo') => makePort(tables, { ...wish, projectId: projectOf(user) }),
  };
}

/** One that all may use, and one for floating IPs: an operator's. */
export function addSharedNetworks(tables: NetworkTables): void {
  const operator = hexId();
  addNetwork(tables, { name: 'private', projectId: operator, shared: true }, '10.0.0.0/24');
  addNetwork(tables, { name: 'public', projectId: operator, external: true }, '203.0.113.0/24');
}

/** Every project has one, which lets in only what has it too. */
export function addDefaultGroup(tables: NetworkTables, projectId: string): void {
  const group = addGroup(tables, 'default', projectId);
  group.description = 'Default security group';
  for (const ethertype of ['IPv4', 'IPv6'] as const)
    group.rules.push({ id: uuid(), direction: 'ingress', ethertype, remoteGroupId: group.id });
}

function addNetwork(
  tables: NetworkTables,
  fields: Pick<Network, 'name' | 'projectId'> & Partial<Network>,
  cidr: string,
): Network {
  const network: Network = {
    id: uuid(),
    shared: false,
    external: false,
    createdAt: new Date(),
    ...fields,
  };
  tables.networks.set(network.id, network);
  const { name, projectId, id } = network;
  const subnet = {
    id: uuid(),
    name: `${name}-subnet`,
    projectId,
    networkId: id,
    cidr,
    createdAt: new Date(),
  };
  tables.subnets.set(subnet.id, subnet);
  return network;
}

function addGroup(tables: NetworkTables, name: string, projectId: string): SecurityGroup {
  const group: SecurityGroup = {
    id: uuid(),
    name,
    description: '',
    projectId,
    rules: newRules(),
    createdAt: new Date(),
  };
  tables.securityGroups.set(group.id, group);
  return group;
}
