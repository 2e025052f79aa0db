import { field, flag, id, type Json, list, optionalId, optionalText, text } from '../../decode.ts';
import { nothing, type ServiceClient } from '../../service.ts';
import { collection } from './pages.ts';

// https://docs.openstack.org/api-ref/network/v2/#ports

export interface Port {
  readonly id: string;
  readonly name: string;
  readonly networkId: string;
  readonly mac: string;
  readonly fixedIps: readonly { readonly address: string; readonly subnetId: string | undefined }[];
  /** Ids. */
  readonly securityGroups: readonly string[];
  readonly allowedAddressPairs: readonly { readonly address: string; readonly mac: string | undefined }[];
  /** Without the extension every port has it. */
  readonly portSecurity: boolean;
  readonly vnicType: string | undefined;
  readonly deviceId: string;
}

export interface CreatePort {
  readonly networkId: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly fixedIps?:
    | readonly { readonly address: string; readonly subnetId?: string | undefined }[]
    | undefined;
  /** Members may set it on networks of their own only. */
  readonly mac?: string | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly allowedAddressPairs?: Port['allowedAddressPairs'] | undefined;
  readonly portSecurity?: boolean | undefined;
  readonly vnicType?: string | undefined;
}

export function listPorts(
  client: ServiceClient,
  filter: { readonly deviceId?: string; readonly networkId?: string } = {},
): AsyncGenerator<Port[]> {
  const query = { device_id: filter.deviceId, network_id: filter.networkId };
  return collection(client, 'ports', '/ports', 'ports', query, decodePort);
}

/** @throws CloudError 409 where an address is taken, 403 where the user may not choose what was chosen */
export function createPort(client: ServiceClient, port: CreatePort): Promise<Port> {
  return client.call({
    doing: `create a port in network ${port.networkId}`,
    method: 'POST',
    path: '/ports',
    json: {
      port: {
        network_id: port.networkId,
        name: port.name,
        description: port.description,
        fixed_ips: port.fixedIps?.map(({ address, subnetId }) => ({
          ip_address: address,
          subnet_id: subnetId,
        })),
        mac_address: port.mac,
        security_groups: port.securityGroups,
        allowed_address_pairs: port.allowedAddressPairs?.map(({ address, mac }) => ({
          ip_address: address,
          mac_address: mac,
        })),
        port_security_enabled: port.portSecurity,
        'binding:vnic_type': port.vnicType,
      },
    },
    ok: [201],
    decode: (answer) => decodePort(field(answer, 'port')),
  });
}

export function deletePort(client: ServiceClient, portId: string): Promise<void> {
  return client.call({
    doing: `delete port ${portId}`,
    method: 'DELETE',
    path: `/ports/${encodeURIComponent(portId)}`,
    ok: [204, 404],
    decode: nothing,
  });
}

function decodePort(port: Json): Port {
  const groups = port['security_groups'];
  return {
    id: id(port, 'id'),
    name: optionalText(port, 'name') ?? '',
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
  };
}
