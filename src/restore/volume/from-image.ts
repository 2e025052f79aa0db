import { duration } from '../../clock.ts';
import { messageOf, OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { cloudGaveUp } from '../../openstack/blockstorage/v3/failure.ts';
import { freshTokenFor } from '../../openstack/blockstorage/v3/token.ts';
import { getVolumeEncryption, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import { readPayload, samePayload } from '../../openstack/keymanager/v1/secrets.ts';
import { DeadlineError } from '../../openstack/watcher.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { unfinishedName } from '../../temporaries/unfinished.ts';
import { type MadeImage, makeImage } from '../image/create.ts';
import { asRecorded } from '../image/recorded.ts';
import { hasToBeWrapped, imageData } from '../image/wrap.ts';
import { lateStep } from '../late.ts';
import { makeVolume, removeMade } from './create.ts';
import { encryptionOf, imageMismatch, probedEncryption } from './encryption-fit.ts';
import type { RestoreTools } from './environment.ts';
import type { PayloadSource } from './image-source.ts';
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
export async function restoreFromImage(plan: FromImagePlan, tools: RestoreTools): Promise<Filled> {
  const { point, source } = plan;
  await proveType(plan, tools);
  if (source.kind === 'kept') return volumeOf(plan, point.image, tools);
  const { image, unseen, remove } = await uploaded(plan, source, tools);
  try {
    const filled = await volumeOf(plan, { id: image.id, size: image.size ?? source.payload.size }, tools);
    if (unseen === undefined) return filled;
    return {
      ...filled,
      unseen: [...filled.unseen, `whether its image was stored whole: ${messageOf(unseen)}`],
    };
  } finally {
    await remove();
  }
}

/** @throws InputError where the type does not encrypt as the data needs it; nothing is left then */
async function proveType(
  { availabilityZone, source, type, typeIsProven }: FromImagePlan,
  tools: RestoreTools,
): Promise<void> {
  if (type === undefined || typeIsProven) return;
  const mismatch = imageMismatch(
    source.luks,
    await probedEncryption(type, availabilityZone, tools),
    type.name,
  );
  if (mismatch !== undefined) throw mismatch;
}

async function uploaded(
  { point }: FromImagePlan,
  source: PayloadSource,
  { client, run, onBytes }: RestoreTools,
): Promise<MadeImage> {
  const tools = { session: client.session, run };
  const { payload, reader, key } = source;
  const raw = { ...source, saved: point.image, diskFormat: 'raw', containerFormat: 'bare' };
  const wrap = await hasToBeWrapped(raw, tools);
  const proved = asRecorded(await reader.open(payload), payload, point.image);
  const data = imageData(proved, payload.size, wrap, onBytes);
  const name = `restore of volume ${point.resource.id}`;
  return makeImage(
    { name, diskFormat: wrap ? 'qcow2' : 'raw', containerFormat: 'bare' },
    data,
    key,
    'scratch',
    tools,
  );
}

/** One that is not as planned, or not brought to its end, is removed again. */
async function volumeOf(
  plan: FromImagePlan,
  image: { readonly id: string; readonly size: number },
  tools: RestoreTools,
): Promise<Filled> {
  const record = tools.run.draft('result', gigabytesFor(plan.point, image.size));
  const volume = await filled(plan, image, record, tools);
  const { session } = tools.client;
  const unseen: string[] = [];
  const seen: OperationError[] = [];
  await lateStep(session, unseen, 'whether it is encrypted as its data is, with the very key', async () => {
    seen.push(...(await unlike(plan, volume, tools.client)));
  });
  const [wrong] = seen;
  if (wrong === undefined) return { volume, unseen };
  await removeMade(tools.client, { tag: record.tag, id: volume.id });
  throw wrong;
}

async function filled(
  plan: FromImagePlan,
  image: { readonly id: string; readonly size: number },
  record: Draft,
  { client, clock, log, run, signal, volumes }: RestoreTools,
): Promise<Volume> {
  const { availabilityZone, name, point, type } = plan;
  const size = gigabytesFor(point, image.size);
  await freshTokenFor(client.session, 'the restore', size);
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
    const { id } = await makeVolume(client, wanted, record, run);
    made = id;
    log.info(`volume ${id} is being made from image ${image.id}`);
    return await volumes.until(id, judge, { deadline, signal });
  } catch (error) {
    const told = await explained(error, image.id, size, client);
    const done = await removeMade(
      client,
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
  client: RestoreTools['client'],
): Promise<unknown> {
  if (error instanceof Failed)
    return cloudGaveUp(client, `${error.message}: it could not be made from image ${imageId}`, undefined, [
      error.volume.id,
    ]);
  if (error instanceof DeadlineError)
    return new OperationError(
      `the volume is not made from image ${imageId} after ${duration(allowance(size))}`,
      'Ask the operator whether the volume service is alive.',
      error,
    );
  return error;
}

/**
 * What cannot be seen before: that the volume is encrypted exactly as the data is, with the very key that opens it. A
 * LUKS image on a volume without encryption is readable to nobody, and Cinder says nothing.
 */
async function unlike(
  { source, type }: FromImagePlan,
  volume: Volume,
  client: RestoreTools['client'],
): Promise<OperationError[]> {
  const { luks, key } = source;
  const mismatch = imageMismatch(
    luks,
    await encryptionOf(client, volume),
    type?.name ?? volume.volumeType ?? '',
  );
  if (mismatch !== undefined)
    return [new OperationError(mismatch.message, `${mismatch.hint} The volume is removed again.`)];
  if (key === undefined) return [];
  const keyId = volume.encryptionKeyId ?? (await getVolumeEncryption(client, volume.id)).keyId;
  const barbican = await client.session.service('key-manager');
  if (keyId !== undefined && samePayload(await readPayload(barbican, keyId), key.bytes)) return [];
  return [
    new OperationError(
      `the cloud gave volume ${volume.id} another key than its data needs`,
      'The volume is removed again. Tell the operator.',
    ),
  ];
}
