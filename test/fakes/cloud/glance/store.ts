/** Images come and get their data: by Glance's own API, and by Cinder's and Nova's work in the caller's name. */
import type { SparseBytes } from '../bytes.ts';
import type { Core } from '../core.ts';
import { JobFailure } from '../http.ts';
import { type Image, type Token, uuid } from '../state.ts';
import { imageRefusal } from './errors.ts';
import { inspect } from './inspect.ts';

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
const MAX_TAGS = 128;

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
  if ((wanted.tags?.length ?? 0) > MAX_TAGS) {
    throw imageRefusal(
      413,
      `The limit has been exceeded on the number of allowed image tags. Attempted: ${wanted.tags?.length}, Maximum: ${MAX_TAGS}`,
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
  const inspected = image.containerFormat === 'bare' && !core.options.uninspectedImages;
  const wrong = inspected ? inspect(data, image.diskFormat) : undefined;
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
  image.virtualSize = virtualSize(image, data);
  image.status = 'active';
  image.updatedAt = core.clock.now();
}

function virtualSize({ diskFormat, containerFormat }: Image, data: SparseBytes): number | null {
  if (containerFormat !== 'bare' || data.size === 0) return null;
  if (diskFormat !== 'qcow2' || data.size < 32) return data.size;
  return Number(data.read(24, 8).readBigUInt64BE(0));
}

export function dropQueuedImage(core: Core, image: Image): void {
  if (image.status === 'queued' || image.status === 'saving') core.state.images.delete(image.id);
}
