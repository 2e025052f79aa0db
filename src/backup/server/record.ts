import type { SavedDisk, SavedFlavor, SavedPort, SavedServer } from '../../manifest/schema.ts';
import type { Flavor } from '../../openstack/compute/v2/flavors.ts';
import type { KeyPair } from '../../openstack/compute/v2/keypairs.ts';
import type { ServerGroup } from '../../openstack/compute/v2/server-groups.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import type { FloatingIp } from '../../openstack/network/v2/floating-ips.ts';
import type { Network } from '../../openstack/network/v2/networks.ts';
import type { Port } from '../../openstack/network/v2/ports.ts';
import type { SecurityGroup } from '../../openstack/network/v2/security-groups.ts';

/** What the cloud shows a user about a server and all that belongs to it. */
export interface ServerFacts {
  readonly server: Server;
  readonly flavors: readonly Flavor[];
  /** What its own disk was made from; null: it boots from a volume. */
  readonly image: SavedServer['image'];
  /** The user's key pair with the name that the server gives. */
  readonly keyPair: KeyPair | undefined;
  readonly groups: readonly ServerGroup[];
  /** Undefined if Neutron cannot be asked. */
  readonly network: NetworkFacts | undefined;
}

export interface NetworkFacts {
  readonly ports: readonly Port[];
  readonly floatingIps: readonly FloatingIp[];
  readonly networks: readonly Network[];
  readonly securityGroups: readonly SecurityGroup[];
}

/** @param disks in the order in which a restore attaches them */
export function savedServer(
  { server, flavors, image, keyPair, groups, network }: ServerFacts,
  disks: readonly SavedDisk[],
  rootDevice: string | undefined,
): SavedServer {
  const group = groups.find(
    ({ id, members }) => server.serverGroups.includes(id) || members.includes(server.id),
  );
  return {
    kind: 'server',
    id: server.id,
    name: server.name,
    description: server.description,
    status: server.status,
    flavor: savedFlavor(server, flavors),
    image,
    rootDevice: rootDevice ?? null,
    disks: [...disks],
    ports: network === undefined ? [] : inCardOrder(network, server).map((port) => savedPort(port, network)),
    addresses: Object.fromEntries(
      Object.entries(server.addresses).map(([name, addresses]) => [
        name,
        addresses.map(({ address, mac, type }) => ({ address, mac: mac ?? null, type: type ?? null })),
      ]),
    ),
    // Nova names a group once for each port that has it.
    securityGroups: [...new Set(server.securityGroups)],
    keyPair:
      server.keyName === undefined
        ? null
        : { name: server.keyName, publicKey: keyPair?.publicKey ?? null, type: keyPair?.type ?? null },
    metadata: { ...server.metadata },
    tags: [...server.tags],
    availabilityZone: server.availabilityZone ?? null,
    serverGroup:
      group === undefined ? null : { id: group.id, name: group.name, policy: group.policy ?? null },
    hostname: server.hostname ?? null,
    configDrive: server.configDrive,
    project: server.projectId,
    created: server.createdAt,
  };
}

/** From 2.47 Nova shows the values but not the id, and another flavor may have those by now; before, only the id. */
function savedFlavor({ flavor, flavorId }: Server, flavors: readonly Flavor[]): SavedFlavor {
  const known = flavors.find((candidate) =>
    flavor === undefined ? candidate.id === flavorId : alike(candidate, flavor),
  );
  const { name, vcpus, ram, disk, ephemeral, swap, extraSpecs } = flavor ?? known ?? UNKNOWN;
  return {
    id: known?.id ?? flavorId ?? null,
    name,
    vcpus,
    ram,
    disk,
    ephemeral,
    swap,
    extraSpecs: { ...extraSpecs },
  };
}

/** Nothing can be known about a deleted flavor of an old cloud: any flavor fits. */
const UNKNOWN = { name: '', vcpus: 0, ram: 0, disk: 0, ephemeral: 0, swap: 0, extraSpecs: {} };

function alike(a: Omit<Flavor, 'id'>, b: Omit<Flavor, 'id'>): boolean {
  return a.name === b.name && a.vcpus === b.vcpus && a.ram === b.ram && a.disk === b.disk;
}

/**
 * Neutron lists ports in no order. The guest names its network cards in Nova's order, which the addresses show.
 */
function inCardOrder({ ports }: NetworkFacts, { addresses }: Server): Port[] {
  const macs = Object.values(addresses).flatMap((list) => list.map(({ mac }) => mac));
  const place = ({ mac }: Port) => (macs.includes(mac) ? macs.indexOf(mac) : macs.length);
  return [...ports].sort((a, b) => place(a) - place(b));
}

function savedPort(port: Port, { floatingIps, networks, securityGroups }: NetworkFacts): SavedPort {
  const nameOf = (all: readonly { id: string; name: string }[], id: string) => ({
    id,
    name: all.find((candidate) => candidate.id === id)?.name ?? null,
  });
  return {
    id: port.id,
    name: port.name,
    mac: port.mac,
    network: nameOf(networks, port.networkId),
    fixedIps: port.fixedIps.map(({ address, subnetId }) => ({ address, subnet: subnetId ?? null })),
    securityGroups: port.securityGroups.map((id) => nameOf(securityGroups, id)),
    allowedAddressPairs: port.allowedAddressPairs.map(({ address, mac }) => ({ address, mac: mac ?? null })),
    portSecurity: port.portSecurity,
    vnicType: port.vnicType ?? null,
    floatingIps: floatingIps.filter(({ portId }) => portId === port.id).map(({ address }) => address),
  };
}
