import { OperationError } from '../../errors.ts';
import { LONGEST_HEADER } from '../../keys/luks.ts';
import { keyOpens, luksVersion } from '../../keys/unlock.ts';
import type { Payload } from '../../manifest/schema.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { digestsOf } from '../../openstack/image/v2/digests.ts';
import { downloadImage } from '../../openstack/image/v2/download.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import type { DiskFacts } from '../../payload/blocks/save.ts';
import type { Came } from '../../payload/save.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { doneUntil, type Until } from '../deadline.ts';

export interface DataOptions extends Until {
  /** Whose data it is, for messages: "image db (5f2c…)". */
  readonly what: string;
  /** Called with the number of bytes as they flow. */
  readonly onBytes?: (count: number) => void;
  /** The key that must open the data's LUKS header. */
  readonly key?: { readonly bytes: Uint8Array; readonly secretType: string } | undefined;
}

/**
 * Downloads an image's data into the store, which keeps it only if it is complete: the size and the digest that Glance
 * records, and, if there is a key, a header that the key opens.
 *
 * @throws OperationError if it is not; then nothing is left in the store
 */
export async function saveImageData(
  client: ServiceClient,
  image: Image,
  facts: DiskFacts,
  payloads: PayloadStore,
  options: DataOptions,
): Promise<Payload> {
  const [digest] = digestsOf(image);
  const { key, onBytes, what } = options;
  const check = async (came: Came) => {
    if (image.size !== undefined && came.size !== image.size)
      throw damaged(image, `received ${came.size} of ${image.size} bytes`);
    if (digest !== undefined && came.digests[digest.algorithm] !== digest.value)
      throw damaged(image, `its ${digest.algorithm} differs from the one Glance recorded`);
    if (key !== undefined) await proveKey(image, came.head, key, client.session.signal);
  };
  const { payload, why } = await doneUntil(options, `the download of ${what}`, (signal) => {
    const how = {
      signal,
      check,
      digests: digest === undefined ? [] : [digest.algorithm],
      known: digest && image.size !== undefined ? { size: image.size, digest } : undefined,
      head: key === undefined ? 0 : LONGEST_HEADER,
      // What is encrypted does not shrink.
      ...(key === undefined ? {} : { compression: 'none' as const }),
      ...(onBytes === undefined ? {} : { onBytes }),
    };
    return payloads.putDisk(facts, downloadImage(client, image, 0, signal), how);
  });
  if (why !== undefined) client.session.log.info(`${what} is stored in full: ${why}`);
  return payload;
}

async function proveKey(
  image: Image,
  head: Buffer,
  key: NonNullable<DataOptions['key']>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (luksVersion(head) === undefined)
    throw new OperationError(
      `image ${image.id} names a key, but its data has no LUKS header`,
      'The data is not encrypted with LUKS, so the key opens nothing. Ask whoever made the image.',
    );
  if (!(await keyOpens(head, key.bytes, key.secretType, signal)))
    throw new OperationError(
      `the key of image ${image.id} does not open its data`,
      'The image names the key of another image. Nobody could open a backup of it, so none is made: ask the operator.',
    );
}

export function damaged(image: Pick<Image, 'id'>, why: string): OperationError {
  return new OperationError(
    `the data of image ${image.id} is damaged: ${why}`,
    'Try again. If it fails again, the image store has lost data: tell the operator.',
  );
}
