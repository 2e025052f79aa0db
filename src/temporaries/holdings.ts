import { messageOf } from '../errors.ts';
import { type Backup, listBackups } from '../openstack/blockstorage/v3/backups.ts';
import { listSnapshots, type Snapshot } from '../openstack/blockstorage/v3/snapshots.ts';
import { listVolumes, type Volume } from '../openstack/blockstorage/v3/volumes.ts';
import type { Service } from '../openstack/catalog.ts';
import { listServers, type Server } from '../openstack/compute/v2/servers.ts';
import { hasStatus } from '../openstack/errors.ts';
import { type Image, listImages } from '../openstack/image/v2/images.ts';
import { type ListedSecret, listSecrets } from '../openstack/keymanager/v1/secrets.ts';
import type { ServiceClient } from '../openstack/service.ts';
import type { Session } from '../openstack/session.ts';
import { collect } from '../pool.ts';

/** What a project holds of all that a run may leave behind. */
export interface Holdings {
  readonly backups: readonly Backup[];
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
  readonly images: readonly Image[];
  readonly secrets: readonly ListedSecret[];
  readonly servers: readonly Server[];
}

/** Lists them all; a cloud without images, keys or servers has none of those. */
export async function holdingsOf(session: Session): Promise<Holdings> {
  const cinder = await session.service('block-storage');
  const [backups, volumes, snapshots, images, secrets, servers] = await Promise.all([
    collect(listBackups(cinder)),
    collect(listVolumes(cinder)),
    allowed(session, 'block-storage', async (client) => collect(listSnapshots(client))),
    allowed(session, 'image', async (glance) =>
      collect(listImages(glance, { owner: session.scope.project.id })),
    ),
    allowed(session, 'key-manager', async (barbican) => collect(listSecrets(barbican))),
    allowed(session, 'compute', async (nova) => collect(listServers(nova))),
  ]);
  return { backups, volumes, snapshots, images, secrets, servers };
}

/**
 * What the user may list; who may not list a kind of temporaries could not make them either. The access rules of an
 * application credential say 401.
 */
async function allowed<T>(
  session: Session,
  service: Service,
  list: (client: ServiceClient) => Promise<T[]>,
): Promise<T[]> {
  if (!session.has(service)) return [];
  try {
    return await list(await session.service(service));
  } catch (error) {
    if (!hasStatus(error, 401, 403)) throw error;
    session.log.debug(`${messageOf(error)}: nothing to clean up there`);
    return [];
  }
}
