/** Ports: how they get addresses, and what a user may change. */
import { randomBytes } from 'node:crypto';
import { type Core, hasRole } from '../core.ts';
import { type AuthedCall, isObject, type Json, type Params, param, type Reply } from '../http.ts';
import { uuid } from '../state.ts';
import { fixedIp, freeAddress } from './addresses.ts';
import { bodyOf, forbidden, mustBeMember, refuse, textOf } from './call.ts';
import type { Network, NetworkTables, Port } from './tables.ts';
import { portView } from './views.ts';

export interface PortWish {
  readonly projectId: string;
  readonly networkId: string;
  readonly name?: string;
  readonly description?: string;
  readonly createdAt?: Date;
  /** Undefined: any; empty: none. */
  readonly addresses?: readonly string[];
  /** Ids; the project's default one unless told. */
  readonly securityGroups?: readonly string[];
  readonly deviceId?: string;
  readonly madeByNova?: boolean;
}

/** @throws Refusal 409 where an address is taken, 400 where no subnet has it */
export function makePort(tables: NetworkTables, wish: PortWish): Port {
  const { projectId, networkId } = wish;
  const group = tables.defaultGroup(projectId);
  const subnets = tables.subnetsOf(networkId);
  const first = subnets[0];
  const addresses = wish.addresses ?? (first === undefined ? [] : [freeAddress(tables, first)]);
  const port: Port = {
    id: uuid(),
    name: wish.name ?? '',
    description: wish.description ?? '',
    createdAt: wish.createdAt ?? new Date(),
    projectId,
    networkId,
    mac: `fa:16:3e:${randomBytes(3).toString('hex').match(/../g)?.join(':') ?? ''}`,
    fixedIps: addresses.map((address) => fixedIp(tables, networkId, subnets, address)),
    securityGroups: [...(wish.securityGroups ?? (group === undefined ? [] : [group.id]))],
    allowedAddressPairs: [],
    portSecurity: true,
    vnicType: 'normal',
    deviceId: wish.deviceId ?? '',
    madeByNova: wish.madeByNova ?? false,
  };
  tables.ports.set(port.id, port);
  return port;
}

/** The project's networks, and those that are shared. */
export function visibleNetworks({ networks }: NetworkTables, projectId: string): Network[] {
  return [...networks.values()].filter(
    (network) => network.projectId === projectId || network.shared || network.external,
  );
}

/** The project's own, and all in its own networks. */
export function visiblePorts({ networks, ports }: NetworkTables, projectId: string): Port[] {
  return [...ports.values()].filter(
    (port) => port.projectId === projectId || networks.get(port.networkId)?.projectId === projectId,
  );
}

function findPort(tables: NetworkTables, call: AuthedCall, params: Params): Port {
  const id = param(params, 'id');
  const port = visiblePorts(tables, call.projectId).find((each) => each.id === id);
  if (port === undefined) throw refuse(404, 'PortNotFound', `Port ${id} could not be found.`);
  return port;
}

function groupsOf(tables: NetworkTables, call: AuthedCall, given: Json | undefined): string[] | undefined {
  if (!Array.isArray(given)) return undefined;
  return given.map((id) => {
    const group = tables.securityGroups.get(String(id));
    if (group === undefined || group.projectId !== call.projectId)
      throw refuse(404, 'SecurityGroupNotFound', `Security group ${String(id)} does not exist`);
    return group.id;
  });
}

export function createPort(core: Core, call: AuthedCall): Reply {
  const tables = core.state.network;
  const body = bodyOf(call, 'port');
  const networkId = textOf(body['network_id']) ?? '';
  const network = visibleNetworks(tables, call.projectId).find(({ id }) => id === networkId);
  if (network === undefined) throw refuse(404, 'NetworkNotFound', `Network ${networkId} could not be found.`);
  const { fixed_ips: ips, security_groups: groups } = body;
  const addresses = Array.isArray(ips)
    ? ips.filter(isObject).flatMap((ip) => textOf(ip['ip_address']) ?? [])
    : undefined;
  const isOwner = network.projectId === call.projectId && hasRole(call.token, 'member');
  // Whoever sees a shared network may have ports in it, a reader too; only its owner chooses their addresses.
  if (!isOwner && !network.shared) throw forbidden('rule:create_port');
  if (!isOwner && addresses !== undefined)
    throw forbidden(
      '(rule:create_port and (rule:create_port:fixed_ips and (rule:create_port:fixed_ips:ip_address)))',
    );
  const securityGroups = groupsOf(tables, call, groups);
  const port = makePort(tables, {
    projectId: call.projectId,
    networkId,
    name: textOf(body['name']) ?? '',
    description: textOf(body['description']) ?? '',
    createdAt: core.clock.now(),
    ...(addresses === undefined ? {} : { addresses }),
    ...(securityGroups === undefined ? {} : { securityGroups }),
  });
  call.created(port.id);
  return { status: 201, json: { port: portView(port) } };
}

/** Of what a user may change, the security groups and the description only. */
export function updatePort(core: Core, call: AuthedCall, params: Params): Reply {
  const tables = core.state.network;
  const port = findPort(tables, call, params);
  mustBeMember(call, 'update_port');
  const { security_groups: wanted, description } = bodyOf(call, 'port');
  const groups = groupsOf(tables, call, wanted);
  if (description !== undefined) port.description = textOf(description) ?? '';
  if (groups !== undefined) port.securityGroups = groups;
  return { status: 200, json: { port: portView(port) } };
}

export function deletePort(core: Core, call: AuthedCall, params: Params): Reply {
  const tables = core.state.network;
  const port = findPort(tables, call, params);
  mustBeMember(call, 'delete_port');
  removePort(tables, port);
  return { status: 204 };
}

/** A floating IP on it is free again. */
export function removePort(tables: NetworkTables, port: Port): void {
  for (const ip of tables.floatingIpsOf(port.id)) Object.assign(ip, { portId: null, fixedAddress: null });
  tables.ports.delete(port.id);
}
