import type { Environment } from '../../environment.ts';
import { OperationError, PlainError } from '../../errors.ts';
import type { Payload } from '../../manifest/schema.ts';
import { freshTokenFor } from '../../openstack/blockstorage/v3/token.ts';
import { createVolume, getVolume, setImageMetadata } from '../../openstack/blockstorage/v3/volumes.ts';
import { downloadImage } from '../../openstack/image/v2/download.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { adviceOf } from '../../openstack/over-quota.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import type { DiskFacts } from '../../payload/blocks/save.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { allNeeds, needOfVolume, quotaAfter, tooSmall } from '../../plan/quota.ts';
import { removeTagged } from '../../temporaries/tagged.ts';
import { doneUntil } from '../deadline.ts';
import { COPY_PROPERTY, type Steps, stumbles, uploaded, volumeMade } from '../steps.ts';
import type { Conversion } from './conversion.ts';
import type { DataOptions } from './download.ts';
import { DISK_DIGEST, RawDisk, Unconverted } from './raw-disk.ts';

/**
 * Saves the disk that an image of another format holds. Cinder converts it into a temporary volume, and uploads that to
 * a temporary image, which is downloaded as far as the disk goes. Neither is made if the last restore point is of the
 * same image. Both are removed, whatever happens, and were recorded before they were made.
 *
 * @throws Unconverted if the cloud makes no raw disk of it; OperationError if that is damaged on its way
 */
export async function saveConverted(
  image: Image,
  conversion: Conversion,
  environment: Environment,
  facts: DiskFacts,
  payloads: PayloadStore,
  { what, onBytes }: Pick<DataOptions, 'what' | 'onBytes'>,
): Promise<Payload> {
  const { session, ledger, clock, log } = environment;
  const { gigabytes } = conversion;
  // All data may be copied three times: to a volume, an image, and out of the cloud.
  const record = ledger.draft('scratch', 3 * gigabytes);
  const steps: Steps = {
    ...environment,
    what: `the raw disk of ${what}`,
    record,
    started: clock.now(),
    gigabytes,
    places: { images: { name: ledger.unbound(record) }, volumes: { name: copyNameOf(image) } },
    source: image.id,
    refused:
      'Glance may have refused the raw disk: since 2025.1 it accepts no boot sector without partitions, and every Glance has a size limit or quota.',
  };
  let raw: RawDisk | undefined;
  let begun = false;
  async function* disk(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const made = await orUnconverted(steps, async () => {
      await refuseWithoutRoom(steps);
      begun = true;
      return convert(steps, image, conversion);
    });
    log.info(`${steps.what} is being read from image ${made.id}`);
    raw = new RawDisk(made, conversion.size);
    yield* raw.read(downloadImage(await session.service('image'), made, 0, signal));
  }
  try {
    const { payload, why } = await doneUntil(environment, `saving ${steps.what}`, (signal) =>
      payloads.putDisk(facts, disk(signal), {
        signal,
        check: (came) => raw?.check(came),
        digests: [DISK_DIGEST],
        converted: {
          format: image.diskFormat ?? '',
          size: image.size ?? 0,
          digest: strongHash(image) ?? null,
        },
        ...(onBytes === undefined ? {} : { onBytes }),
      }),
    );
    if (why !== undefined) log.info(`${what} is stored in full: ${why}`);
    if (raw === undefined)
      log.info(`${what} is not converted again: the last restore point is of the same image`);
    return payload;
  } finally {
    if (begun) await removeTagged(session, [record.tag], steps.what, log, steps.places);
  }
}

/** What proves that it is the same image; MD5 does not. */
function strongHash({ hash }: Image): Image['hash'] {
  return /^sha(256|384|512)$/.test(hash?.algorithm ?? '') ? hash : undefined;
}

function copyNameOf({ id }: Image): string {
  return `temporary of ${id}`;
}

/** @throws Unconverted for whatever is not about the run itself */
async function orUnconverted<T>({ signal, clock, until }: Steps, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PlainError) || signal.aborted || clock.now() >= until) throw error;
    throw new Unconverted(error.message, error.hint, error);
  }
}

async function convert(steps: Steps, image: Image, { gigabytes }: Conversion): Promise<Image> {
  const { session, ledger, record, what } = steps;
  const cinder = await session.service('block-storage');
  await freshTokenFor(session, 'the conversion', gigabytes);
  const wanted = {
    size: gigabytes,
    imageId: image.id,
    name: copyNameOf(image),
    description: ledger.unbound(record),
  };
  const create = async () => (await createVolume(cinder, wanted)).id;
  const volumeId = await volumeMade(steps, `the temporary volume for ${what}`, create);
  // An image of it would have the ciphertext.
  if ((await getVolume(cinder, volumeId)).encrypted)
    throw new OperationError(
      'the cloud makes an encrypted volume of it',
      'Its volume type is the default of the project, or the one that the image names in `cinder_img_volume_type`.',
    );
  try {
    return await uploaded(steps, volumeId);
  } catch (error) {
    if (!stumbles(error)) throw error;
    await setImageMetadata(cinder, volumeId, { [COPY_PROPERTY]: 'true' });
    return uploaded(steps, volumeId);
  }
}

/** @throws QuotaError; PlainError if the cloud has no Cinder */
async function refuseWithoutRoom({ session, gigabytes, what }: Steps): Promise<void> {
  const volume = needOfVolume({ volumes: 1, gigabytes }, undefined);
  const need = allNeeds([volume, { images: 1, image_mebibytes: gigabytes * 1024 }]);
  const over = quotaAfter(await quotasFor(session, [need]), need).filter(({ fits }) => !fits);
  if (over.length > 0) throw tooSmall(over, what, adviceOf);
}
