/** Which images a caller may see and change, and how they look. */
import { isoSeconds } from '../clock.ts';
import { type Core, hasRole } from '../core.ts';
import { type AuthedCall, type JsonObject, type Params, param, type Reply } from '../http.ts';
import type { Image, Token } from '../state.ts';
import { imageRefusal } from './errors.ts';

/** Own images, public and community ones, and those shared with the project. */
export function mayRead(image: Image, token: Token): boolean {
  const projectId = token.project?.id ?? '';
  if (image.ownerId === projectId || image.visibility === 'public' || image.visibility === 'community')
    return true;
  return image.visibility === 'shared' && image.members.has(projectId);
}

export function notMember(call: AuthedCall, action: string): void {
  if (!hasRole(call.token, 'member', 'admin')) {
    throw imageRefusal(403, `You are not authorized to complete ${action} action.`);
  }
}

/** Some of its empty answers still carry webob's default type. */
export const EMPTY: Reply = { status: 204, headers: { 'Content-Type': 'text/html; charset=UTF-8' } };

export function find(core: Core, call: AuthedCall, params: Params): Image {
  const id = param(params, 'id');
  const image = core.state.images.get(id);
  if (image === undefined || !mayRead(image, call.token))
    throw imageRefusal(404, `No image found with ID ${id}`);
  return image;
}

export function findOwn(core: Core, call: AuthedCall, params: Params, action: string): Image {
  const image = find(core, call, params);
  notMember(call, action);
  if (image.ownerId !== call.projectId)
    throw imageRefusal(403, `You are not authorized to complete ${action} action.`);
  return image;
}

export function showImage(image: Image): JsonObject {
  return {
    ...image.properties,
    name: image.name,
    disk_format: image.diskFormat,
    container_format: image.containerFormat,
    visibility: image.visibility,
    size: image.size,
    virtual_size: image.virtualSize,
    status: image.status,
    checksum: image.checksum,
    protected: image.protected,
    min_ram: image.minRam,
    min_disk: image.minDisk,
    owner: image.ownerId,
    os_hidden: image.hidden,
    os_hash_algo: image.hashAlgorithm,
    os_hash_value: image.hashValue,
    id: image.id,
    created_at: isoSeconds(image.createdAt),
    updated_at: isoSeconds(image.updatedAt),
    tags: [...image.tags],
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
    ...(isStored(image) ? { stores: 'file' } : {}),
  };
}

/** Where its data is shows only while that can be read. */
function isStored({ data, checksum, status }: Image): boolean {
  return (data !== null || checksum !== null) && status !== 'deactivated';
}
