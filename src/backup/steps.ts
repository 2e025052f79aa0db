import { duration } from '../clock.ts';
import type { Environment } from '../environment.ts';
import { OperationError } from '../errors.ts';
import { allowance } from '../openstack/blockstorage/v3/allowance.ts';
import { cloudGaveUp } from '../openstack/blockstorage/v3/failure.ts';
import { freshTokenFor } from '../openstack/blockstorage/v3/token.ts';
import { uploadToImage } from '../openstack/blockstorage/v3/upload.ts';
import { type Volume, watchVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import { CloudError, hasStatus } from '../openstack/errors.ts';
import { type Image, watchImages } from '../openstack/image/v2/images.ts';
import { createOnce } from '../openstack/retry.ts';
import { DeadlineError } from '../openstack/watcher.ts';
import type { Draft } from '../temporaries/ledger.ts';
import { type Places, temporariesWith } from '../temporaries/tagged.ts';

/** Steps by which the cloud copies a disk from one temporary to the next. */
export interface Steps extends Environment {
  /** "the image of volume db (5f2c…)", for messages. */
  readonly what: string;
  /** Carried by all that is made. */
  readonly record: Draft;
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** GiB that a step copies. */
  readonly gigabytes: number;
  /** Where to look for all that the steps make. */
  readonly places: Places;
  /** The resource that they are made of, which the cloud's messages may be about. */
  readonly source: string;
  /** What to do if Cinder lets go of an image without a reason. */
  readonly refused: string;
}

/** A lost answer: the record tells whether the thing was made. */
export async function made(
  steps: Steps,
  kind: 'snapshot' | 'volume' | 'image',
  create: () => Promise<string>,
): Promise<string> {
  const { session, clock, log, signal, record, ledger, places } = steps;
  const find = async () =>
    (await temporariesWith(session, [record.tag], places)).find((thing) => thing.kind === kind)?.id;
  const id = await createOnce(create, find, { clock, log, signal });
  await ledger.bind(record, kind, id);
  return id;
}

/** A temporary volume, once it can be used. */
export async function volumeMade(steps: Steps, what: string, create: () => Promise<string>): Promise<string> {
  const client = await steps.session.service('block-storage');
  const volume = await made(steps, 'volume', create);
  const judge = ({ status }: Volume) => judged(status, 'available', ['creating', 'downloading']);
  await waited(steps, watchVolumes(client).until(volume, judge, limits(steps)), what, [volume]);
  return volume;
}

/**
 * Has Cinder upload an available volume to a raw image. Done when the image is active and Cinder has let go of the
 * volume.
 *
 * @param again called if the request had to be repeated
 */
export async function uploaded(
  steps: Steps,
  volumeId: string,
  again: () => Promise<void> = async () => undefined,
): Promise<Image> {
  const { record, ledger, session, what, gigabytes } = steps;
  const [cinder, glance] = [await session.service('block-storage'), await session.service('image')];
  await freshTokenFor(session, 'the upload', gigabytes);
  let requests = 0;
  const imageId = await made(steps, 'image', () => {
    requests += 1;
    return uploadToImage(cinder, volumeId, ledger.unbound(record));
  });
  if (requests > 1) await again();
  const judge = (image: Image) => {
    const seen = judged(image.status, 'active', ['queued', 'saving', 'uploading', 'importing']);
    return seen && { done: image };
  };
  const ids = [volumeId, imageId];
  const image = await waited(steps, watchImages(glance).until(imageId, judge, limits(steps)), what, ids);
  const idle = ({ status }: Volume) => (status === 'uploading' ? undefined : { done: undefined });
  await waited(steps, watchVolumes(cinder).until(volumeId, idle, limits(steps)), what, [volumeId]);
  return image;
}

/**
 * Cinder from 24.5 to 28 cannot upload a volume whose image has no properties of its own: Glance is sent an empty set
 * of them, and Cinder answers 400. https://bugs.launchpad.net/cinder/+bug/2144550
 */
export function stumbles(error: unknown): error is CloudError {
  return error instanceof CloudError && error.status === 400 && error.message.includes("'properties'");
}

/** A placeholder property, on a temporary copy and on the image made from it. */
export const COPY_PROPERTY = 'openstack_backup_copy';

class Failed extends Error {}

export function judged(
  status: string,
  done: string,
  pending: readonly string[],
): { done: undefined } | undefined {
  if (status === done) return { done: undefined };
  if (pending.includes(status)) return undefined;
  throw new Failed(`it is ${status}`);
}

/** The limits of one step, which may copy all data. */
export function limits({ clock, gigabytes, until, signal }: Steps) {
  return { deadline: Math.min(clock.now() + allowance(gigabytes), until), signal };
}

/**
 * Waits for a step. Cinder deletes the image of a failed upload, so a missing image means failure.
 *
 * @param ids what the cloud's messages may be about
 * @throws OperationError with what the cloud said
 */
export async function waited<T>(
  steps: Steps,
  wait: Promise<T>,
  what: string,
  ids: readonly string[],
): Promise<T> {
  const { session, source, refused, clock, started } = steps;
  try {
    return await wait;
  } catch (error) {
    if (error instanceof Failed || hasStatus(error, 404))
      throw await cloudGaveUp(
        await session.service('block-storage'),
        `${what} failed`,
        undefined,
        [...ids, source],
        hasStatus(error, 404) ? refused : undefined,
      );
    if (error instanceof DeadlineError)
      throw new OperationError(
        `${what} timed out after ${duration(clock.now() - started)}`,
        'Raise `deadline`, or ask the operator whether the volume and image services work.',
        error,
      );
    throw error;
  }
}
