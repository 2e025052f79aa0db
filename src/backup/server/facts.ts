import type { SavedServer } from '../../manifest/schema.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { type Attachment, listAttachments } from '../../openstack/compute/v2/attachments.ts';
import { type Flavor, listFlavors } from '../../openstack/compute/v2/flavors.ts';
import { type KeyPair, listKeyPairs } from '../../openstack/compute/v2/keypairs.ts';
import { listServerGroups, type ServerGroup } from '../../openstack/compute/v2/server-groups.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import type { Session } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { getImage } from '../../openstack/image/v2/images.ts';
import { type FloatingIp, listFloatingIps } from '../../openstack/network/v2/floating-ips.ts';
import { listNetworks, type Network } from '../../openstack/network/v2/networks.ts';
import { listPorts } from '../../openstack/network/v2/ports.ts';
import { listSecurityGroups, type SecurityGroup } from '../../openstack/network/v2/security-groups.ts';
import { collect } from '../../pool.ts';
import type { ServerFacts } from './record.ts';
import { isVolumeBacked } from './volume-backed.ts';

/** What a project has that servers refer to; read once for all of them. */
export interface Surroundings {
  readonly flavors: readonly Flavor[];
  readonly keyPairs: readonly KeyPair[];
  readonly groups: readonly ServerGroup[];
  /** Undefined without Neutron. */
  readonly network: NetworkSurroundings | undefined;
}

interface NetworkSurroundings {
  readonly networks: readonly Network[];
  readonly securityGroups: readonly SecurityGroup[];
  readonly floatingIps: readonly FloatingIp[];
}

export async function surroundingsOf(session: Session): Promise<Surroundings> {
  const nova = await session.service('compute');
  const [flavors, keyPairs, groups, network] = await Promise.all([
    collect(listFlavors(nova)),
    listKeyPairs(nova),
    listServerGroups(nova),
    networkAround(session),
  ]);
  return { flavors, keyPairs, groups, network };
}

async function networkAround(session: Session): Promise<NetworkSurroundings | undefined> {
  if (!session.has('network')) return undefined;
  const neutron = await session.service('network');
  const [networks, securityGroups, floatingIps] = await Promise.all([
    collect(listNetworks(neutron)),
    collect(listSecurityGroups(neutron)),
    collect(listFloatingIps(neutron)),
  ]);
  return { networks, securityGroups, floatingIps };
}

/** A server with all that belongs to it. */
export interface LookedAt {
  readonly facts: ServerFacts;
  readonly attachments: readonly Attachment[];
}

/** @param volumes of the project */
export async function lookAt(
  session: Session,
  server: Server,
  around: Surroundings,
  volumes: readonly Volume[],
): Promise<LookedAt> {
  const attachments = await listAttachments(await session.service('compute'), server.id);
  const { imageId } = server;
  const ofVolumes = imageId === undefined || isVolumeBacked(server, attachments, volumes);
  const [image, ports] = await Promise.all([
    ofVolumes ? null : imageOf(session, imageId),
    portsOf(session, server),
  ]);
  return {
    attachments,
    facts: {
      server,
      flavors: around.flavors,
      groups: around.groups,
      image,
      keyPair: around.keyPairs.find(({ name }) => name === server.keyName),
      network: around.network && { ...around.network, ports },
    },
  };
}

/** Without a name if it is gone. */
async function imageOf(session: Session, id: string): Promise<SavedServer['image']> {
  try {
    return { id, name: (await getImage(await session.service('image'), id)).name };
  } catch (error) {
    if (hasStatus(error, 404, 403)) return { id, name: null };
    throw error;
  }
}

async function portsOf(session: Session, { id }: Server) {
  return session.has('network') ? collect(listPorts(await session.service('network'), { deviceId: id })) : [];
}
