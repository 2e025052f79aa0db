/** An image's data: PUT and GET /file. */
import { BLOCK_BYTES, SparseBytes } from '../bytes.ts';
import type { Core } from '../core.ts';
import {
  type AuthedCall,
  type Call,
  headerOf,
  JobFailure,
  type Params,
  Refusal,
  type Reply,
} from '../http.ts';
import { imageError, imageRefusal } from './errors.ts';
import { EMPTY, find, findOwn } from './find.ts';
import { fillImage } from './store.ts';

async function gatherFile(core: Core, call: Call): Promise<SparseBytes> {
  const parts: Buffer[] = [];
  let waiting = 0;
  const data = new SparseBytes(0);
  let tooLarge = false;
  const flush = (): void => {
    const joined = Buffer.concat(parts);
    const at = data.size;
    data.resize(at + joined.length);
    data.write(at, joined);
    parts.length = 0;
    waiting = 0;
  };
  for await (const part of call.message) {
    // Read to its end all the same: a writer whose connection is closed sees a reset, and no answer.
    if (tooLarge) continue;
    parts.push(part as Buffer);
    waiting += (part as Buffer).length;
    if (waiting >= 16 * BLOCK_BYTES) flush();
    tooLarge = data.size + waiting > core.options.imageSizeCap;
  }
  if (tooLarge) throw imageRefusal(413, 'The incoming image is too large: The provided image is too large.');
  flush();
  return data;
}

export async function upload(core: Core, call: AuthedCall, params: Params): Promise<Reply> {
  const type = headerOf(call, 'content-type') ?? '';
  if (!type.startsWith('application/octet-stream')) {
    const bad = imageError(
      415,
      `The request media type ${type} is not supported by this server.`,
      `Invalid content type ${type}`,
    );
    throw new Refusal(bad);
  }
  const image = findOwn(core, call, params, 'upload_image');
  const announced = headerOf(call, 'x-openstack-image-size');
  if (announced !== undefined && !/^-?\d+$/.test(announced))
    throw imageRefusal(400, 'Invalid or missing image size in request headers.');
  if (image.diskFormat === null || image.containerFormat === null) {
    throw imageRefusal(400, 'Properties disk_format, container_format must be set prior to saving data.');
  }
  if (image.status !== 'queued') {
    throw imageRefusal(409, `Image status transition from ${image.status} to saving is not allowed`);
  }
  image.status = 'saving';
  try {
    const data = await gatherFile(core, call);
    if (image.leftover) throw imageRefusal(500, null);
    checkAnnounced(announced, data.size);
    if (!core.state.images.has(image.id)) {
      throw imageRefusal(
        410,
        `Image ${image.id} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.`,
      );
    }
    await fillImage(core, image, data);
  } catch (error) {
    image.status = 'queued';
    if (error instanceof JobFailure) throw imageRefusal(415, null, error.message);
    throw error;
  }
  return EMPTY;
}

interface Span {
  from: number;
  to: number;
}

function parseRange(text: string, size: number): Span {
  if (/,/.test(text)) {
    throw imageRefusal(
      400,
      'Requests with multiple ranges are not supported in Glance. You may make multiple single-range requests instead.',
    );
  }
  const match = /^bytes[= ](\d*)-(\d*)(?:\/.*)?$/.exec(text.trim());
  const [, start = '', end = ''] = match ?? [];
  if (match === null || (start === '' && end === '')) throw imageRefusal(416, null, 'Invalid Range header.');
  if (start === '') return { from: Math.max(0, size - Number(end)), to: size - 1 };
  if (Number(start) >= size) {
    throw imageRefusal(
      416,
      null,
      `Invalid start position in Range header. Start position MUST be in the inclusive range [0, ${size - 1}].`,
    );
  }
  return { from: Number(start), to: Math.min(end === '' ? size - 1 : Number(end), size - 1) };
}

function checkAnnounced(announced: string | undefined, size: number): void {
  if (announced === undefined || size === Number(announced)) return;
  const how = size > Number(announced) ? 'exceeds' : 'mismatch';
  throw imageRefusal(400, `Size ${how}: expected ${announced} bytes, got ${size} bytes`);
}

/** What WSGI itself says when Glance has no answer: a part of an image without data. */
const CRASH: Reply = {
  status: 500,
  headers: { 'Content-Type': 'text/html' },
  bytes: Buffer.from(
    '<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n',
  ),
};

export function download(core: Core, call: AuthedCall, params: Params): Reply {
  const image = find(core, call, params);
  if (image.status === 'deactivated')
    throw imageRefusal(403, 'The requested image has been deactivated. Image data download is forbidden.');
  const { data } = image;
  const asked = headerOf(call, 'range') ?? headerOf(call, 'content-range');
  if (data === null) return asked === undefined && !image.leftover ? { status: 204 } : CRASH;
  const digest = image.checksum === null ? {} : { 'Content-MD5': image.checksum };
  if (asked === undefined) {
    return {
      status: 200,
      headers: { 'Content-Type': 'application/octet-stream', ...digest },
      stream: { length: data.size, chunks: data.chunks() },
    };
  }
  const { from, to } = parseRange(asked, data.size);
  if (!core.options.capabilities.range) {
    throw imageRefusal(
      400,
      `Getting images randomly from this store is not supported. Offset: ${from}, length: ${to - from + 1}`,
    );
  }
  return {
    status: 206,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Range': `bytes ${from}-${to}/${data.size}`,
      // Of the whole image, not of the range.
      ...digest,
    },
    stream: { length: to - from + 1, chunks: data.chunks(from, to - from + 1) },
  };
}
