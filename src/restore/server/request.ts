import type { SavedDisk, SavedServer } from '../../manifest/schema.ts';
import type { BlockDevice, CreateServer } from '../../openstack/compute/v2/servers.ts';
import type { NetworkPlan } from './networks.ts';

/** A disk in its place of a server. */
export interface PlacedDisk {
  readonly saved: SavedDisk;
  /** Of the volume, or of the image if the disk is the server's own. */
  readonly id: string;
}

export interface ServerWish {
  readonly saved: SavedServer;
  readonly name: string;
  readonly flavorId: string;
  /** In their order. */
  readonly disks: readonly PlacedDisk[];
  readonly network: Pick<NetworkPlan, 'ports' | 'securityGroups'>;
  readonly keyName: string | undefined;
  readonly availabilityZone: string | undefined;
  /** Id of a server group. */
  readonly group: string | undefined;
  /** Beside the recorded. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The request that makes the server again. */
export function serverRequest(wish: ServerWish): CreateServer {
  const { saved, disks, network } = wish;
  return {
    name: wish.name,
    flavorId: wish.flavorId,
    imageId: disks.find((disk) => disk.saved.volume === null)?.id,
    blockDevices: disks.map(blockDevice),
    networks: network.ports.length === 0 ? 'none' : network.ports.map(({ wish: port }) => port),
    securityGroups: network.securityGroups,
    keyName: wish.keyName,
    metadata: { ...saved.metadata, ...wish.metadata },
    tags: saved.tags,
    description: saved.description === '' ? undefined : saved.description,
    hostname: askable(saved.hostname),
    availabilityZone: wish.availabilityZone,
    configDrive: saved.configDrive ? true : undefined,
    group: wish.group,
  };
}

const DEVICE = /^\/dev\/[a-z]{2,8}\d{0,3}$/;

/** Where a disk of the record goes in the request. */
export function blockDevice({ saved, id }: PlacedDisk): BlockDevice {
  const own = saved.volume === null;
  return {
    source: own ? 'image' : 'volume',
    destination: own ? 'local' : 'volume',
    uuid: id,
    bootIndex: saved.bootIndex ?? -1,
    device: saved.device !== null && DEVICE.test(saved.device) ? saved.device : undefined,
    tag: saved.tag ?? undefined,
    // For a volume only once the server runs: Nova would delete it with a server that it failed to build.
    deleteOnTermination: own && saved.deleteOnTermination,
  };
}

/** Nova makes host names from names that it would not take from a user: "café" is one. It makes the same again. */
function askable(hostname: string | null): string | undefined {
  return hostname !== null && /^[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/.test(hostname)
    ? hostname
    : undefined;
}
