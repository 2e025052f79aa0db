import { duration } from '../../clock.ts';
import type { Environment } from '../../environment.ts';
import { messageOf, OperationError } from '../../errors.ts';
import { wholeDigest } from '../../manifest/whole-digest.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { freshTokenFor } from '../../openstack/blockstorage/v3/token.ts';
import { getVolumeEncryption, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { readPayload, samePayload } from '../../openstack/keymanager/v1/secrets.ts';
import { DeadlineError, type Watcher } from '../../openstack/watcher.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { unfinishedName } from '../../temporaries/unfinished-name.ts';
import { type MadeImage, makeImage } from '../image/create.ts';
import { asRecorded } from '../image/recorded.ts';
import { hasToBeWrapped, imageData } from '../image/wrap.ts';
import { lateStep } from '../late.ts';
import { storeFor } from '../store-for.ts';
import { makeVolume, undoVolume } from './create.ts';
import { encryptionOfVolume, imageMismatch, probedEncryption } from './encryption-fit.ts';
import type { FromPayload } from './image-source.ts';
import { type FromImagePlan, gigabytesFor } from './plan-from-image.ts';

/** A volume that has its data, and still carries the record of a temporary. */
export interface Filled {
  readonly volume: Volume;
  /** What could not be seen of it, so that no server should get it, in words. */
  readonly unseen: readonly string[];
}

/**
 * Makes a volume of an image: of the one that stayed in the cloud, or of one that is made of the payload for it, and
 * removed again with its key. Cinder gives the volume a clone of the key.
 */
export async function restoreFromImage(
  environment: Environment,
  plan: FromImagePlan,
  store: PayloadStore | undefined,
  volumes: Watcher<Volume>,
  onBytes: (count: number) => void,
): Promise<Filled> {
  const { point, source } = plan;
  await proveType(environment, plan, volumes);
  if (source.kind === 'kept') return volumeOf(environment, plan, point.image, volumes);
  const from = storeFor(source.payload, store);
  const { image, unseen, remove } = await uploaded(environment, plan, source, from, onBytes);
  try {
    const made = { id: image.id, size: image.size ?? source.payload.size };
    const filled = await volumeOf(environment, plan, made, volumes);
    if (unseen === undefined) return filled;
    return {
      ...filled,
      unseen: [...filled.unseen, `whether its image was stored completely: ${messageOf(unseen)}`],
    };
  } finally {
    await remove();
  }
}

/** @throws InputError if the type does not encrypt as the data needs it; nothing is left then */
async function proveType(
  environment: Environment,
  { availabilityZone, source, type, typeIsProven }: FromImagePlan,
  volumes: Watcher<Volume>,
): Promise<void> {
  if (type === undefined || typeIsProven) return;
  const encryption = await probedEncryption(environment, type, availabilityZone, volumes);
  const mismatch = imageMismatch(source.luks, encryption, type.name);
  if (mismatch !== undefined) throw mismatch;
}

async function uploaded(
  environment: Environment,
  { point }: FromImagePlan,
  source: FromPayload,
  store: PayloadStore,
  onBytes: (count: number) => void,
): Promise<MadeImage> {
  const { payload, key } = source;
  const raw = {
    ...source,
    saved: point.image,
    diskFormat: 'raw',
    containerFormat: 'bare',
    wrap: 'auto' as const,
  };
  const wrap = await hasToBeWrapped(environment, raw);
  const proved = asRecorded(await store.open(payload), payload.name, wholeDigest(payload), point.image);
  const data = imageData(proved, payload.size, wrap, onBytes);
  const name = `restore of volume ${point.resource.id}`;
  const wanted = { name, diskFormat: wrap ? 'qcow2' : 'raw', containerFormat: 'bare' };
  return makeImage(environment, wanted, data, key, 'scratch');
}

/** Removes one that is not as planned, or not completed. */
async function volumeOf(
  environment: Environment,
  plan: FromImagePlan,
  image: { readonly id: string; readonly size: number },
  volumes: Watcher<Volume>,
): Promise<Filled> {
  const { session, ledger } = environment;
  const record = ledger.draft('result', gigabytesFor(plan.point, image.size));
  const volume = await filled(environment, plan, image, record, volumes);
  const unseen: string[] = [];
  const seen: OperationError[] = [];
  await lateStep(session, unseen, 'whether its encryption and its key match its data', async () => {
    seen.push(...(await unlike(plan, volume, await session.service('block-storage'))));
  });
  const [wrong] = seen;
  if (wrong === undefined) return { volume, unseen };
  await undoVolume(environment, { tag: record.tag, id: volume.id });
  throw wrong;
}

async function filled(
  environment: Environment,
  plan: FromImagePlan,
  image: { readonly id: string; readonly size: number },
  record: Draft,
  volumes: Watcher<Volume>,
): Promise<Volume> {
  const { session, clock, log, signal } = environment;
  const { availabilityZone, name, point, type } = plan;
  const size = gigabytesFor(point, image.size);
  await freshTokenFor(session, 'the restore', size);
  const deadline = clock.now() + allowance(size);
  let made: string | undefined;
  try {
    const wanted = {
      size,
      name: unfinishedName(name),
      volumeType: type?.id,
      availabilityZone,
      imageId: image.id,
    };
    const { id } = await makeVolume(environment, wanted, record);
    made = id;
    log.info(`volume ${id} is being made from image ${image.id}`);
    return await volumes.until(id, judge, { deadline, signal });
  } catch (error) {
    const told = await explained(error, image.id, size, await session.service('block-storage'));
    const done = await undoVolume(
      environment,
      { tag: record.tag, id: made },
      ({ status }) => status === 'available',
    );
    if (done === undefined) throw told;
    return done;
  }
}

class Failed extends Error {
  readonly volume: Volume;
  constructor(volume: Volume) {
    super(`volume ${volume.id} is ${volume.status}`);
    this.volume = volume;
  }
}

const PENDING = new Set(['creating', 'downloading']);

function judge(volume: Volume): { done: Volume } | undefined {
  if (volume.status === 'available') return { done: volume };
  if (PENDING.has(volume.status)) return undefined;
  throw new Failed(volume);
}

async function explained(
  error: unknown,
  imageId: string,
  size: number,
  client: ServiceClient,
): Promise<unknown> {
  if (error instanceof Failed)
    return cloudGaveUp(client, `${error.message}: it could not be made from image ${imageId}`, undefined, [
      error.volume.id,
    ]);
  if (error instanceof DeadlineError)
    return new OperationError(
      `making the volume from image ${imageId} timed out after ${duration(allowance(size))}`,
      'Ask the operator whether the volume service works.',
      error,
    );
  return error;
}

/**
 * What cannot be seen before: that the volume is encrypted exactly as the data is, with the same key that opens it. A
 * LUKS image on a volume without encryption is readable to nobody, and Cinder says nothing.
 */
async function unlike(
  { source, type }: FromImagePlan,
  volume: Volume,
  client: ServiceClient,
): Promise<OperationError[]> {
  const { luks, key } = source;
  const mismatch = imageMismatch(
    luks,
    await encryptionOfVolume(client, volume),
    type?.name ?? volume.volumeType ?? '',
  );
  if (mismatch !== undefined)
    return [new OperationError(mismatch.message, `${mismatch.hint} The volume is removed.`)];
  if (key === undefined) return [];
  const keyId = volume.encryptionKeyId ?? (await getVolumeEncryption(client, volume.id)).keyId;
  const barbican = await client.session.service('key-manager');
  if (keyId !== undefined && samePayload(await readPayload(barbican, keyId), key.bytes)) return [];
  return [
    new OperationError(
      `the cloud gave volume ${volume.id} another key than its data needs`,
      'The volume is removed. Tell the operator.',
    ),
  ];
}
