import { randomUUID } from 'node:crypto';
import { type Clock, duration } from '../../clock.ts';
import { OperationError } from '../../errors.ts';
import type { SavedEncryption, SecretPoint, VolumeImagePoint } from '../../manifest/schema.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { createSnapshot, type Snapshot, watchSnapshots } from '../../openstack/blockstorage/v3/snapshots.ts';
import { uploadToImage } from '../../openstack/blockstorage/v3/upload.ts';
import { createVolume, type Volume, watchVolumes } from '../../openstack/blockstorage/v3/volumes.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { type Image, updateImage, watchImages } from '../../openstack/image/v2/images.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import type { Log } from '../../openstack/log.ts';
import { createOnce } from '../../openstack/retry.ts';
import type { Session } from '../../openstack/session.ts';
import { DeadlineError } from '../../openstack/watcher.ts';
import { payloadName } from '../../store/name.ts';
import { holdingsOf } from '../../temporaries/holdings.ts';
import { temporariesOf } from '../../temporaries/leftovers.ts';
import type { RunIdentity } from '../../temporaries/owner.ts';
import { removeTagged } from '../../temporaries/tagged.ts';
import { expiry, writeTemporary } from '../../temporaries/tags.ts';
import { quoted } from '../../text/escape.ts';
import { saveImageData } from '../image/data.ts';
import type { Payloads } from '../payloads.ts';
import { savedKey } from '../secret/key.ts';
import { type SavedKey, saveSecret } from '../secret/save.ts';
import { removeOrphans } from './orphans.ts';
import { savedVolume } from './restore-point.ts';

export interface ImagePlan {
  readonly volume: Volume;
  readonly typeId: string | undefined;
  readonly encryption: SavedEncryption | null;
  /** Why this way. */
  readonly reason: string;
  /** A snapshot that is saved instead of the volume as it is now; it stays. */
  readonly snapshotId?: string | undefined;
}

export interface ImageTools {
  readonly session: Session;
  /** Undefined: the image stays in the cloud, and is the backup. */
  readonly payloads: Payloads | undefined;
  readonly run: RunIdentity;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** When the run has to end, milliseconds since the epoch; Infinity for never. */
  readonly until: number;
  /** Told of bytes as they leave the cloud. */
  readonly onBytes?: (count: number) => void;
}

export interface SavedThroughImage {
  /** The key of an encrypted volume whose data left the cloud: to be recorded before the volume. */
  readonly key: SecretPoint | undefined;
  readonly point: VolumeImagePoint;
}

/** The property of an image that is a backup: its restore point. */
export const POINT_PROPERTY = 'openstack_backup_point';

/**
 * Saves a volume as an image. One that nobody uses is uploaded as it is; one in use by way of a snapshot and a temporary
 * volume, which Cinder can upload. Where there is a store the image is downloaded to it and removed again, else it stays
 * in the cloud. All that is temporary is removed, whatever happens, and was recorded before it was made.
 *
 * @throws OperationError when the cloud gives up, with what it says
 */
export async function saveThroughImage(plan: ImagePlan, tools: ImageTools): Promise<SavedThroughImage> {
  const { session, clock, log, payloads, run } = tools;
  const { volume } = plan;
  const what = `the image of volume ${quoted(volume.name)} (${volume.id})`;
  const work: Work = { ...tools, plan, what, tag: randomUUID(), started: clock.now() };
  const record = writeTemporary({
    tag: work.tag,
    owner: run.owner,
    expires: expiry(work.started, volume.size),
  });
  try {
    await session.freshToken();
    const source = await uploadable(work, record);
    const image = await upload(work, source, record);
    log.info(`${what} is ${image.id}`);
    const id = randomUUID();
    const saved =
      payloads === undefined ? await keep(work, image, id) : await download(work, payloads, image, id);
    return { key: saved.key?.point, point: pointOf(work, id, image, saved) };
  } catch (error) {
    if (plan.encryption !== null) await removeOrphans(session, plan.volume, work.started, log);
    throw error;
  } finally {
    await removeTagged(session, [work.tag], what, log);
  }
}

interface Work extends ImageTools {
  readonly plan: ImagePlan;
  readonly what: string;
  readonly tag: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
}

/** What Cinder can upload: the volume itself, or a volume made from a snapshot of it. */
async function uploadable(work: Work, record: string): Promise<string> {
  const { volume, snapshotId } = work.plan;
  if (volume.status === 'available' && snapshotId === undefined) return volume.id;
  return temporaryVolume(work, snapshotId ?? (await temporarySnapshot(work, record)), record);
}

async function temporarySnapshot(work: Work, record: string): Promise<string> {
  const { session, plan, what } = work;
  const client = await session.service('block-storage');
  const wanted = { volumeId: plan.volume.id, description: record, force: true };
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

async function temporaryVolume(work: Work, snapshotId: string, record: string): Promise<string> {
  const { session, plan, what } = work;
  const client = await session.service('block-storage');
  const { size, availabilityZone } = plan.volume;
  // Cinder describes a volume without a name anew when it restores to it.
  const name = `temporary of ${plan.volume.id}`;
  const wanted = { size, snapshotId, name, description: record, availabilityZone };
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
async function upload(work: Work, volumeId: string, record: string): Promise<Image> {
  const { session, what } = work;
  const [cinder, glance] = [await session.service('block-storage'), await session.service('image')];
  const imageId = await made(work, 'image', () => uploadToImage(cinder, volumeId, record));
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

/** A lost answer: the record tells whether the thing was made. */
function made(
  work: Work,
  kind: 'snapshot' | 'volume' | 'image',
  create: () => Promise<string>,
): Promise<string> {
  const { session, clock, log, signal, tag } = work;
  const find = async () =>
    temporariesOf(await holdingsOf(session)).find((thing) => thing.kind === kind && thing.record.tag === tag)
      ?.id;
  return createOnce(create, find, { clock, log, signal });
}

class Failed extends Error {}

function judged(status: string, done: string, pending: readonly string[]): { done: undefined } | undefined {
  if (status === done) return { done: undefined };
  if (pending.includes(status)) return undefined;
  throw new Failed(`it is ${status}`);
}

function limits({ started, plan, until, signal }: Work) {
  return { deadline: Math.min(started + allowance(plan.volume.size), until), signal };
}

/** Cinder deletes the image of an upload that fails: that it is gone is how we learn of it. */
async function waited<T>(work: Work, wait: Promise<T>, what: string, ids: readonly string[]): Promise<T> {
  const { session, plan } = work;
  try {
    return await wait;
  } catch (error) {
    if (error instanceof Failed || hasStatus(error, 404))
      throw await cloudGaveUp(await session.service('block-storage'), `${what} failed`, undefined, [
        ...ids,
        plan.volume.id,
      ]);
    if (error instanceof DeadlineError)
      throw new OperationError(
        `${what} is not done after ${duration(work.clock.now() - work.started)}`,
        'Give the run more time with `deadline`, or ask the operator whether the volume and image services are well.',
        error,
      );
    throw error;
  }
}

interface Kept {
  readonly key: SavedKey | undefined;
  readonly payload: VolumeImagePoint['payload'];
  readonly name: string;
}

/** Gives the image the name of a backup; until then it is a temporary. */
async function keep({ session, plan, clock }: Work, image: Image, point: string): Promise<Kept> {
  const glance = await session.service('image');
  const { volume } = plan;
  const time = new Date(clock.now()).toISOString().slice(0, 19);
  const name = `${volume.name || volume.id} ${time}Z`.slice(-255);
  await updateImage(glance, image.id, [
    { op: 'replace', name: 'name', value: name },
    { op: 'add', name: POINT_PROPERTY, value: point },
  ]);
  return { key: undefined, payload: null, name };
}

async function download(work: Work, payloads: Payloads, image: Image, point: string): Promise<Kept> {
  const { session, plan, clock, signal, onBytes } = work;
  const keyId = plan.encryption?.key.id ?? undefined;
  const users = [{ kind: 'volume' as const, id: plan.volume.id, name: plan.volume.name }];
  const key =
    keyId === undefined ? undefined : await saveSecret(keyId, users, { session, payloads, clock, signal });
  const name = payloadName('volume', point, 'raw', {
    compression: payloads.compression,
    sealed: payloads.sealer !== undefined,
  });
  try {
    const payload = await saveImageData(await session.service('image'), image, name, payloads, {
      signal,
      key: key && { bytes: key.bytes, secretType: key.point.resource.secretType },
      ...(onBytes === undefined ? {} : { onBytes }),
    });
    return { key, payload, name: image.name };
  } catch (error) {
    if (key !== undefined) await payloads.sink.remove(key.point.payload.name);
    throw error;
  }
}

function pointOf({ plan, clock, started }: Work, id: string, image: Image, saved: Kept): VolumeImagePoint {
  const { volume, typeId, encryption, reason, snapshotId } = plan;
  const proved =
    encryption === null || saved.key === undefined
      ? encryption
      : { ...encryption, key: savedKey(saved.key.point, 'sealed, proved') };
  return {
    id,
    resource: savedVolume(volume, typeId, proved),
    method: 'image',
    image: {
      id: image.id,
      name: saved.payload === null ? saved.name : '',
      size: image.size ?? saved.payload?.size ?? 0,
      checksum: image.checksum ?? null,
      hash: image.hash ?? null,
      keyId: image.properties[KEY_ID] ?? null,
      kept: saved.payload === null,
    },
    payload: saved.payload,
    reason,
    consistency: volume.attachments.length === 0 && snapshotId === undefined ? 'offline' : 'crash',
    seconds: (clock.now() - started) / 1000,
  };
}
