/** Images as records: create and delete. */
import type { Core } from '../core.ts';
import { type AuthedCall, isObject, type Params, param, parseJson, type Reply } from '../http.ts';
import { dropKey, liveSecret, secretAllowed } from '../keys.ts';
import { imageRefusal } from './errors.ts';
import { EMPTY, findOwn, mayRead, notMember, showImage } from './find.ts';
import { checkName, checkNew, checkValue, KINDS } from './schema.ts';
import { queueImage } from './store.ts';

export function create(core: Core, call: AuthedCall): Reply {
  const body = parseJson(call.raw);
  if (!isObject(body)) throw imageRefusal(400, 'Malformed JSON in request body.');
  for (const key of Object.keys(body)) checkName(key);
  checkNew(body);
  for (const [key, value] of Object.entries(body)) checkValue(key, value ?? null);
  notMember(call, 'add_image');
  const { owner } = body;
  if (typeof owner === 'string' && owner !== call.projectId) {
    throw imageRefusal(403, null, `You are not permitted to create images owned by '${owner}'`);
  }
  const text = (key: string): string | null => {
    const value = body[key];
    return typeof value === 'string' ? value : null;
  };
  const tags = body['tags'];
  const custom = Object.entries(body).filter(([key]) => KINDS[key] === undefined);
  const id = text('id');
  const image = queueImage(core, call.token, {
    ...(id === null ? {} : { id }),
    name: text('name'),
    diskFormat: text('disk_format'),
    containerFormat: text('container_format'),
    visibility: text('visibility') ?? 'shared',
    protected: body['protected'] === true,
    hidden: body['os_hidden'] === true,
    minDisk: Number(body['min_disk'] ?? 0),
    minRam: Number(body['min_ram'] ?? 0),
    tags: Array.isArray(tags) ? [...new Set(tags.map(String))] : [],
    properties: Object.fromEntries(custom.map(([key, value]) => [key, String(value)])),
  });
  call.created(image.id);
  return {
    status: 201,
    headers: {
      Location: `${call.linkOrigin}/image/v2/images/${image.id}`,
      'OpenStack-image-import-methods': 'glance-direct,web-download,copy-image',
      'OpenStack-image-store-ids': 'file,os_glance_staging_store,os_glance_tasks_store',
    },
    json: showImage(image),
  };
}

export function remove(core: Core, call: AuthedCall, params: Params): Reply {
  const id = param(params, 'id');
  const image = core.state.images.get(id);
  if (image === undefined || !mayRead(image, call.token)) {
    throw imageRefusal(404, `Failed to find image ${id} to delete`);
  }
  findOwn(core, call, params, 'delete_image');
  if (image.protected) throw imageRefusal(403, `Image ${id} is protected and cannot be deleted.`);
  core.state.images.delete(id);
  const key = image.properties['cinder_encryption_key_id'];
  if (
    key !== undefined &&
    image.properties['cinder_encryption_key_deletion_policy'] === 'on_image_deletion'
  ) {
    // With the caller's rights; a refusal is only logged. Glance does not ask whose key it is, or who else uses it.
    const secret = liveSecret(core, key);
    if (secret !== undefined && secretAllowed(core, 'delete', call.token, secret)) dropKey(core, key);
  }
  return EMPTY;
}
