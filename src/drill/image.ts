import type { Environment } from '../environment.ts';
import { messageOf } from '../errors.ts';
import type { SavedImage } from '../manifest/schema.ts';
import { wholeDigest } from '../manifest/whole-digest.ts';
import { downloadImage } from '../openstack/image/v2/download.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { ImageRestorePlan } from '../restore/image/plan.ts';
import { outOfQcow2 } from '../restore/image/qcow2.ts';
import { type FilledImage, fillImage } from '../restore/image/restore.ts';
import type { DrillTools } from './bytes.ts';
import { cameBack, imageDigest } from './came-back.ts';
import type { Finding } from './finding.ts';
import { asScratch } from './scratch.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What a drill of an image needs to know of its restore point. */
export interface ImageSubject {
  /** How to restore it. */
  readonly plan: ImageRestorePlan;
  /** Restores it in another way than by the plan. */
  readonly fill?: (
    environment: Environment,
  ) => Promise<Pick<FilledImage, 'image' | 'unseen' | 'wrapped' | 'remove'>>;
}

/**
 * Restores an image as a temporary, downloads it again, and removes it, with its key, whatever happens.
 *
 * @throws OperationError if it cannot be restored or read, with what the cloud said
 */
export async function drillImage(
  given: Environment,
  { plan, fill }: ImageSubject,
  store: PayloadStore | undefined,
  watch: Stopwatch,
  tools: DrillTools,
): Promise<Finding> {
  const environment = asScratch(given);
  const { payload, saved, key } = plan;
  const { image, unseen, wrapped, remove } = await (fill?.(environment) ??
    fillImage(environment, plan, store, tools.onBytes, 'scratch'));
  watch.lap('restored');
  try {
    environment.log.info(`image ${image.id} is being read back`);
    const bytes = downloadImage(await environment.session.service('image'), image, 0, tools.signal);
    const expected = {
      digest: { ...wholeDigest(payload), size: payload.size },
      encrypted: saved.encryption !== null,
      untried: unseen === undefined ? [] : [`not seen: what the cloud stored: ${messageOf(unseen)}`],
      keys:
        key === undefined
          ? []
          : [{ called: 'its saved key', saved: true, bytes: key.bytes, secretType: key.saved.secretType }],
    };
    return await cameBack(wrapped ? outOfQcow2(bytes, payload.size) : bytes, expected, tools);
  } finally {
    watch.lap('checked');
    await remove();
    watch.lap('removed');
  }
}

/**
 * Reads an image that stayed in the cloud as a backup: what boots from it needs no restore.
 *
 * @param look what else looks at it first
 * @throws OperationError if it cannot be read, with what the cloud said
 */
export async function drillKeptImage(
  environment: Environment,
  saved: SavedImage,
  watch: Stopwatch,
  tools: DrillTools,
  look?: (environment: Environment) => Promise<void>,
): Promise<Finding> {
  const { session } = environment;
  const { id, size } = saved;
  await look?.(environment);
  const bytes = downloadImage(await session.service('image'), { id, size }, 0, tools.signal);
  try {
    return await cameBack(
      bytes,
      { digest: imageDigest(saved), encrypted: false, untried: [], keys: [] },
      tools,
    );
  } finally {
    watch.lap('checked');
  }
}
