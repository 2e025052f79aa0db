import { duration } from '../../clock.ts';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import type { Consistency } from '../../manifest/schema.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { createSnapshot, type Snapshot, watchSnapshots } from '../../openstack/blockstorage/v3/snapshots.ts';
import { freshTokenFor } from '../../openstack/blockstorage/v3/token.ts';
import { uploadToImage } from '../../openstack/blockstorage/v3/upload.ts';
import {
  createVolume,
  getVolume,
  setImageMetadata,
  type Volume,
  watchVolumes,
} from '../../openstack/blockstorage/v3/volumes.ts';
import { CloudError, hasStatus } from '../../openstack/errors.ts';
import { type Image, watchImages } from '../../openstack/image/v2/images.ts';
import { createOnce } from '../../openstack/retry.ts';
import { DeadlineError } from '../../openstack/watcher.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { type Places, temporariesWith } from '../../temporaries/tagged.ts';
import { removeOrphans } from './orphans.ts';

/** The upload of one volume, and how all that is made for it is recorded. */
export interface Upload extends Environment {
  readonly plan: {
    readonly volume: Volume;
    /** A snapshot that is uploaded instead of the volume as it is now; it stays. */
    readonly snapshotId?: string | undefined;
  };
  /** "the image of volume db (5f2c…)", for messages. */
  readonly what: string;
  /** Carried by all that is made for it. */
  readonly record: Draft;
  /** Milliseconds since the epoch. */
  readonly started: number;
}

export interface Uploaded {
  /** Active; its name is the record. */
  readonly image: Image;
  readonly consistency: Consistency;
}

/**
 * Has Cinder upload a volume. A free volume is uploaded as it is; one in use through a snapshot and a temporary
 * volume. All that is made carries the record, and stays.
 *
 * @throws OperationError if the cloud fails, with what it said
 */
export async function uploadVolume(work: Upload): Promise<Uploaded> {
  const source = await uploadable(work);
  try {
    return { image: await upload(work, source.id), consistency: source.consistency };
  } catch (error) {
    if (!stumbles(error)) throw error;
    work.log.info(`${work.what} is made from a temporary copy: ${error.message}`);
    const { id, consistency } = await copyWithProperty(work, source);
    return { image: await upload(work, id), consistency };
  }
}

/**
 * Cinder from 24.5 to 28 cannot upload a volume whose image has no properties of its own: Glance is sent an empty set
 * of them, and Cinder answers 400. https://bugs.launchpad.net/cinder/+bug/2144550
 */
function stumbles(error: unknown): error is CloudError {
  return error instanceof CloudError && error.status === 400 && error.message.includes("'properties'");
}

/** Changes a copy, since the volume itself is only read. */
async function copyWithProperty(work: Upload, { id, consistency }: Source): Promise<Source> {
  const { session, plan, started, log } = work;
  const client = await session.service('block-storage');
  // The refused request may have cloned the key.
  await removeOrphans(session, plan.volume, started, log);
  const isCopy = id !== plan.volume.id;
  const copy = isCopy ? id : await temporaryVolume(work, await temporarySnapshot(work));
  await setImageMetadata(client, copy, { [COPY_PROPERTY]: 'true' });
  if (isCopy) return { id: copy, consistency };
  const { status } = await getVolume(client, plan.volume.id);
  return { id: copy, consistency: status === 'available' ? consistency : 'crash' };
}

/** A placeholder property, on a temporary copy and on the image made from it. */
export const COPY_PROPERTY = 'openstack_backup_copy';

interface Source {
  /** Of a volume that Cinder can upload. */
  readonly id: string;
  readonly consistency: Consistency;
}

/**
 * What Cinder can upload: the volume itself, or a volume made from a snapshot of it. Looked at now, and not when it was
 * planned: Cinder clones the key of a volume before it refuses to upload it.
 */
async function uploadable(work: Upload): Promise<Source> {
  const { plan, session } = work;
  const { snapshotId, volume } = plan;
  if (snapshotId !== undefined) return { id: await temporaryVolume(work, snapshotId), consistency: 'crash' };
  const { status } = await getVolume(await session.service('block-storage'), volume.id);
  if (status === 'available') return { id: volume.id, consistency: 'offline' };
  if (status === 'in-use')
    return {
      id: await temporaryVolume(work, await temporarySnapshot(work)),
      consistency: 'crash',
    };
  throw new OperationError(
    `volume ${volume.id} is ${status}; only available and in-use volumes can be saved`,
    'Try again when the cloud is done with it.',
  );
}

async function temporarySnapshot(work: Upload): Promise<string> {
  const { session, plan, record, ledger, what } = work;
  const client = await session.service('block-storage');
  const wanted = { volumeId: plan.volume.id, description: ledger.unbound(record), force: true };
  const snapshot = await made(work, 'snapshot', async () => (await createSnapshot(client, wanted)).id);
  const judge = ({ status }: Snapshot) => judged(status, 'available', ['creating']);
  await waited(
    work,
    watchSnapshots(client).until(snapshot, judge, limits(work)),
    `the snapshot for ${what}`,
    [snapshot],
  );
  return snapshot;
}

async function temporaryVolume(work: Upload, snapshotId: string): Promise<string> {
  const { session, plan, record, ledger, what } = work;
  const client = await session.service('block-storage');
  const { size, availabilityZone } = plan.volume;
  // When Cinder restores to a volume without a name, it overwrites the description.
  const name = copyNameOf(plan.volume.id);
  const wanted = { size, snapshotId, name, description: ledger.unbound(record), availabilityZone };
  const volume = await made(work, 'volume', async () => (await createVolume(client, wanted)).id);
  const judge = ({ status }: Volume) => judged(status, 'available', ['creating', 'downloading']);
  await waited(
    work,
    watchVolumes(client).until(volume, judge, limits(work)),
    `the temporary volume for ${what}`,
    [volume],
  );
  return volume;
}

/** Done when the image is active and Cinder has let go of the volume. */
async function upload(work: Upload, volumeId: string): Promise<Image> {
  const { record, ledger, session, what } = work;
  const [cinder, glance] = [await session.service('block-storage'), await session.service('image')];
  await freshTokenFor(session, 'the upload', work.plan.volume.size);
  let requests = 0;
  const imageId = await made(work, 'image', () => {
    requests += 1;
    return uploadToImage(cinder, volumeId, ledger.unbound(record));
  });
  // A request whose answer was lost may have cloned the key.
  if (requests > 1) await removeOrphans(session, work.plan.volume, work.started, work.log);
  const judge = (image: Image) => {
    const seen = judged(image.status, 'active', ['queued', 'saving', 'uploading', 'importing']);
    return seen && { done: image };
  };
  const image = await waited(work, watchImages(glance).until(imageId, judge, limits(work)), what, [
    volumeId,
    imageId,
  ]);
  const idle = ({ status }: Volume) => (status === 'uploading' ? undefined : { done: undefined });
  await waited(work, watchVolumes(cinder).until(volumeId, idle, limits(work)), what, [volumeId]);
  return image;
}

/** Where to look for all that the upload may make: the project may hold thousands of other things. */
export function placesOf({ plan, ledger, record }: Pick<Upload, 'plan' | 'ledger' | 'record'>): Places {
  const { id } = plan.volume;
  return {
    images: { name: ledger.unbound(record) },
    volumes: { name: copyNameOf(id) },
    snapshots: { volumeId: id },
  };
}

function copyNameOf(volumeId: string): string {
  return `temporary of ${volumeId}`;
}

/** A lost answer: the record tells whether the thing was made. */
async function made(
  work: Upload,
  kind: 'snapshot' | 'volume' | 'image',
  create: () => Promise<string>,
): Promise<string> {
  const { session, clock, log, signal, record, ledger } = work;
  const find = async () =>
    (await temporariesWith(session, [record.tag], placesOf(work))).find((thing) => thing.kind === kind)?.id;
  const id = await createOnce(create, find, { clock, log, signal });
  await ledger.bind(record, kind, id);
  return id;
}

class Failed extends Error {}

function judged(status: string, done: string, pending: readonly string[]): { done: undefined } | undefined {
  if (status === done) return { done: undefined };
  if (pending.includes(status)) return undefined;
  throw new Failed(`it is ${status}`);
}

/** The limits of one step, which may copy all data. */
function limits({ clock, plan, until, signal }: Upload) {
  return { deadline: Math.min(clock.now() + allowance(plan.volume.size), until), signal };
}

/** Cinder does not pass on the reason that Glance gave. */
const REFUSED =
  'Glance may have refused the data: since 2025.1 it accepts neither LUKS2 nor a boot sector without partitions, and every Glance has a size limit or quota. Use `method: cinder-backup` for this volume, or ask the operator.';

/** Cinder deletes the image of a failed upload, so a missing image means failure. */
async function waited<T>(work: Upload, wait: Promise<T>, what: string, ids: readonly string[]): Promise<T> {
  const { session, plan } = work;
  try {
    return await wait;
  } catch (error) {
    if (error instanceof Failed || hasStatus(error, 404))
      throw await cloudGaveUp(
        await session.service('block-storage'),
        `${what} failed`,
        undefined,
        [...ids, plan.volume.id],
        hasStatus(error, 404) ? REFUSED : undefined,
      );
    if (error instanceof DeadlineError)
      throw new OperationError(
        `${what} timed out after ${duration(work.clock.now() - work.started)}`,
        'Raise `deadline`, or ask the operator whether the volume and image services work.',
        error,
      );
    throw error;
  }
}
