/** Networks and subnets of a user's own. */
import type { Core } from '../core.ts';
import { type AuthedCall, type Params, param, type Reply } from '../http.ts';
import { uuid } from '../state.ts';
import { bodyOf, mustBeMember, refuse, textOf } from './call.ts';
import type { Network, NetworkTables, Subnet } from './tables.ts';
import { networkView, subnetView } from './views.ts';

function ownNetwork(tables: NetworkTables, { projectId }: AuthedCall, id: string): Network {
  const network = tables.networks.get(id);
  if (network === undefined || network.projectId !== projectId)
    throw refuse(404, 'NetworkNotFound', `Network ${id} could not be found.`);
  return network;
}

export function createNetwork(core: Core, call: AuthedCall): Reply {
  const tables = core.state.network;
  const body = bodyOf(call, 'network');
  mustBeMember(call, 'create_network');
  const network: Network = {
    id: uuid(),
    name: textOf(body['name']) ?? '',
    projectId: call.projectId,
    shared: false,
    external: false,
    createdAt: core.clock.now(),
  };
  tables.networks.set(network.id, network);
  call.created(network.id);
  return { status: 201, json: { network: { ...networkView(tables, network), is_default: false } } };
}

export function createSubnet(core: Core, call: AuthedCall): Reply {
  const tables = core.state.network;
  const body = bodyOf(call, 'subnet');
  mustBeMember(call, 'create_subnet');
  const network = ownNetwork(tables, call, textOf(body['network_id']) ?? '');
  const subnet: Subnet = {
    id: uuid(),
    name: textOf(body['name']) ?? '',
    projectId: call.projectId,
    networkId: network.id,
    cidr: textOf(body['cidr']) ?? '',
    createdAt: core.clock.now(),
  };
  tables.subnets.set(subnet.id, subnet);
  call.created(subnet.id);
  return { status: 201, json: { subnet: subnetView(tables, subnet) } };
}

/** With its subnets. */
export function deleteNetwork(core: Core, call: AuthedCall, params: Params): Reply {
  const tables = core.state.network;
  const { id } = ownNetwork(tables, call, param(params, 'id'));
  mustBeMember(call, 'delete_network');
  const ports = [...tables.ports.values()].filter(({ networkId }) => networkId === id);
  if (ports.length > 0)
    throw refuse(
      409,
      'NetworkInUse',
      `Unable to complete operation on network ${id}. There are one or more ports still in use on the network, id for these ports is: ${ports.map((port) => port.id).join(',')}.`,
    );
  for (const subnet of tables.subnetsOf(id)) tables.subnets.delete(subnet.id);
  tables.networks.delete(id);
  return { status: 204 };
}
