/** The image work that Cinder and Nova have Glance do in the caller's name, and what both share with Glance's own API. */
import type { SparseBytes } from './bytes.ts';
import type { Core } from './core.ts';
import { JobFailure, Refusal, type Reply } from './http.ts';
import { type Image, isUuid, type Token, uuid } from './state.ts';

const REASONS: Record<number, [title: string, text: string]> = {
  400: [
    'Bad Request',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  401: [
    'Unauthorized',
    'This server could not verify that you are authorized to access the document you requested.',
  ],
  403: ['Forbidden', 'Access was denied to this resource.'],
  404: ['Not Found', 'The resource could not be found.'],
  409: ['Conflict', 'There was a conflict when trying to complete your request.'],
  410: ['Gone', 'This resource is no longer available.  No forwarding address is given.'],
  413: ['Request Entity Too Large', 'The body of your request was too large for this server.'],
  415: [
    'Unsupported Media Type',
    'The request media type application/octet-stream is not supported by this server.',
  ],
  416: ['Request Range Not Satisfiable', 'The Range requested is not available.'],
  500: [
    'Internal Server Error',
    'The server has either erred or is incapable of performing the requested operation.',
  ],
  503: ['Service Unavailable', 'The server is currently unavailable. Please try again at a later time.'],
};

function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#x27;');
}

/** Glance speaks HTML when something is wrong: webob's page with an explanation, or with a detail below its own text. */
export function imageError(status: number, explanation: string | null, detail = ''): Reply {
  const [title, text] = REASONS[status] ?? ['Error', ''];
  const head = `${status} ${title}`;
  const html = `<html>\n <head>\n  <title>${head}</title>\n </head>\n <body>\n  <h1>${head}</h1>\n  ${escapeHtml(explanation ?? text)}<br /><br />\n${escapeHtml(detail)}\n\n\n </body>\n</html>`;
  return { status, headers: { 'Content-Type': 'text/html; charset=UTF-8' }, bytes: Buffer.from(html) };
}

export function imageRefusal(status: number, explanation: string | null, detail = ''): Refusal {
  return new Refusal(imageError(status, explanation, detail), explanation ?? detail);
}

/** Own images, public and community ones, and those shared with the project. */
export function mayRead(image: Image, token: Token): boolean {
  const projectId = token.project?.id ?? '';
  if (image.ownerId === projectId || image.visibility === 'public' || image.visibility === 'community')
    return true;
  return image.visibility === 'shared' && image.members.has(projectId);
}

export interface NewImage {
  id?: string;
  name: string | null;
  diskFormat: string | null;
  containerFormat: string | null;
  visibility: string;
  protected: boolean;
  hidden?: boolean;
  minDisk?: number;
  minRam?: number;
  tags?: string[];
  properties: Record<string, string>;
}

const MAX_PROPERTIES = 128;

export function queueImage(core: Core, token: Token, wanted: NewImage): Image {
  const id = wanted.id ?? uuid();
  if (core.state.images.has(id)) throw imageRefusal(409, `Image ID ${id} already exists!`);
  if (wanted.visibility === 'public') {
    throw imageRefusal(403, 'You are not authorized to complete publicize_image action.');
  }
  const count = Object.keys(wanted.properties).length;
  if (count > MAX_PROPERTIES) {
    throw imageRefusal(
      413,
      `The limit has been exceeded on the number of allowed image properties. Attempted: ${count}, Maximum: ${MAX_PROPERTIES}`,
    );
  }
  const now = core.clock.now();
  const image: Image = {
    id,
    ownerId: token.project?.id ?? '',
    name: wanted.name,
    status: 'queued',
    visibility: wanted.visibility,
    protected: wanted.protected,
    hidden: wanted.hidden ?? false,
    diskFormat: wanted.diskFormat,
    containerFormat: wanted.containerFormat,
    minDisk: wanted.minDisk ?? 0,
    minRam: wanted.minRam ?? 0,
    tags: wanted.tags ?? [],
    properties: { ...wanted.properties },
    members: new Map(),
    checksum: null,
    hashAlgorithm: null,
    hashValue: null,
    size: null,
    virtualSize: null,
    createdAt: now,
    updatedAt: now,
    data: null,
    leftover: false,
  };
  core.state.images.set(id, image);
  return image;
}

const LUKS_MAGIC = Buffer.from('4c554b53babe', 'hex');
const QCOW2_MAGIC = Buffer.from('514649fb', 'hex');

/** What is wrong with these bytes, as the inspector of Glance 33 sees it; each case was tried on the real one. */
export function inspect(data: SparseBytes, diskFormat: string | null): string | undefined {
  const head = data.read(0, Math.min(data.size, 512));
  const isQcow2 = head.subarray(0, 4).equals(QCOW2_MAGIC);
  const isLuks = head.subarray(0, 6).equals(LUKS_MAGIC);
  const unsafe =
    (isLuks && head.length >= 8 && head.readUInt16BE(6) !== 1) ||
    (isQcow2 && head.length >= 16 && head.readBigUInt64BE(8) !== 0n) ||
    (diskFormat === 'raw' && head.length === 512 && !isLuks && !isQcow2 && isBadMbr(head));
  if (unsafe) return 'Image failed safety checks';
  if (diskFormat === 'qcow2' && !isQcow2) return 'Image disk_format qcow2 does not match stream data raw';
  return undefined;
}

/** check_mbr_partitions of oslo.utils, with what makes it take a sector for a GPT's or MBR's at all. */
function isBadMbr(sector: Buffer): boolean {
  const isFat = sector[0x10] === 2 && sector[0x15] === 0xf8;
  if (sector[510] !== 0x55 || sector[511] !== 0xaa || isFat) return false;
  const valid: number[] = [];
  let gpt = false;
  for (let index = 0; index < 4; index += 1) {
    const entry = sector.subarray(446 + 16 * index, 462 + 16 * index);
    if (entry[0] !== 0x00 && entry[0] !== 0x80) return true;
    if (entry[4] !== 0) valid.push(index);
    if (entry[4] !== 0xee) continue;
    gpt = true;
    if (entry.subarray(1, 4).toString('hex') !== '000200' || entry.readUInt32LE(8) !== 1) return true;
  }
  return valid.length === 0 || (gpt && valid.join() !== '0');
}

/** Everything that follows once the bytes are there. Throws a JobFailure where Glance would refuse them. */
export async function fillImage(core: Core, image: Image, data: SparseBytes): Promise<void> {
  if (data.size > core.options.imageSizeCap)
    throw new JobFailure('Denying attempt to upload image larger than the cap', '006');
  const [checksum, hashValue] = core.options.capabilities.imageHashes
    ? await data.digests('md5', 'sha512')
    : [];
  image.checksum = checksum ?? null;
  image.hashAlgorithm = hashValue === undefined ? null : 'sha512';
  image.hashValue = hashValue ?? null;
  const wrong =
    core.options.capabilities.imageInspection && image.containerFormat === 'bare'
      ? inspect(data, image.diskFormat)
      : undefined;
  if (wrong !== undefined) {
    // Back to queued, but with the digests of what was refused: seen on the real one.
    image.status = 'queued';
    image.leftover = true;
    throw new JobFailure(wrong);
  }
  // A client may have deleted it meanwhile.
  if (!core.state.images.has(image.id)) throw new JobFailure('the image is gone');
  image.data = data;
  image.size = data.size;
  image.virtualSize = virtualSize(data, image.diskFormat);
  image.status = 'active';
  image.updatedAt = core.clock.now();
}

function virtualSize(data: SparseBytes, diskFormat: string | null): number {
  if (diskFormat !== 'qcow2' || data.size < 32) return data.size;
  return Number(data.read(24, 8).readBigUInt64BE(0));
}

export function dropQueuedImage(core: Core, image: Image): void {
  if (image.status === 'queued' || image.status === 'saving') core.state.images.delete(image.id);
}

/** Cinder's `_image_uuid_from_ref`: an id, or the end of an URL, or a name that only one image has. */
export function imageByRef(core: Core, token: Token, ref: string): Image {
  const tail = ref.split('/').at(-1) ?? '';
  const byId = isUuid(tail) ? core.state.images.get(tail) : undefined;
  if (byId !== undefined && mayRead(byId, token)) return byId;
  const named = [...core.state.images.values()].filter(
    (image) => image.name === ref && mayRead(image, token),
  );
  const [only] = named;
  if (named.length > 1) {
    throw cinderRefusal(
      409,
      'conflictingRequest',
      `Multiple matches found for '${ref}', use an ID to be more specific.`,
    );
  }
  if (only === undefined) {
    throw cinderRefusal(400, 'badRequest', 'Invalid image identifier or unable to access requested image.');
  }
  return only;
}

function cinderRefusal(code: number, name: string, message: string): Refusal {
  return new Refusal({ status: code, json: { [name]: { code, message } } }, message);
}

/** The boot snapshot inside a zero-size image of a volume-backed server. */
export function snapshotOfImage(image: Image): string | undefined {
  const mapping = image.properties['block_device_mapping'];
  if (mapping === undefined) return undefined;
  const devices = JSON.parse(mapping) as {
    source_type?: string;
    boot_index?: number;
    snapshot_id?: string;
  }[];
  return devices.find((device) => device.source_type === 'snapshot' && device.boot_index === 0)?.snapshot_id;
}

/** volume_utils.get_volume_image_metadata: what a volume remembers of its image. */
export function volumeImageMetadata(image: Image): Record<string, string> {
  const base: [string, string | number | null][] = [
    ['image_id', image.id],
    ['image_name', image.name],
    ['checksum', image.checksum],
    ['container_format', image.containerFormat],
    ['disk_format', image.diskFormat],
    ['min_disk', image.minDisk],
    ['min_ram', image.minRam],
    ['size', image.size],
  ];
  const known = base.filter(([, value]) => value !== null).map(([key, value]) => [key, String(value)]);
  return { signature_verified: 'False', ...image.properties, ...Object.fromEntries(known) };
}
