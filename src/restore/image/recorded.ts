import { OperationError } from '../../errors.ts';
import type { SavedImage } from '../../manifest/schema.ts';
import { type Digest, digestsOf } from '../../openstack/image/v2/digests.ts';
import { Meter } from '../../stream/meter.ts';

/** An image as the manifest records it. */
export type RecordedImage = Pick<SavedImage, 'id' | 'hash' | 'checksum'>;

/** Bytes, and the digests that they have when they ended cleanly. */
export interface ProvedBytes {
  readonly bytes: AsyncGenerator<Uint8Array, void>;
  readonly digests: Readonly<Record<string, string>>;
}

/**
 * The bytes of an image's payload, measured as they flow: what the manifest says of the image in one place and of its
 * payload in another is compared with them, and not taken for what the cloud must have.
 *
 * @param bytes checked against the payload's own entry
 * @param proved the digest that they were checked by
 * @returns bytes that end in an OperationError where the manifest contradicts itself
 */
export function asRecorded(
  bytes: AsyncIterable<Uint8Array>,
  payload: string,
  proved: Digest,
  image: RecordedImage,
): ProvedBytes {
  const recorded = strongest(image, proved);
  const all = [...recorded, proved].map(({ algorithm, value }) => [algorithm, value]);
  return {
    bytes: compared(bytes, proved, recorded, payload, image.id),
    digests: Object.fromEntries(all),
  };
}

/** MD5 takes longer than all else that is done with the bytes, and is not needed where the proof says more. */
function strongest({ hash, checksum }: RecordedImage, proved: Digest): readonly Digest[] {
  const recorded = digestsOf({ hash: hash ?? undefined, checksum: checksum ?? undefined });
  const same = recorded.filter(({ algorithm }) => algorithm === proved.algorithm);
  return same.length > 0 ? same : recorded;
}

async function* compared(
  bytes: AsyncIterable<Uint8Array>,
  proved: Digest,
  recorded: readonly Digest[],
  name: string,
  imageId: string,
): AsyncGenerator<Uint8Array, void> {
  // The payload's own digest is measured where it is opened.
  const others = recorded.filter(({ algorithm }) => algorithm !== proved.algorithm);
  const meter = new Meter(others.map(({ algorithm }) => algorithm));
  yield* meter.through(bytes);
  const measured: Readonly<Record<string, string>> = { ...meter.digests(), [proved.algorithm]: proved.value };
  const wrong = recorded.find(({ algorithm, value }) => measured[algorithm] !== value);
  if (wrong === undefined) return;
  throw new OperationError(
    `the manifest contradicts itself: payload ${name} is intact, but its ${wrong.algorithm} differs from that of image ${imageId}`,
    'It was altered, or names the payload of another image: use another copy of the manifest, or another restore point. What was made from it is removed.',
  );
}
