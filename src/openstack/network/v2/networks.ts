import { flag, id, optionalText } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { collection } from './pages.ts';

// https://docs.openstack.org/api-ref/network/v2/#networks

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly external: boolean;
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
    portSecurity: network['port_security_enabled'] === undefined || flag(network, 'port_security_enabled'),
  }));
}
