import { messageOf } from '../errors.ts';
import { deleteBackup } from '../openstack/blockstorage/v3/backups.ts';
import { deleteSnapshot } from '../openstack/blockstorage/v3/snapshots.ts';
import { deleteVolume, watchVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import { deleteServer, watchServers } from '../openstack/compute/v2/servers.ts';
import { deleteImage } from '../openstack/image/v2/images.ts';
import { deleteSecret } from '../openstack/keymanager/v1/secrets.ts';
import type { Session } from '../openstack/session.ts';

export interface Removable {
  readonly kind: 'server' | 'backup' | 'image' | 'volume' | 'snapshot' | 'secret';
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

/**
 * The order in which a cloud lets go: a server first, and when it is gone its volumes are free; an image (with it goes
 * its clone of the key), then the volume that a snapshot was made to, then, when that is gone, the snapshot. Ceph
 * refuses to delete a snapshot that still has a volume.
 */
const ORDER = ['server', 'backup', 'image', 'volume', 'snapshot', 'secret'] as const;

/** How long a server may take to go before its volumes are left to the next run, and a volume before its snapshot is. */
const GONE_MS = 120_000;

export interface RemovalReport {
  removed(thing: Removable): void;
  refused(thing: Removable, why: string): void;
}

/**
 * Removes temporaries, the one way to clean up. What the cloud refuses is reported, and the others are removed all the
 * same.
 *
 * @param withinMs how long a server is waited for, and a volume where snapshots stand below
 */
export async function removeAll(
  session: Session,
  things: readonly Removable[],
  report: RemovalReport,
  withinMs: number = GONE_MS,
): Promise<void> {
  const snapshots = things.some(({ kind }) => kind === 'snapshot');
  for (const kind of ORDER) {
    const mine = things.filter((thing) => thing.kind === kind);
    const outcomes = await Promise.all(
      mine.map(async (thing) => {
        try {
          await removeOne(session, thing);
          return true;
        } catch (error) {
          report.refused(thing, messageOf(error));
          return false;
        }
      }),
    );
    const deleted = mine.filter((_, at) => outcomes[at]);
    for (const thing of deleted) report.removed(thing);
    if (kind === 'server') await serversGone(session, deleted, withinMs);
    if (kind === 'volume' && snapshots) await volumesGone(session, deleted, withinMs);
  }
}

async function removeOne(session: Session, { kind, id }: Removable): Promise<void> {
  switch (kind) {
    case 'server':
      return deleteServer(await session.service('compute'), id);
    case 'backup':
      return deleteBackup(await session.service('block-storage'), id);
    case 'image':
      return deleteImage(await session.service('image'), id);
    case 'volume':
      return deleteVolume(await session.service('block-storage'), id);
    case 'snapshot':
      return deleteSnapshot(await session.service('block-storage'), id);
    case 'secret':
      return deleteSecret(await session.service('key-manager'), id);
  }
}

/** A volume that does not go in time keeps its snapshot; the next run finds both by their records. */
async function volumesGone(session: Session, volumes: readonly Removable[], withinMs: number): Promise<void> {
  const client = await session.service('block-storage');
  const watcher = watchVolumes(client);
  const deadline = session.clock.now() + withinMs;
  await Promise.allSettled(
    volumes.map(({ id }) =>
      watcher.gone(
        id,
        ({ status }) => {
          if (status === 'error_deleting') throw new Error('the cloud failed to delete it');
          return undefined;
        },
        { deadline },
      ),
    ),
  );
}

async function serversGone(session: Session, servers: readonly Removable[], withinMs: number): Promise<void> {
  if (servers.length === 0) return;
  const watcher = watchServers(await session.service('compute'));
  const deadline = session.clock.now() + withinMs;
  await Promise.allSettled(servers.map(({ id }) => watcher.gone(id, () => undefined, { deadline })));
}
