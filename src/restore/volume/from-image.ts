import { randomUUID } from 'node:crypto';
import { type Clock, duration } from '../../clock.ts';
import { OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { createVolume, type Volume, type watchVolumes } from '../../openstack/blockstorage/v3/volumes.ts';
import { readPayload, samePayload } from '../../openstack/keymanager/v1/secrets.ts';
import type { Log } from '../../openstack/log.ts';
import { createOnce } from '../../openstack/retry.ts';
import type { Session } from '../../openstack/session.ts';
import { DeadlineError } from '../../openstack/watcher.ts';
import { volumeWithTag } from '../../temporaries/find.ts';
import type { RunIdentity } from '../../temporaries/owner.ts';
import { removeTagged } from '../../temporaries/tagged.ts';
import { expiry, writeTemporary } from '../../temporaries/tags.ts';
import { type MadeImage, makeImage } from '../image/make.ts';
import { plainBytes } from '../payloads.ts';
import type { FromImagePlan } from './image-preflight.ts';

export interface FromImageTools {
  readonly session: Session;
  readonly volumes: ReturnType<typeof watchVolumes>;
  readonly run: RunIdentity;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told of bytes as they flow. */
  readonly onBytes?: (count: number) => void;
}

/**
 * Makes a volume of an image: of the one that stayed in the cloud, or of one that is made of the payload for it, and
 * removed again with its key. Cinder gives the volume a clone of the key.
 *
 * @returns the volume, available and with its data; it still carries the record of a temporary
 */
export async function restoreFromImage(plan: FromImagePlan, tools: FromImageTools): Promise<Volume> {
  const { session, log } = tools;
  const tag = randomUUID();
  const made = plan.payload === undefined ? undefined : await uploaded(plan, plan.payload, tools);
  try {
    return await volumeOf(plan, made?.image.id ?? plan.point.image.id, tag, tools);
  } catch (error) {
    await removeTagged(session, [tag], `the restore of volume ${plan.point.resource.id}`, log);
    throw error;
  } finally {
    await made?.remove();
  }
}

function uploaded(
  { point, imageProperties, key }: FromImagePlan,
  { reader, payload }: NonNullable<FromImagePlan['payload']>,
  { session, run, onBytes }: FromImageTools,
): Promise<MadeImage> {
  const { checksum, hash } = point.image;
  const digests = {
    sha256: payload.sha256,
    ...(checksum === null ? {} : { md5: checksum }),
    ...(hash === null ? {} : { [hash.algorithm]: hash.value }),
  };
  const wanted = {
    name: `restore of volume ${point.resource.id}`,
    diskFormat: 'raw',
    containerFormat: 'bare',
    properties: imageProperties,
  };
  return plainBytes(reader, payload).then((bytes) =>
    makeImage(
      wanted,
      { bytes, size: payload.size, digests, ...(onBytes === undefined ? {} : { onBytes }) },
      key,
      { session, run },
    ),
  );
}

async function volumeOf(
  plan: FromImagePlan,
  imageId: string,
  tag: string,
  tools: FromImageTools,
): Promise<Volume> {
  const { session, clock, log, run, signal, volumes } = tools;
  const client = await session.service('block-storage');
  await session.freshToken();
  const started = clock.now();
  const wanted = {
    size: plan.size,
    name: plan.name,
    volumeType: plan.type?.id,
    availabilityZone: plan.availabilityZone,
    description: writeTemporary({ tag, owner: run.owner, expires: expiry(started, plan.size) }),
    imageId,
  };
  const { id } = await createOnce(
    () => createVolume(client, wanted),
    () => volumeWithTag(client, tag),
    { clock, log, signal },
  );
  log.info(`volume ${id} is being made from image ${imageId}`);
  try {
    const deadline = started + allowance(plan.size);
    return await asPlanned(plan, await volumes.until(id, judge, { deadline, signal }), session);
  } catch (error) {
    if (error instanceof Failed)
      throw await cloudGaveUp(client, `volume ${id} could not be made from image ${imageId}`, undefined, [
        id,
      ]);
    if (error instanceof DeadlineError)
      throw new OperationError(
        `volume ${id} is not made from image ${imageId} after ${duration(allowance(plan.size))}`,
        'Ask the operator whether the volume service is alive.',
        error,
      );
    throw error;
  }
}

class Failed extends Error {}

const PENDING = new Set(['creating', 'downloading']);

function judge(volume: Volume): { done: Volume } | undefined {
  if (volume.status === 'available') return { done: volume };
  if (PENDING.has(volume.status)) return undefined;
  throw new Failed(`volume ${volume.id} is ${volume.status}`);
}

/**
 * What cannot be seen before: that the volume is encrypted exactly as the data is, with the very key. A LUKS image on a
 * volume without encryption is readable to nobody, and Cinder says nothing.
 */
async function asPlanned(
  { key, encrypted, type }: FromImagePlan,
  volume: Volume,
  session: Session,
): Promise<Volume> {
  if (volume.encrypted !== encrypted)
    throw new OperationError(
      `volume type ${type?.name ?? volume.volumeType ?? ''} is ${volume.encrypted ? '' : 'not '}encrypted, and the data is${encrypted ? '' : ' not'}`,
      'Give a type that fits with `type`. The volume is removed again.',
    );
  const keyId = volume.encryptionKeyId;
  if (key === undefined || keyId === undefined) return volume;
  const barbican = await session.service('key-manager');
  if (!samePayload(await readPayload(barbican, keyId), key.bytes))
    throw new OperationError(
      `the cloud gave volume ${volume.id} another key than its data needs`,
      'The volume is removed again. Tell the operator.',
    );
  return volume;
}
