import { POINT_PROPERTY } from '../catalog/kept-image.ts';
import { duration } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { allowance } from '../openstack/blockstorage/v3/allowance.ts';
import { type Backup, deleteBackup, getBackup, watchBackups } from '../openstack/blockstorage/v3/backups.ts';
import type { ServiceClient, Session } from '../openstack/connection.ts';
import { hasStatus } from '../openstack/errors.ts';
import { deleteImage, getImage } from '../openstack/image/v2/images.ts';
import { DeadlineError, type Watcher } from '../openstack/watcher.ts';
import { pool } from '../pool.ts';
import type { Place } from '../store/place.ts';
import type { Deletion } from './plan.ts';
import { isProvedOurs } from './state.ts';

type Thing = Deletion['things'][number];

export interface Deleting {
  readonly session: Session;
  readonly signal: AbortSignal;
  /** Where payloads lie; undefined if none is named. */
  readonly store: Place | undefined;
}

export interface DeletionReport {
  deleted(thing: Thing): void;
  /** It is still there, and so is all of its chain that is older. */
  stays(thing: Thing, why: string): void;
}

/** Chains that are deleted at the same time. */
const AT_ONCE = 4;

/** Deletes what was planned, each looked at once more. What the cloud refuses is told, and the others go all the same. */
export async function deleteAll(
  deletions: readonly Deletion[],
  deleting: Deleting,
  report: DeletionReport,
): Promise<void> {
  let watcher: Watcher<Backup> | undefined;
  const watched = async () => {
    watcher ??= watchBackups(await deleting.session.service('block-storage'));
    return watcher;
  };
  await pool(deletions, AT_ONCE, async ({ things }) => {
    for (const thing of things) {
      deleting.signal.throwIfAborted();
      try {
        await deleteOne(thing, deleting, watched);
        report.deleted(thing);
      } catch (error) {
        if (deleting.signal.aborted) throw error;
        report.stays(thing, messageOf(error));
        return;
      }
    }
  });
}

/** Why something is not deleted that was to be. */
class Stays extends Error {}

/** @throws Stays, or what the cloud said */
async function deleteOne(
  { data, point }: Thing,
  { session, signal, store }: Deleting,
  watched: () => Promise<Watcher<Backup>>,
): Promise<void> {
  switch (data.kind) {
    case 'backup': {
      const client = await session.service('block-storage');
      const backup = await orGone(getBackup(client, data.id));
      if (backup === undefined) return;
      if (!isProvedOurs(point, data.volume, backup))
        throw new Stays('it no longer has the tags of openstack-backup');
      return deleteChainEnd(backup, { session, signal, backups: await watched() });
    }
    case 'image':
      return deleteKeptImage(session, data.id, point.id);
    case 'payload':
      return store?.remove(data.name);
  }
}

interface Waiting {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly backups: Watcher<Backup>;
}

/** Cinder counts a backup off its parent a moment after it is gone. */
const COUNTED_MS = 30_000;

/** Nobody deletes for longer: no service is alive, and a job costs its minutes. */
const LONGEST_MS = 3_600_000;

async function deleteChainEnd(seen: Backup, { session, signal, backups }: Waiting): Promise<void> {
  const { id, size } = seen;
  const { clock } = session;
  const client = await session.service('block-storage');
  if (seen.hasDependents)
    await backups
      .until(id, ({ hasDependents }) => (hasDependents ? undefined : { done: true }), {
        deadline: clock.now() + COUNTED_MS,
        signal,
      })
      .catch((error: unknown) => {
        throw error instanceof DeadlineError ? new Stays('other backups need it') : error;
      });
  const { status } = seen.hasDependents ? await getBackup(client, id) : seen;
  refuseState(status);
  const within = Math.min(allowance(size), LONGEST_MS);
  if (status !== 'deleting') await deleteOrWait(client, id);
  try {
    await backups.gone(id, stillGoing, { deadline: clock.now() + within, signal });
  } catch (error) {
    throw error instanceof DeadlineError ? new Stays(`it still exists after ${duration(within)}`) : error;
  }
}

/** Another run may have asked for it a moment before: then it is waited for. */
async function deleteOrWait(client: ServiceClient, id: string): Promise<void> {
  try {
    await deleteBackup(client, id);
  } catch (error) {
    if (!hasStatus(error, 400, 409)) throw error;
    const now = await orGone(getBackup(client, id));
    if (now !== undefined && now.status !== 'deleting') throw error;
  }
}

function refuseState(status: string): void {
  if (status === 'restoring') throw new Stays('it is being restored');
  if (status === 'error_deleting') throw new Stays('it is error_deleting, which only the operator can reset');
  if (!['available', 'error', 'deleting'].includes(status)) throw new Stays(`it is ${status}`);
}

function stillGoing({ status }: Backup): undefined {
  if (status === 'deleting') return undefined;
  throw new Stays(
    status === 'error_deleting'
      ? 'the cloud failed to delete it: it is error_deleting, which only the operator can reset'
      : `the cloud did not delete it: it is ${status}`,
  );
}

/** Its record names the point, and the point names it: a copy of the record on another image counts for nothing. */
async function deleteKeptImage(session: Session, id: string, point: string): Promise<void> {
  const client = await session.service('image');
  const image = await orGone(getImage(client, id));
  if (image === undefined) return;
  if (image.properties[POINT_PROPERTY] !== point || image.owner !== session.scope.project.id)
    throw new Stays('it no longer has the record of openstack-backup');
  if (image.protected)
    throw new Stays(
      `it is protected: openstack image set --unprotected ${id} allows the next run to delete it`,
    );
  await orGone(deleteImage(client, id));
}

async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}
