import { duration } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { deleteBackup } from '../openstack/blockstorage/v3/backups.ts';
import { deleteSnapshot, watchSnapshots } from '../openstack/blockstorage/v3/snapshots.ts';
import { watchVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import { deleteKeyPair } from '../openstack/compute/v2/keypairs.ts';
import { deleteServer, watchServers } from '../openstack/compute/v2/servers.ts';
import type { Session } from '../openstack/connection.ts';
import { deleteImage } from '../openstack/image/v2/images.ts';
import { deleteSecret } from '../openstack/keymanager/v1/secrets.ts';
import { deletePort } from '../openstack/network/v2/ports.ts';
import { deleteSecurityGroup } from '../openstack/network/v2/security-groups.ts';
import { DeadlineError, type WaitOptions } from '../openstack/watcher.ts';
import { deleteUnreserved } from './unreserved.ts';

/**
 * The order in which a cloud lets go. A server goes first, since it holds its volumes and ports, and a port its security
 * groups. An image (and with it its clone
 * of the key) goes before the volume made from a snapshot, and that volume before the snapshot: Ceph refuses to delete
 * a snapshot that still has a volume.
 */
const ORDER = [
  'server',
  'port',
  'security group',
  'backup',
  'image',
  'volume',
  'snapshot',
  'secret',
  'key pair',
] as const;

export interface Thing {
  readonly kind: (typeof ORDER)[number];
  /** A key pair's id is its name. */
  readonly id: string;
}

/** What a run may leave behind, as the cloud showed it. A key pair has no place for a record. */
export interface Removable extends Thing {
  readonly kind: Exclude<Thing['kind'], 'key pair'>;
  readonly name: string;
  readonly status: string;
}

/** How long to wait for a thing to go before leaving it, and what is below it, to the next run. */
const GONE_MS = 120_000;

export interface RemovalReport<T extends Thing = Removable> {
  removed(thing: T): void;
  refused(thing: T, why: string): void;
  /** Called for a thing that is not to be removed any more. */
  kept?(thing: T): void;
}

export interface RemovalOptions<T extends Thing = Removable> {
  /** How long to wait for each thing. */
  readonly withinMs?: number | undefined;
  /** Asked right before each removal; the thing stays if it says no. */
  readonly stillLeft?: (thing: T) => Promise<boolean>;
}

/**
 * Removes temporaries; the one way to clean up. What the cloud refuses is reported, and the rest is removed all the
 * same. Waits until servers and snapshots are gone, and volumes only if snapshots come below them: a cloud may wipe a
 * volume for long, and nobody needs to wait for that.
 */
export async function removeAll<T extends Thing>(
  session: Session,
  things: readonly T[],
  report: RemovalReport<T>,
  { withinMs = GONE_MS, stillLeft = async () => true }: RemovalOptions<T> = {},
): Promise<void> {
  const snapshots = things.some(({ kind }) => kind === 'snapshot');
  for (const kind of ORDER) {
    const mine = things.filter((thing) => thing.kind === kind);
    if (mine.length === 0) continue;
    const gone = kind === 'volume' && !snapshots ? undefined : await waiter(session, kind, withinMs);
    const outcomes = await Promise.allSettled(
      mine.map(async (thing) => {
        if (!(await stillLeft(thing))) return false;
        await removeOne(session, thing);
        await gone?.(thing.id);
        return true;
      }),
    );
    for (const [at, thing] of mine.entries()) {
      const outcome = outcomes[at];
      if (outcome?.status === 'rejected') report.refused(thing, messageOf(outcome.reason));
      else if (outcome?.value) report.removed(thing);
      else report.kept?.(thing);
    }
  }
}

/** Waits until volumes whose removal was accepted are gone: only then does Cinder free their quota. */
export async function untilVolumesGone(session: Session, ids: readonly string[]): Promise<void> {
  const gone = await waiter(session, 'volume', GONE_MS);
  await Promise.allSettled(ids.map((id) => gone?.(id)));
}

async function removeOne(session: Session, { kind, id }: Thing): Promise<void> {
  switch (kind) {
    case 'server':
      return deleteServer(await session.service('compute'), id);
    case 'port':
      return deletePort(await session.service('network'), id);
    case 'security group':
      return deleteSecurityGroup(await session.service('network'), id);
    case 'backup':
      return deleteBackup(await session.service('block-storage'), id);
    case 'image':
      return deleteImage(await session.service('image'), id);
    case 'volume':
      return deleteUnreserved(await session.service('block-storage'), id);
    case 'snapshot':
      return deleteSnapshot(await session.service('block-storage'), id);
    case 'secret':
      return deleteSecret(await session.service('key-manager'), id);
    case 'key pair':
      return deleteKeyPair(await session.service('compute'), id);
  }
}

/** How to wait until a thing is gone; undefined for kinds that go at once, or that nothing waits for. */
async function waiter(
  session: Session,
  kind: Thing['kind'],
  withinMs: number,
): Promise<((id: string) => Promise<void>) | undefined> {
  const gone = await goneOf(session, kind);
  const deadline = session.clock.now() + withinMs;
  return (
    gone &&
    (async (id) => {
      try {
        await gone(id, { deadline });
      } catch (error) {
        throw error instanceof DeadlineError
          ? new Error(`it still exists after ${duration(withinMs)}`)
          : error;
      }
    })
  );
}

async function goneOf(
  session: Session,
  kind: Thing['kind'],
): Promise<((id: string, options: WaitOptions) => Promise<void>) | undefined> {
  switch (kind) {
    case 'server': {
      const servers = watchServers(await session.service('compute'));
      // The status does not change until the server is gone.
      return (id, options) => servers.gone(id, () => undefined, options);
    }
    case 'volume': {
      const volumes = watchVolumes(await session.service('block-storage'));
      return (id, options) => volumes.gone(id, stillGoing, options);
    }
    case 'snapshot': {
      const snapshots = watchSnapshots(await session.service('block-storage'));
      return (id, options) => snapshots.gone(id, stillGoing, options);
    }
    default:
      return undefined;
  }
}

/**
 * Cinder says `deleting` before it answers. A snapshot that a volume depends on silently becomes `available` again:
 * `delete_snapshot` in https://github.com/openstack/cinder/blob/master/cinder/volume/manager.py
 */
function stillGoing({ status }: { readonly status: string }): undefined {
  if (status !== 'deleting') throw new Error(`the cloud did not delete it, it is ${status}`);
}
