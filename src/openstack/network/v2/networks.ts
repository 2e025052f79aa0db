import { flag, id, type Json, optionalText } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { collection } from './pages.ts';

// https://docs.openstack.org/api-ref/network/v2/#networks

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly external: boolean;
  /** With projects that do not own it. */
  readonly shared: boolean;
  /**
   * Whether this project owns it, or an administrator asks. Nobody else chooses addresses in it, even if it is shared, nor
   * has ports in an external one that is not shared: `create_port` and `create_port:fixed_ips:ip_address` in
   * https://opendev.org/openstack/neutron/src/branch/master/neutron/conf/policies/port.py
   */
  readonly ours: boolean;
  /** Whether its ports obey security groups; true if the cloud lacks the extension. */
  readonly portSecurity: boolean;
}

/** The project's networks, and those that are shared with it. */
export function listNetworks(
  client: ServiceClient,
  filter: { readonly name?: string } = {},
): AsyncGenerator<Network[]> {
  return collection(client, 'networks', '/networks', 'networks', { name: filter.name }, (network) => ({
    id: id(network, 'id'),
    name: optionalText(network, 'name') ?? '',
    external: flag(network, 'router:external'),
    shared: flag(network, 'shared'),
    ours: isOurs(client, network),
    portSecurity: network['port_security_enabled'] === undefined || flag(network, 'port_security_enabled'),
  }));
}

function isOurs({ session: { scope } }: ServiceClient, network: Json): boolean {
  const owner = optionalText(network, 'project_id') ?? optionalText(network, 'tenant_id');
  return owner === undefined || owner === scope.project.id || scope.roles.includes('admin');
}
