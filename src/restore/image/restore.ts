import type { Environment } from '../../environment.ts';
import { messageOf } from '../../errors.ts';
import { wholeDigest } from '../../manifest/whole-digest.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { KEY_ID, KEY_POLICY, replayable } from '../../openstack/image/v2/properties.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Purpose } from '../../temporaries/tags.ts';
import { unfinishedName } from '../../temporaries/unfinished-name.ts';
import { storeFor } from '../store-for.ts';
import { type MadeImage, makeImage } from './create.ts';
import { finishImage } from './finish.ts';
import type { ImageRestorePlan } from './plan.ts';
import { asRecorded } from './recorded.ts';
import { hasToBeWrapped, imageData } from './wrap.ts';

/** A restored image, with all its data; it belongs to the user. */
export interface RestoredImage {
  readonly image: Image;
  /** Its name now. */
  readonly name: string;
  /** The new secret of an encrypted one. */
  readonly secretId: string | undefined;
  /** What differs from the original, in words. */
  readonly missing: readonly string[];
  /** What failed after its data was complete, in words. */
  readonly undone: readonly string[];
}

/** An image that has its data, and still carries the record of a temporary. */
export interface FilledImage extends MadeImage {
  /** Whether its data lies inside a qcow2. */
  readonly wrapped: boolean;
}

/**
 * Makes an image from a payload, then gives it all that the saved one had. An image whose data is not completed is
 * removed, with its key; one that has its data stays, whatever fails afterwards.
 *
 * @param onBytes called with the number of bytes as they flow
 */
export async function restoreImage(
  environment: Environment,
  plan: ImageRestorePlan,
  store: PayloadStore | undefined,
  onBytes: (count: number) => void,
): Promise<RestoredImage> {
  const made = await fillImage(environment, plan, store, onBytes, 'result');
  const { dropped } = replayable(plan.saved.properties, !made.wrapped);
  const missing = [
    ...made.missing,
    ...(made.wrapped
      ? [`disk format raw, which the cloud refuses for this image (${plan.doubt}): now qcow2`]
      : []),
    ...(plan.saved.converted === undefined
      ? []
      : [
          `disk format ${plan.saved.converted.diskFormat}: it was saved as raw, so its bytes and their digest are others`,
        ]),
    ...dropped
      .filter((property) => property !== KEY_ID && property !== KEY_POLICY)
      .map((property) => `property ${property}, which is true only of the original`),
  ];
  const finished = await finishImage(environment, made.image, plan);
  const unseen =
    made.unseen === undefined ? [] : [`comparing what the cloud stored: ${messageOf(made.unseen)}`];
  return {
    image: made.image,
    name: finished.name,
    secretId: made.secretId,
    missing: [...missing, ...finished.missing],
    undone: [...unseen, ...finished.undone],
  };
}

/**
 * The same, up to the last touch.
 *
 * @param purpose whether the image is the goal, or always goes
 */
export async function fillImage(
  environment: Environment,
  plan: ImageRestorePlan,
  store: PayloadStore | undefined,
  onBytes: (count: number) => void,
  purpose: Purpose,
): Promise<FilledImage> {
  const { saved, payload } = plan;
  const from = storeFor(payload, store);
  const wrapped = await hasToBeWrapped(environment, plan);
  const proved = asRecorded(await from.open(payload), payload.name, wholeDigest(payload), saved);
  const wanted = {
    name: unfinishedName(plan.name),
    containerFormat: plan.containerFormat,
    diskFormat: wrapped ? 'qcow2' : plan.diskFormat,
    minDisk: saved.minDisk,
    minRam: saved.minRam,
    properties: replayable(saved.properties, !wrapped).properties,
  };
  const data = imageData(proved, payload.size, wrapped, onBytes);
  return { ...(await makeImage(environment, wanted, data, plan.key, purpose)), wrapped };
}
