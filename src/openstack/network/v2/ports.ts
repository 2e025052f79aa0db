import { field, flag, id, type Json, list, optionalId, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { nothing } from '../../service.ts';
import { collection } from './pages.ts';

// https://docs.openstack.org/api-ref/network/v2/#ports

export interface Port {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly networkId: string;
  readonly mac: string;
  readonly fixedIps: readonly { readonly address: string; readonly subnetId: string | undefined }[];
  /** Ids. */
  readonly securityGroups: readonly string[];
  readonly allowedAddressPairs: readonly { readonly address: string; readonly mac: string | undefined }[];
  /** True for every port if the cloud lacks the extension. */
  readonly portSecurity: boolean;
  readonly vnicType: string | undefined;
  /** Of the server; empty: free. */
  readonly deviceId: string;
  /** Empty if the cloud does not tell. */
  readonly createdAt: string;
}

export interface CreatePort {
  readonly name: string;
  readonly description: string;
  readonly networkId: string;
  /** Ids. */
  readonly securityGroups: readonly string[];
}

const portUrl = (portId: string) => `/ports/${encodeURIComponent(portId)}`;

export function listPorts(
  client: ServiceClient,
  filter: { readonly deviceId?: string; readonly networkId?: string; readonly name?: string } = {},
): AsyncGenerator<Port[]> {
  const query = { device_id: filter.deviceId, network_id: filter.networkId, name: filter.name };
  return collection(client, 'ports', '/ports', 'ports', query, decodePort);
}

/** @throws CloudError 404 when there is none with this id in the project */
export function getPort(client: ServiceClient, portId: string): Promise<Port> {
  return client.call({
    doing: `read port ${portId}`,
    method: 'GET',
    path: portUrl(portId),
    ok: [200],
    decode: (answer) => decodePort(field(answer, 'port')),
  });
}

export function createPort(client: ServiceClient, port: CreatePort): Promise<Port> {
  const { name, description, networkId, securityGroups } = port;
  return client.call({
    doing: `create a port in network ${networkId}`,
    method: 'POST',
    path: '/ports',
    json: { port: { name, description, network_id: networkId, security_groups: securityGroups } },
    ok: [201],
    decode: (answer) => decodePort(field(answer, 'port')),
  });
}

export function describePort(client: ServiceClient, portId: string, description: string): Promise<void> {
  return client.call({
    doing: `describe port ${portId}`,
    method: 'PUT',
    path: portUrl(portId),
    json: { port: { description } },
    ok: [200],
    decode: nothing,
  });
}

export function deletePort(client: ServiceClient, portId: string): Promise<void> {
  return client.call({
    doing: `delete port ${portId}`,
    method: 'DELETE',
    path: portUrl(portId),
    ok: [204, 404],
    decode: nothing,
  });
}

/** Replaces all security groups of a port, by their ids. */
export function setSecurityGroups(
  client: ServiceClient,
  portId: string,
  securityGroups: readonly string[],
): Promise<void> {
  return client.call({
    doing: `set the security groups of port ${portId}`,
    method: 'PUT',
    path: portUrl(portId),
    json: { port: { security_groups: securityGroups } },
    ok: [200],
    decode: nothing,
  });
}

function decodePort(port: Json): Port {
  const groups = port['security_groups'];
  return {
    id: id(port, 'id'),
    name: optionalText(port, 'name') ?? '',
    description: optionalText(port, 'description') ?? '',
    networkId: id(port, 'network_id'),
    mac: text(port, 'mac_address'),
    fixedIps: list(port, 'fixed_ips', (ip) => ({
      address: text(ip, 'ip_address'),
      subnetId: optionalId(ip, 'subnet_id'),
    })),
    securityGroups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
    allowedAddressPairs:
      port['allowed_address_pairs'] === undefined
        ? []
        : list(port, 'allowed_address_pairs', (pair) => ({
            address: text(pair, 'ip_address'),
            mac: optionalText(pair, 'mac_address'),
          })),
    portSecurity: port['port_security_enabled'] === undefined || flag(port, 'port_security_enabled'),
    vnicType: optionalText(port, 'binding:vnic_type'),
    deviceId: optionalText(port, 'device_id') ?? '',
    createdAt: optionalText(port, 'created_at') ?? '',
  };
}
