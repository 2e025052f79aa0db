import { flag, id, type Json, list, optionalId, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { nothing } from '../../service.ts';
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
  /** True for every port if the cloud lacks the extension. */
  readonly portSecurity: boolean;
  readonly vnicType: string | undefined;
  readonly deviceId: string;
}

export function listPorts(
  client: ServiceClient,
  filter: { readonly deviceId?: string; readonly networkId?: string } = {},
): AsyncGenerator<Port[]> {
  const query = { device_id: filter.deviceId, network_id: filter.networkId };
  return collection(client, 'ports', '/ports', 'ports', query, decodePort);
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
    path: `/ports/${encodeURIComponent(portId)}`,
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
