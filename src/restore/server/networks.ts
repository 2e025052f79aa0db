import { InputError } from '../../errors.ts';
import type { SavedPort, SavedServer } from '../../manifest/schema.ts';
import type { NetworkWish } from '../../openstack/compute/v2/servers.ts';
import type { Network } from '../../openstack/network/v2/networks.ts';
import type { Port } from '../../openstack/network/v2/ports.ts';
import type { SecurityGroup } from '../../openstack/network/v2/security-groups.ts';
import { quoted } from '../../text/escape.ts';
import type { Mapping } from './mapping.ts';

/** What there is where it is restored to. */
export interface Offered {
  readonly networks: readonly Network[];
  readonly ports: readonly Port[];
  readonly securityGroups: readonly SecurityGroup[];
}

export interface NetworkPlan {
  readonly networks: 'none' | readonly NetworkWish[];
  /** Names; undefined where there is no port to protect. */
  readonly securityGroups: readonly string[] | undefined;
  /** What is not as it was, in words. */
  readonly missing: readonly string[];
}

/** Of a port what a new one is made from; all that is known where the network service could not be asked. */
type WantedPort = Pick<SavedPort, 'network' | 'fixedIps'> & { readonly port: SavedPort | undefined };

/**
 * How the server gets on its networks again: by the very ports where they are there and free, else by new ones, with
 * the old addresses where these are free.
 *
 * @throws InputError for a network that is not there
 */
export function planNetworks(saved: SavedServer, offered: Offered, mapping: Mapping): NetworkPlan {
  const wanted = wantedPorts(saved);
  if (wanted.length === 0) return { networks: 'none', securityGroups: undefined, missing: [] };
  const planned = wanted.map((port) => planPort(port, offered, mapping));
  const groups = planGroups(saved.securityGroups, offered.securityGroups, mapping);
  return {
    networks: planned.map(({ wish }) => wish),
    securityGroups: groups.names,
    missing: [...planned.flatMap(({ missing }) => missing), ...groups.missing],
  };
}

function wantedPorts({ ports, addresses }: SavedServer): WantedPort[] {
  if (ports.length > 0) return ports.map((port) => ({ ...port, port }));
  return Object.entries(addresses).map(([name, list]) => ({
    network: { id: '', name },
    fixedIps: list
      .filter(({ type }) => type !== 'floating')
      .map(({ address }) => ({ address, subnet: null })),
    port: undefined,
  }));
}

function planPort(
  { network, fixedIps, port }: WantedPort,
  { networks, ports }: Offered,
  mapping: Mapping,
): { wish: NetworkWish; missing: string[] } {
  const target = networkFor(network, networks, mapping);
  const own = ports.find(({ id }) => id === port?.id);
  if (own?.deviceId === '' && own.networkId === target.id) return { wish: { port: own.id }, missing: [] };
  const [first, ...more] = fixedIps;
  const taken = ports.some(
    ({ networkId, fixedIps: used }) =>
      networkId === target.id && used.some(({ address }) => address === first?.address),
  );
  const fixedIp = network.id === target.id && !taken ? first?.address : undefined;
  const lost = [...(fixedIp === undefined && first !== undefined ? [first] : []), ...more];
  const where = `in network ${quoted(target.name)}`;
  return {
    wish: { uuid: target.id, fixedIp },
    missing: [
      ...lost.map(
        ({ address }) =>
          `address ${address} ${where}: ${taken ? 'another port has it' : 'a new one is given'}`,
      ),
      ...(port === undefined ? [] : specialOf(port).map((what) => `${what} of the port ${where}`)),
    ],
  };
}

/** What a port that Nova makes does not have. */
function specialOf({ mac, allowedAddressPairs, portSecurity, vnicType, floatingIps }: SavedPort): string[] {
  return [
    `MAC address ${mac}`,
    ...allowedAddressPairs.map(({ address }) => `allowed address ${address}`),
    ...(portSecurity ? [] : ['switched-off port security']),
    ...(vnicType === null || vnicType === 'normal' ? [] : [`VNIC type ${vnicType}`]),
    ...floatingIps.map((address) => `floating IP ${address}`),
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
    `Say which to take with \`map\`: network: ${name ?? id}=NEW. There are: ${networks.map((one) => `${one.id} (${quoted(one.name)})`).join(', ') || 'none'}.`,
  );
}

/** Without any group Nova would take the default one all the same; it lets nothing in. */
function planGroups(
  saved: readonly string[],
  offered: readonly SecurityGroup[],
  mapping: Mapping,
): { names: string[]; missing: string[] } {
  const names = new Set<string>();
  const missing: string[] = [];
  for (const name of saved) {
    const wish = mapping.of('security-group', name);
    const found =
      offered.find(({ id }) => id === wish) ?? offered.find((group) => group.name === (wish ?? name));
    if (found !== undefined) names.add(found.name);
    else if (wish === undefined) missing.push(`security group ${quoted(name)}: there is none of that name`);
    else
      throw new InputError(
        `there is no security group ${quoted(wish)}`,
        `There are: ${offered.map((group) => group.name).join(', ') || 'none'}.`,
      );
  }
  return { names: [...names], missing };
}
