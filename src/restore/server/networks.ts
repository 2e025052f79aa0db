import { InputError } from '../../errors.ts';
import type { SavedPort, SavedServer } from '../../manifest/schema.ts';
import type { FloatingIp } from '../../openstack/network/v2/floating-ips.ts';
import type { Network } from '../../openstack/network/v2/networks.ts';
import type { Port } from '../../openstack/network/v2/ports.ts';
import type { SecurityGroup } from '../../openstack/network/v2/security-groups.ts';
import { holdsAddress, type Subnet } from '../../openstack/network/v2/subnets.ts';
import { quoted } from '../../text/escape.ts';
import { planFloatingIps } from './floating-ips.ts';
import type { Mapping } from './mapping.ts';
import type { PortPlan } from './ports.ts';
import { type GroupsPlan, planGroups } from './security-groups.ts';

/** What the destination has. */
export interface Offered {
  readonly networks: readonly Network[];
  readonly subnets: readonly Subnet[];
  readonly ports: readonly Port[];
  readonly securityGroups: readonly SecurityGroup[];
  readonly floatingIps: readonly FloatingIp[];
}

export interface NetworkPlan {
  /** In the order of its network cards; empty: none. */
  readonly ports: readonly PortPlan[];
  /** Names; undefined if there is no port to protect. */
  readonly securityGroups: readonly string[] | undefined;
  /** What differs from the original, in words. */
  readonly missing: readonly string[];
}

/** What a new port is made from: all that is known if the network service could not be asked. */
type WantedPort = Pick<SavedPort, 'network' | 'fixedIps' | 'floatingIps'> & {
  readonly port: SavedPort | undefined;
};

/**
 * How the server gets back on its networks: through the old ports if they exist and are free, else through new
 * ones, with the old addresses if these are free.
 *
 * @throws InputError for a network that does not exist
 */
export function planNetworks(saved: SavedServer, offered: Offered, mapping: Mapping): NetworkPlan {
  const wanted = wantedPorts(saved);
  if (wanted.length === 0) return { ports: [], securityGroups: undefined, missing: [] };
  const groups = planGroups(saved, offered.securityGroups, mapping);
  const planned = wanted.map((port) => planPort(port, offered, groups, mapping));
  return {
    ports: planned.map(({ plan }) => plan),
    securityGroups: groups.names,
    missing: [...planned.flatMap(({ missing }) => missing), ...groups.missing],
  };
}

function wantedPorts({ ports, addresses }: SavedServer): WantedPort[] {
  if (ports.length > 0) return ports.map((port) => ({ ...port, port }));
  return Object.entries(addresses).map(([name, list]) => {
    const floats = ({ type }: (typeof list)[number]) => type === 'floating';
    return {
      network: { id: '', name },
      fixedIps: list.filter((one) => !floats(one)).map(({ address }) => ({ address, subnet: null })),
      floatingIps: list.filter(floats).map(({ address }) => address),
      port: undefined,
    };
  });
}

function planPort(
  wanted: WantedPort,
  offered: Offered,
  groups: GroupsPlan,
  mapping: Mapping,
): { plan: PortPlan; missing: string[] } {
  const { port } = wanted;
  const target = networkFor(wanted.network, offered.networks, mapping);
  const where = `in network ${quoted(target.name)}`;
  const own = offered.ports.find(
    ({ id, deviceId, networkId }) => id === port?.id && deviceId === '' && networkId === target.id,
  );
  const floating = planFloatingIps(wanted.floatingIps, offered.floatingIps, own?.id);
  if (own !== undefined)
    return {
      plan: { wish: { port: own.id }, securityGroups: undefined, floatingIps: floating.free },
      missing: [...floating.missing],
    };
  const { fixedIp, missing } = planAddress(wanted, target, offered);
  return {
    plan: {
      wish: { uuid: target.id, fixedIp },
      securityGroups: port && groups.ofPort(port),
      floatingIps: floating.free,
    },
    missing: [
      ...missing,
      ...(port === undefined ? [] : specialOf(port).map((what) => `${what} of the port ${where}`)),
      ...floating.missing,
    ],
  };
}

/**
 * Nova takes one address for a port that it makes. In another network, the address must belong to that one. In a network of
 * another project, Neutron refuses every address, and Nova then builds no server at all.
 */
function planAddress(
  { network, fixedIps }: WantedPort,
  target: Network,
  { ports, subnets }: Offered,
): { fixedIp: string | undefined; missing: string[] } {
  const [first, ...more] = fixedIps;
  if (first === undefined) return { fixedIp: undefined, missing: [] };
  const { address } = first;
  const taken = ports.some(
    ({ networkId, fixedIps: used }) =>
      networkId === target.id && used.some((other) => other.address === address),
  );
  const fits =
    network.id === target.id ||
    subnets.some(({ networkId, cidr }) => networkId === target.id && holdsAddress(cidr, address));
  const asked = fits && !taken && target.ours;
  const why = (lost: typeof first) => {
    if (lost === first && taken) return 'another port has it';
    return target.ours
      ? 'a new one is given'
      : 'a new one is given, since the network belongs to another project';
  };
  return {
    fixedIp: asked ? address : undefined,
    missing: [...(asked ? [] : [first]), ...more].map(
      (lost) => `address ${lost.address} in network ${quoted(target.name)}: ${why(lost)}`,
    ),
  };
}

/** What a port made by Nova lacks. */
function specialOf({ mac, allowedAddressPairs, portSecurity, vnicType }: SavedPort): string[] {
  return [
    `MAC address ${mac}`,
    ...allowedAddressPairs.map(({ address }) => `allowed address ${address}`),
    ...(portSecurity ? [] : ['switched-off port security']),
    ...(vnicType === null || vnicType === 'normal' ? [] : [`VNIC type ${vnicType}`]),
  ];
}

function networkFor(
  { id, name }: SavedPort['network'],
  networks: readonly Network[],
  mapping: Mapping,
): Network {
  const wish = mapping.of('network', id, name);
  const byId = networks.find((candidate) => candidate.id === (wish ?? id));
  if (byId !== undefined) return byId;
  const named = networks.filter((candidate) => candidate.name === (wish ?? name));
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  const what = quoted(wish ?? name ?? id);
  throw new InputError(
    only === undefined ? `there is no network ${what}` : `${named.length} networks are called ${what}`,
    `Choose one with \`map\`: network: ${name ?? id}=NEW. There are: ${networks.map((one) => `${one.id} (${quoted(one.name)})`).join(', ') || 'none'}.`,
  );
}
