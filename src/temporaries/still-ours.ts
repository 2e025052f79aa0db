import { getVolume } from '../openstack/blockstorage/v3/volumes.ts';
import { getServer } from '../openstack/compute/v2/servers.ts';
import type { Session } from '../openstack/connection.ts';
import { hasStatus } from '../openstack/errors.ts';
import { getImage } from '../openstack/image/v2/images.ts';
import { listPorts } from '../openstack/network/v2/ports.ts';
import { getSecurityGroup } from '../openstack/network/v2/security-groups.ts';
import { firstIn } from '../pool.ts';
import type { Thing } from './remove.ts';
import { type Recorded, readTemporary } from './tags.ts';

/**
 * Whether what a drill made still bears a record of ours: whoever took that off has taken the thing over, and it stays. Kinds
 * that bear none from their first moment on are ours.
 *
 * @throws CloudError if nobody can tell
 */
export async function isStillOurs(session: Session, { kind, id }: Thing): Promise<boolean> {
  try {
    const recorded = await read(session, kind, id);
    return recorded === undefined || readTemporary(recorded) !== undefined;
  } catch (error) {
    // Removing it says what became of it.
    if (hasStatus(error, 404)) return true;
    throw error;
  }
}

async function read(session: Session, kind: Thing['kind'], id: string): Promise<Recorded | undefined> {
  switch (kind) {
    case 'volume':
      return getVolume(await session.service('block-storage'), id);
    case 'image':
      return getImage(await session.service('image'), id);
    case 'server':
      return { id, properties: (await getServer(await session.service('compute'), id)).metadata };
    case 'port':
      // A drill may list ports, but not read one (docs/permissions.md).
      return firstIn(listPorts(await session.service('network')), (port) => port.id === id);
    case 'security group':
      return getSecurityGroup(await session.service('network'), id);
    default:
      return undefined;
  }
}
