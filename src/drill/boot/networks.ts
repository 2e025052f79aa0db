import { InputError } from '../../errors.ts';
import type { ServiceClient, Session } from '../../openstack/connection.ts';
import { listNetworks, type Network } from '../../openstack/network/v2/networks.ts';
import { listSecurityGroups } from '../../openstack/network/v2/security-groups.ts';
import { listSubnets } from '../../openstack/network/v2/subnets.ts';
import { collect } from '../../pool.ts';
import { quoted } from '../../text/escape.ts';

/** What the server of a drill is plugged into. */
export interface NetworkWish {
  /** A port in each. */
  readonly networks: readonly Pick<Network, 'id' | 'name'>[];
  /** Ids; undefined: a new one without rules. */
  readonly securityGroups: readonly string[] | undefined;
}

/**
 * @param networks names or ids, or only `none`
 * @param groups names or ids of security groups; empty: none was asked for
 * @throws InputError for what is not there, or would not be isolated
 */
export async function networksFor(
  session: Session,
  networks: readonly string[],
  groups: readonly string[],
): Promise<NetworkWish> {
  if (networks.length === 1 && networks[0] === 'none') return { networks: [], securityGroups: undefined };
  if (!session.has('network'))
    throw new InputError('the cloud has no network service', 'Give `network: none`.');
  const neutron = await session.service('network');
  const all = await collect(listNetworks(neutron));
  const chosen = networks.map((wish) => theOne('network', wish, all));
  for (const network of chosen) await refuseUnfit(neutron, network);
  if (groups.length === 0) return { networks: chosen, securityGroups: undefined };
  const offered = await collect(listSecurityGroups(neutron));
  return {
    networks: chosen,
    securityGroups: groups.map((wish) => theOne('security group', wish, offered).id),
  };
}

async function refuseUnfit(neutron: ServiceClient, network: Network): Promise<void> {
  const { id, name, portSecurity, external, shared, ours } = network;
  if (external && !shared && !ours)
    throw new InputError(
      `network ${quoted(name)} is an external one of another project, in which this project may have no port`,
      'Choose another one, or `network: none`.',
    );
  if (!portSecurity)
    throw new InputError(
      `network ${quoted(name)} has port security turned off: a server in it would not be isolated`,
      'Choose another one, or `network: none`.',
    );
  if ((await collect(listSubnets(neutron, { networkId: id }))).length === 0)
    throw new InputError(
      `network ${quoted(name)} has no subnet, and Nova takes no port without an address`,
      'Choose another one, or `network: none`.',
    );
}

function theOne<T extends { readonly id: string; readonly name: string }>(
  what: string,
  wish: string,
  all: readonly T[],
): T {
  const byId = all.find(({ id }) => id === wish);
  if (byId !== undefined) return byId;
  const named = all.filter(({ name }) => name === wish);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  throw new InputError(
    only === undefined
      ? `there is no ${what} ${quoted(wish)}`
      : `${named.length} ${what}s are called ${quoted(wish)}`,
    `Give an id. There are: ${all.map(({ id, name }) => `${id} (${quoted(name)})`).join(', ') || 'none'}.`,
  );
}
