import { OperationError, PlainError } from '../../../errors.ts';
import { discard } from '../../body.ts';
import { Breaks } from '../../breaks.ts';
import type { Request, ServiceClient } from '../../connection.ts';
import { hasStatus } from '../../errors.ts';
import type { HttpResponse } from '../../http.ts';
import { either } from '../../service.ts';
import { type Image, imageUrl } from './images.ts';

/** A store may stay silent for long while it fetches the data. */
const TIMEOUTS = { header: 2 * 60_000, body: 5 * 60_000 };

/**
 * The data of an image, from its start or from an offset. A broken download resumes where it stopped, if the store can
 * do that: files and Cinder can; Ceph, Swift and S3 cannot.
 * https://github.com/openstack/glance_store/blob/master/glance_store/capabilities.py
 *
 * @param image if it has a size, exactly that many bytes must come
 * @param from bytes
 * @param signal ends the download, as the session's own does
 * @throws CloudError 403 when the image is deactivated, 404 when it is gone
 * @throws OperationError if it breaks off and cannot be resumed, or when it is not as large as Glance says
 */
export async function* downloadImage(
  client: ServiceClient,
  image: Pick<Image, 'id' | 'size'>,
  from = 0,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const { session } = client;
  const breaks = new Breaks(
    {
      what: `the download of image ${image.id}`,
      hint: 'Try again. If it fails again, ask the operator about the image service and the proxies in front of it.',
      clock: session.clock,
      log: session.log,
      signal: () => either(session.signal, signal),
    },
    from,
  );
  let { size } = image;
  let at = from;
  for (;;) {
    try {
      const answer = await open(client, image.id, at, size, signal);
      if (answer === undefined) return;
      size ??= answer.size;
      for await (const piece of answer.body) {
        at += (piece as Buffer).length;
        if (size !== undefined && at > size) throw otherSize(image.id, size, 'more');
        yield piece as Buffer;
      }
      if (size === undefined || at === size) return;
      throw new Error(`the answer ended after ${at} of ${size} bytes`);
    } catch (error) {
      // All bytes have come, and Glance refuses a range that begins at the end.
      if (at === size && !(error instanceof PlainError) && signal?.aborted !== true) return;
      await breaks.rest(at, error);
    }
  }
}

interface Answer {
  readonly body: HttpResponse['body'];
  /** Of the whole image. */
  readonly size: number | undefined;
}

/** @returns undefined for an image without data, such as one of a server that boots from a volume */
async function open(
  client: ServiceClient,
  imageId: string,
  at: number,
  size: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Answer | undefined> {
  if (at > 0) return resume(client, imageId, at, size, signal);
  const asked = request(imageId, undefined, [200, 204], signal);
  const { status, headers, body } = await client.open(asked);
  if (status === 204) {
    body.resume();
    if ((size ?? 0) > 0) throw otherSize(imageId, size, 'none');
    return undefined;
  }
  const length = headers['content-length'];
  const announced = length === undefined ? undefined : Number(length);
  if (size !== undefined && announced !== undefined && announced !== size) {
    discard(body);
    throw otherSize(imageId, size, String(announced));
  }
  return { body, size: announced };
}

async function resume(
  client: ServiceClient,
  imageId: string,
  at: number,
  size: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const asked = request(imageId, `${at}-`, RANGED, signal);
  const { status, headers, body } = await client.open(asked).catch((error: unknown) => {
    throw hasStatus(error, 400, 416) ? notResumed(imageId, at, error.words, error) : error;
  });
  const range = headers['content-range'] ?? '';
  const [, start, total] = /^bytes (\d{1,16})-\d{1,16}\/(\d{1,16})$/.exec(range) ?? [];
  if (status === 206 && Number(start) === at && (size === undefined || Number(total) === size))
    return { body, size: Number(total) };
  discard(body);
  throw notResumed(imageId, at, status === 206 ? `it sends ${range || 'no range'}` : 'it sends all again');
}

/**
 * Whether parts of the image can be requested, to resume or to download several at a time.
 *
 * @throws CloudError 404 when it is gone
 */
export async function hasRanges(client: ServiceClient, image: Pick<Image, 'id' | 'size'>): Promise<boolean> {
  // Glance answers 500 for an image without data.
  if (image.size === undefined || image.size === 0) return false;
  try {
    const { status, body } = await client.open(request(image.id, '0-0', RANGED));
    discard(body);
    return status === 206;
  } catch (error) {
    if (hasStatus(error, 400, 416)) return false;
    throw error;
  }
}

/** The answers to a range, whether Glance understands it or not. */
const RANGED = [200, 204, 206];

function request(
  imageId: string,
  range: string | undefined,
  ok: readonly number[],
  signal?: AbortSignal,
): Request {
  return {
    doing: `download image ${imageId}`,
    method: 'GET',
    path: `${imageUrl(imageId)}/file`,
    headers: {
      accept: 'application/octet-stream',
      ...(range === undefined ? {} : { range: `bytes=${range}` }),
    },
    timeouts: TIMEOUTS,
    signal,
    ok,
  };
}

function otherSize(imageId: string, size: number | undefined, sent: string): OperationError {
  return new OperationError(
    `image ${imageId} has ${size} bytes, but the cloud sends ${sent}`,
    'A proxy in between may cut or change the answer, or the store lost data: ask the operator.',
  );
}

function notResumed(imageId: string, at: number, words: string, cause?: unknown): OperationError {
  return new OperationError(
    `the download of image ${imageId} broke off after ${at} bytes, and the cloud cannot resume it: ${words}`,
    'Try again when the network is less busy, or from a machine closer to the cloud.',
    cause,
  );
}
