/** How Nova asks Neutron for a server's ports, and what it says of them. */
import { isIPv6 } from 'node:net';
import type { Core } from '../core.ts';
import { isObject, JobFailure, type Json, type JsonObject } from '../http.ts';
import { makePort, removePort, visibleNetworks, visiblePorts } from '../neutron/ports.ts';
import type { NetworkTables, Port } from '../neutron/tables.ts';
import type { Server } from '../state.ts';
import { type NovaCall, refuse, textOf } from './call.ts';

/** What a server is to be plugged into. */
export interface Nic {
  /** One that is there. */
  readonly portId: string | null;
  readonly networkId: string;
  readonly address: string | null;
  /** Ids, for a port that Nova makes. */
  readonly securityGroups: readonly string[] | undefined;
}

/** @throws Refusal for what is not there, is taken, or belongs to somebody else */
export function nicsOf(core: Core, call: NovaCall, body: JsonObject): Nic[] {
  const { networks } = body;
  if (!Array.isArray(networks)) return [];
  const securityGroups = groupsOf(core, call, body['security_groups']);
  return networks.filter(isObject).map((wish) => {
    const port = textOf(wish['port']);
    if (port !== null) return nicOfPort(core, call, port);
    const [networkId, address] = [textOf(wish['uuid']) ?? '', textOf(wish['fixed_ip'])];
    if (!visibleNetworks(core.state.network, call.projectId).some(({ id }) => id === networkId))
      throw refuse(400, `Network ${networkId} could not be found.`);
    const holder = address === null ? undefined : core.state.network.portWith(networkId, address);
    if (holder !== undefined)
      throw refuse(
        400,
        `Fixed IP address ${address ?? ''} is already in use on instance ${holder.deviceId}.`,
      );
    return { portId: null, networkId, address, securityGroups };
  });
}

function nicOfPort(core: Core, call: NovaCall, id: string): Nic {
  const port = visiblePorts(core.state.network, call.projectId).find((each) => each.id === id);
  if (port === undefined) throw refuse(400, `Port id ${id} could not be found.`);
  if (port.deviceId !== '') throw refuse(409, `Port ${id} is still in use.`);
  return { portId: id, networkId: port.networkId, address: null, securityGroups: undefined };
}

/** By name or id; without any Nova takes the default one. */
function groupsOf(core: Core, call: NovaCall, given: Json | undefined): string[] | undefined {
  if (!Array.isArray(given) || given.length === 0) return undefined;
  return given.filter(isObject).map((wish) => {
    const name = textOf(wish['name']) ?? '';
    const own = [...core.state.network.securityGroups.values()].filter(
      (group) => group.projectId === call.projectId && (group.id === name || group.name === name),
    );
    const [group] = own;
    if (group === undefined) throw refuse(400, `Unable to find security_group with name or id '${name}'`);
    if (own.length > 1)
      throw refuse(
        409,
        `Multiple security_group matches found for name '${name}', use an ID to be more specific.`,
      );
    return group.id;
  });
}

/** @throws JobFailure where Neutron gives no port, which Nova learns while it builds */
export function plugIn(core: Core, server: Server, nics: readonly Nic[]): void {
  for (const nic of nics) checkPort(core, server, nic);
  const { network: tables } = core.state;
  for (const { portId, networkId, address, securityGroups } of nics) {
    const there = portId === null ? undefined : tables.ports.get(portId);
    if (there !== undefined) plugInThere(tables, there, server);
    else
      makePort(tables, {
        projectId: server.projectId,
        networkId,
        deviceId: server.id,
        madeByNova: true,
        ...(address === null ? {} : { addresses: [address] }),
        ...(securityGroups === undefined ? {} : { securityGroups }),
      });
  }
}

function checkPort({ state: { network: tables } }: Core, server: Server, nic: Nic): void {
  const network = tables.networks.get(nic.networkId);
  if (network === undefined || network.projectId === server.projectId) return;
  if (network.external && !network.shared)
    throw new JobFailure(
      `Build of instance ${server.id} aborted: Failed to allocate the network(s), not rescheduling.`,
    );
  if (nic.address !== null)
    throw new JobFailure(
      `Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance ${server.id}.`,
    );
}

/** The last one so far. */
function plugInThere(tables: NetworkTables, port: Port, server: Server): void {
  port.deviceId = server.id;
  tables.ports.delete(port.id);
  tables.ports.set(port.id, port);
}

/** Ports that Nova made go; those of a user stay. */
export function unplug(core: Core, server: Server): void {
  const { network: tables } = core.state;
  for (const port of tables.portsOf(server.id)) {
    if (port.madeByNova) removePort(tables, port);
    else port.deviceId = '';
  }
}

/** By the name of the network, in the order of the ports. */
export function addressesOf({ state: { network: tables } }: Core, server: Server): JsonObject {
  const all = tables.portsOf(server.id).flatMap((port) => {
    const say = (addr: string, type: string) => ({
      version: isIPv6(addr) ? 6 : 4,
      addr,
      'OS-EXT-IPS:type': type,
      'OS-EXT-IPS-MAC:mac_addr': port.mac,
    });
    const network = tables.networks.get(port.networkId)?.name ?? '';
    return [
      ...port.fixedIps.map(({ address }) => ({ network, shown: say(address, 'fixed') })),
      ...tables.floatingIpsOf(port.id).map(({ address }) => ({ network, shown: say(address, 'floating') })),
    ];
  });
  const networks = Map.groupBy(all, ({ network }) => network);
  return Object.fromEntries([...networks].map(([name, list]) => [name, list.map(({ shown }) => shown)]));
}

/** A group once for each port that has it. Nova is silent about those of a server that has none. */
export function securityGroupsOf({ state: { network: tables } }: Core, server: Server): JsonObject {
  const groups = tables
    .portsOf(server.id)
    .flatMap(({ securityGroups }) =>
      securityGroups.map((id) => ({ name: tables.securityGroups.get(id)?.name ?? id })),
    );
  return groups.length === 0 ? {} : { security_groups: groups };
}
