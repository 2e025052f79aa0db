import { POINT_PROPERTY } from '../catalog/kept-image.ts';
import { duration } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { allowance } from '../openstack/blockstorage/v3/allowance.ts';
import { type Backup, deleteBackup, getBackup, watchBackups } from '../openstack/blockstorage/v3/backups.ts';
import type { ServiceClient, Session } from '../openstack/connection.ts';
import { hasStatus, orGone } from '../openstack/errors.ts';
import { deleteImage, getImage } from '../openstack/image/v2/images.ts';
import { DeadlineError, type Watcher } from '../openstack/watcher.ts';
import { retire } from '../payload/blocks/retire.ts';
import { pool } from '../pool.ts';
import type { Place } from '../store/place.ts';
import type { Deletion } from './plan.ts';
import { isProvedOurs } from './state.ts';

type Thing = Deletion['things'][number];

export interface Deleting {
  readonly session: Session;
  readonly signal: AbortSignal;
  /** Where payloads lie; undefined if no store is given. */
  readonly store: Place | undefined;
}

export interface DeletionReport {
  deleted(thing: Thing): void;
  /** Reports what is still there, with all older members of its chain. */
  stays(thing: Thing, why: string): void;
}

/** How many chains to delete at a time. */
const AT_ONCE = 4;

/** Deletes what was planned, after another look at each. Reports what the cloud refuses, and goes on with the rest. */
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

/** Why something that was to be deleted stays. */
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
      return store && retire(store, data.name);
  }
}

interface Waiting {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly backups: Watcher<Backup>;
}

/** Cinder counts a deleted backup among its parent's dependents for a moment longer. */
const COUNTED_MS = 30_000;

/** A deletion that takes longer means that no service is alive, and the minutes of a job cost money. */
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

/** Another run may have just asked for the deletion: then only waits for it. */
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

/** The image's record and the point must name each other: another image may carry a copy of the record. */
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
