/** PATCH: a JSON patch of Glance's own kind. */
import type { Core } from '../core.ts';
import {
  type AuthedCall,
  headerOf,
  isObject,
  type Json,
  type Params,
  parseJson,
  Refusal,
  type Reply,
} from '../http.ts';
import { pythonRepr } from '../python.ts';
import type { Image } from '../state.ts';
import { imageError, imageRefusal } from './errors.ts';
import { findOwn, showImage } from './find.ts';
import { checkPlane, checkValue, KINDS, READ_ONLY, RESERVED } from './schema.ts';

const PATCH_TYPES = [
  'application/openstack-images-v2.0-json-patch',
  'application/openstack-images-v2.1-json-patch',
];

export function patch(core: Core, call: AuthedCall, params: Params): Reply {
  const type = (headerOf(call, 'content-type') ?? '').split(';')[0]?.trim() ?? '';
  if (!PATCH_TYPES.includes(type)) {
    const reply = imageError(
      415,
      `The request media type ${type} is not supported by this server.`,
      `Image PATCH expects Content-Type one of: ${PATCH_TYPES.join(', ')}`,
    );
    throw new Refusal({ ...reply, headers: { 'Accept-Patch': PATCH_TYPES.join(', ') } });
  }
  const changes = parseJson(call.raw);
  if (!Array.isArray(changes))
    throw imageRefusal(400, 'Request body must be a JSON array of operation objects.');
  const image = findOwn(core, call, params, 'modify_image');
  // All or nothing: the real one saves once, at the end.
  const draft: Image = { ...image, properties: { ...image.properties }, tags: [...image.tags] };
  for (const change of changes) applyChange(draft, change);
  Object.assign(image, draft, { updatedAt: core.clock.now() });
  return { status: 200, json: showImage(image) };
}

function applyChange(image: Image, change: Json): void {
  if (!isObject(change)) throw imageRefusal(400, 'Operations must be JSON objects.');
  const { op, path, value } = change;
  if (typeof op !== 'string' || !['add', 'replace', 'remove'].includes(op)) {
    throw imageRefusal(
      400,
      `Invalid operation: \`${String(op)}\`. It must be one of the following: add, remove, replace.`,
    );
  }
  if (typeof path !== 'string') throw imageRefusal(400, 'Invalid JSON pointer.');
  if (/~(?![01])/.test(path))
    throw imageRefusal(400, `Pointer \`${path}\` contains "~" not part of a recognized escape sequence.`);
  if (!/^\/[^/]*$/.test(path))
    throw imageRefusal(400, `Invalid JSON pointer for this resource: ${pythonRepr(path)}`);
  const key = path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  if (READ_ONLY.includes(key) || key === 'id') throw imageRefusal(403, `Attribute '${key}' is read-only.`);
  if (RESERVED.includes(key) || key.startsWith('os_glance')) {
    throw imageRefusal(403, `Attribute '${key}' is reserved.`);
  }
  checkPlane(key, value ?? null);
  if (KINDS[key] === undefined) {
    changeProperty(image, op, key, value);
    return;
  }
  if (op === 'remove') throw imageRefusal(403, null, `Property ${key} may not be removed.`);
  checkValue(key, value ?? null);
  changeCore(image, key, value ?? null);
}

function changeProperty(image: Image, op: string, key: string, value: Json | undefined): void {
  if (op === 'add') {
    // RFC 6902: add replaces what is there already.
    checkValue(key, value ?? null);
    image.properties[key] = String(value);
    return;
  }
  if (image.properties[key] === undefined) throw imageRefusal(409, null, `Property ${key} does not exist.`);
  if (op === 'remove') delete image.properties[key];
  else {
    checkValue(key, value ?? null);
    image.properties[key] = String(value);
  }
}

function changeCore(image: Image, key: string, value: Json): void {
  const textOrNull = typeof value === 'string' ? value : null;
  if ((key === 'disk_format' || key === 'container_format') && image.status !== 'queued') {
    throw imageRefusal(403, `Attribute ${key} can be only replaced for a queued image.`);
  }
  if (key === 'owner') throw imageRefusal(403, null, "Owner can't be updated by non admin.");
  if (key === 'visibility' && value === 'public') {
    throw imageRefusal(403, 'You are not authorized to complete publicize_image action.');
  }
  if (key === 'name') image.name = textOrNull;
  else if (key === 'disk_format') image.diskFormat = textOrNull;
  else if (key === 'container_format') image.containerFormat = textOrNull;
  else if (key === 'visibility') image.visibility = String(value);
  else if (key === 'protected') image.protected = value === true;
  else if (key === 'os_hidden') image.hidden = value === true;
  else if (key === 'min_disk') image.minDisk = Number(value);
  else if (key === 'min_ram') image.minRam = Number(value);
  else if (key === 'tags' && Array.isArray(value)) image.tags = [...new Set(value.map(String))];
}
