import { Readable } from 'node:stream';
import { OperationError } from '../../../errors.ts';
import type { ServiceClient } from '../../connection.ts';
import { CloudError, isUncertain } from '../../errors.ts';
import { nothing } from '../../service.ts';
import { DeadlineError } from '../../watcher.ts';
import { getImage, type Image, imageUrl, watchImages } from './images.ts';

/** Between the first piece and the rest: an immediate refusal arrives by then. */
const BREATH_MS = 250;
/** Glance answers once all is stored, and a proxy may buffer the whole upload before it passes it on. */
const ANSWER_MS = 60 * 60_000;

/**
 * Stores the data of a `queued` image, in one stream that cannot be resumed. Never imports: an import runs plugins
 * that may change the bytes.
 *
 * @param data read to its end, or destroyed; its own errors are thrown as they are
 * @param size bytes; if undefined, the data is sent in chunks
 * @throws CloudError 409 when the image is not queued, 413 for quota, 415 for bytes that Glance calls unsafe (LUKS2)
 */
export async function uploadImage(
  client: ServiceClient,
  imageId: string,
  data: Readable,
  size: number | undefined,
): Promise<void> {
  try {
    await client.session.freshToken();
    await client.call({
      doing: `upload the data of image ${imageId}`,
      method: 'PUT',
      path: `${imageUrl(imageId)}/file`,
      headers: {
        'content-type': 'application/octet-stream',
        ...(size === undefined ? {} : { 'content-length': String(size) }),
      },
      body: Readable.from(pieces(client, imageId, data, size), { objectMode: false }),
      timeouts: { header: ANSWER_MS },
      ok: [204],
      decode: nothing,
    });
  } catch (error) {
    data.destroy();
    if (data.errored !== null) throw data.errored;
    if (!(error instanceof CloudError) || !isUncertain(error)) throw error;
    if (data.readableEnded) await storedAllTheSame(client, imageId, error);
    else throw await told(client, imageId, error);
  }
}

/**
 * Waits a moment after the first piece. A server that refuses at once closes the connection, and a writer then gets
 * EPIPE instead of the answer. HTTP has `Expect: 100-continue` for this, but undici does not support it.
 */
async function* pieces(
  { session }: ServiceClient,
  imageId: string,
  data: Readable,
  size: number | undefined,
): AsyncGenerator<Buffer> {
  let sent = 0;
  // The iterator must not destroy the stream, so that any error on it is the stream's own.
  for await (const piece of data.iterator({ destroyOnReturn: false })) {
    const first = sent === 0;
    sent += (piece as Buffer).length;
    if (size !== undefined && sent > size) throw otherSize(imageId, size, 'more');
    yield piece as Buffer;
    if (first) await session.clock.sleep(BREATH_MS, session.signal);
  }
  if (size !== undefined && sent < size) throw otherSize(imageId, size, `only ${sent}`);
}

function otherSize(imageId: string, size: number, came: string): OperationError {
  return new OperationError(
    `the data for image ${imageId} should have ${size} bytes, but ${came} arrived: it is not stored`,
    'Check the payload it comes from.',
  );
}

/** The answer to a whole upload was lost: the image tells how it ended. */
async function storedAllTheSame(client: ServiceClient, imageId: string, error: CloudError): Promise<void> {
  const { clock, signal } = client.session;
  const judge = (image: Image) => {
    if (image.status === 'active') return { done: undefined };
    if (image.status === 'saving') return undefined;
    throw withStatus(error, image);
  };
  try {
    await watchImages(client).until(imageId, judge, { deadline: clock.now() + ANSWER_MS, signal });
  } catch (failure) {
    throw failure instanceof DeadlineError ? error : failure;
  }
}

/** The connection broke in the middle; the image may know why. */
async function told(client: ServiceClient, imageId: string, error: CloudError): Promise<unknown> {
  return getImage(client, imageId).then(
    (image) => withStatus(error, image),
    (failure: unknown) => failure,
  );
}

function withStatus(error: CloudError, { status }: Image): CloudError {
  return new CloudError({ ...error, words: `${error.words}; the image is ${status}`, cause: error });
}
