import type { Payload, SavedImage } from '../../manifest/schema.ts';
import { KEY_ID, KEY_POLICY, replayable } from '../../openstack/image/v2/properties.ts';
import { unfinishedName } from '../../temporaries/unfinished.ts';
import { type PayloadReader, plainBytes } from '../payloads.ts';
import { type MadeImage, type MakeTools, makeImage } from './make.ts';
import type { ImagePlan } from './preflight.ts';
import { settleImage } from './settle.ts';
import { hasToBeWrapped, imageData } from './wrap.ts';

/** An image that is back, and still carries the record of a temporary. */
export interface RestoredImage extends MadeImage {
  /**
   * Makes it what the saved one was, and takes the record off: from then on it is the user's.
   *
   * @returns what is otherwise than it was all the same, in words
   */
  settle(): Promise<string[]>;
}

/**
 * Makes an image of a saved one's payload. One that is not brought to its end is removed again, with its key.
 *
 * @param onBytes told of bytes as they flow
 */
export async function bringBackImage(
  plan: ImagePlan,
  reader: PayloadReader,
  tools: MakeTools,
  onBytes: (count: number) => void,
): Promise<RestoredImage> {
  const { saved, payload } = plan;
  const wrap = await hasToBeWrapped(plan, tools);
  const bytes = await plainBytes(reader, payload);
  const { properties, dropped } = replayable(saved.properties, !wrap);
  const made = await makeImage(
    {
      name: unfinishedName(plan.name),
      containerFormat: plan.containerFormat,
      diskFormat: wrap ? 'qcow2' : plan.diskFormat,
      minDisk: saved.minDisk,
      minRam: saved.minRam,
      properties,
    },
    imageData(bytes, payload.size, knownDigests(saved, payload), wrap, onBytes),
    plan.key,
    'result',
    tools,
  );
  const missing = [
    ...made.missing,
    ...(wrap ? [`the disk format raw, which the cloud refuses of it (${plan.doubt}): it is qcow2 now`] : []),
    ...dropped
      .filter((property) => property !== KEY_ID && property !== KEY_POLICY)
      .map((property) => `the property ${property}, which is true of the original only`),
  ];
  const settle = async () => [...missing, ...(await settleImage(tools.session, made.image, plan, tools.run))];
  return { ...made, missing, settle };
}

/** Those of the original: its data was compared with them when it was saved. */
export function knownDigests(
  { hash, checksum }: Pick<SavedImage, 'hash' | 'checksum'>,
  { sha256 }: Payload,
): Record<string, string> {
  return {
    ...(checksum === null ? {} : { md5: checksum }),
    ...(hash === null ? {} : { [hash.algorithm]: hash.value }),
    sha256,
  };
}
