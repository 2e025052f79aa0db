import { id, type Json, optionalId, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { nothing } from '../../service.ts';
import { collection } from './pages.ts';

// https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips

export interface FloatingIp {
  readonly id: string;
  readonly address: string;
  /** Undefined: free. */
  readonly portId: string | undefined;
  readonly fixedAddress: string | undefined;
}

export function listFloatingIps(
  client: ServiceClient,
  filter: { readonly address?: string; readonly portId?: string } = {},
): AsyncGenerator<FloatingIp[]> {
  const query = { floating_ip_address: filter.address, port_id: filter.portId };
  return collection(client, 'floating IPs', '/floatingips', 'floatingips', query, decodeFloatingIp);
}

/** Points a floating IP of the project at a port. */
export function associateFloatingIp(
  client: ServiceClient,
  floatingIpId: string,
  portId: string,
): Promise<void> {
  return client.call({
    doing: `give floating IP ${floatingIpId} to port ${portId}`,
    method: 'PUT',
    path: `/floatingips/${encodeURIComponent(floatingIpId)}`,
    json: { floatingip: { port_id: portId } },
    ok: [200],
    decode: nothing,
  });
}

function decodeFloatingIp(ip: Json): FloatingIp {
  return {
    id: id(ip, 'id'),
    address: text(ip, 'floating_ip_address'),
    portId: optionalId(ip, 'port_id'),
    fixedAddress: optionalText(ip, 'fixed_ip_address'),
  };
}
