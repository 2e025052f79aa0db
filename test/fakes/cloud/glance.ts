/** Glance v2. Answers compared with a 2026.2 Glance with a file store. */
import { BLOCK_BYTES, SparseBytes } from './bytes.ts';
import { isoSeconds } from './clock.ts';
import { authenticate, type Core, hasRole } from './core.ts';
import { fillImage, imageError, imageRefusal, mayRead, queueImage } from './glance-internals.ts';
import {
  type AuthedCall,
  type Call,
  headerOf,
  isObject,
  JobFailure,
  type Json,
  type JsonObject,
  type Params,
  param,
  parseJson,
  Refusal,
  type Reply,
  Router,
  type Service,
} from './http.ts';
import { dropKey, liveSecret, secretAllowed } from './keys.ts';
import { pythonRepr } from './python.ts';
import type { Image } from './state.ts';

const READ_ONLY = [
  'created_at',
  'updated_at',
  'status',
  'checksum',
  'size',
  'virtual_size',
  'direct_url',
  'self',
  'file',
  'schema',
  'os_hash_algo',
  'os_hash_value',
  'stores',
];
const RESERVED = ['location', 'locations', 'deleted', 'deleted_at'];
const DISK_FORMATS = ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'];
const CONTAINER_FORMATS = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'];
const VISIBILITIES = ['community', 'public', 'private', 'shared'];
const PATCH_TYPES = [
  'application/openstack-images-v2.0-json-patch',
  'application/openstack-images-v2.1-json-patch',
];

function notMember(core: Core, call: AuthedCall, action: string): void {
  if (core.options.strictRoles && !hasRole(call.token, 'member', 'admin')) {
    throw imageRefusal(403, `You are not authorized to complete ${action} action.`);
  }
}

/** Some of its empty answers still carry webob's default type. */
const EMPTY: Reply = { status: 204, headers: { 'Content-Type': 'text/html; charset=UTF-8' } };

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
    ...(image.data === null && image.checksum === null ? {} : { stores: 'file' }),
  };
}

function badSchema(message: string): Refusal {
  return imageRefusal(400, `Provided object does not match schema 'image': ${message}`);
}

function checkName(key: string): void {
  if (READ_ONLY.includes(key)) throw imageRefusal(403, `Attribute '${key}' is read-only.`);
  if (RESERVED.includes(key)) throw imageRefusal(403, `Attribute '${key}' is reserved.`);
  if (key.startsWith('os_glance')) throw imageRefusal(403, null, `Attribute '${key}' is reserved.`);
}

type Kind = 'boolean' | 'integer' | 'string' | 'null' | 'array';

function kindOf(value: Json): Kind | 'object' | 'number' {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'object' ? 'object' : (typeof value as 'boolean' | 'string');
}

const KINDS: Record<string, Kind[]> = {
  id: ['string'],
  name: ['null', 'string'],
  disk_format: ['null', 'string'],
  container_format: ['null', 'string'],
  visibility: ['string'],
  protected: ['boolean'],
  os_hidden: ['boolean'],
  min_disk: ['integer'],
  min_ram: ['integer'],
  tags: ['array'],
  owner: ['null', 'string'],
};

function checkValue(key: string, value: Json): void {
  const kinds = KINDS[key] ?? ['string'];
  if (!kinds.includes(kindOf(value) as Kind)) {
    throw badSchema(`${pythonRepr(value)} is not of type ${kinds.map((kind) => `'${kind}'`).join(', ')}`);
  }
  const choices: Record<string, Json[]> = {
    disk_format: [null, ...DISK_FORMATS],
    container_format: [null, ...CONTAINER_FORMATS],
    visibility: VISIBILITIES,
  };
  const allowed = choices[key];
  if (allowed !== undefined && !allowed.includes(value)) {
    throw badSchema(`${pythonRepr(value)} is not one of ${pythonRepr(allowed)}`);
  }
  if (key === 'id' && !/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(String(value))) {
    throw badSchema(
      `${pythonRepr(value)} does not match '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$'`,
    );
  }
}

function create(core: Core, call: AuthedCall): Reply {
  const body = parseJson(call.raw);
  if (!isObject(body)) throw imageRefusal(400, 'Malformed JSON in request body.');
  for (const key of Object.keys(body)) checkName(key);
  for (const [key, value] of Object.entries(body)) checkValue(key, value ?? null);
  notMember(core, call, 'add_image');
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

function find(core: Core, call: AuthedCall, params: Params): Image {
  const id = param(params, 'id');
  const image = core.state.images.get(id);
  if (image === undefined || !mayRead(image, call.token))
    throw imageRefusal(404, `No image found with ID ${id}`);
  return image;
}

function findOwn(core: Core, call: AuthedCall, params: Params, action: string): Image {
  const image = find(core, call, params);
  notMember(core, call, action);
  if (image.ownerId !== call.projectId)
    throw imageRefusal(403, `You are not authorized to complete ${action} action.`);
  return image;
}

function isListed(call: AuthedCall, image: Image): boolean {
  const { query } = call;
  const own = image.ownerId === call.projectId;
  const wanted = query.get('visibility');
  const shown =
    own || image.visibility === 'public' || (image.visibility === 'shared' && accepted(call, image));
  if (
    wanted === 'all'
      ? !mayRead(image, call.token)
      : wanted === 'community'
        ? image.visibility !== wanted
        : !shown
  ) {
    return false;
  }
  if (wanted !== null && wanted !== 'all' && image.visibility !== wanted) return false;
  if (image.hidden !== (query.get('os_hidden') === 'true')) return false;
  if (query.getAll('tag').some((tag) => !image.tags.includes(tag))) return false;
  return [...query].every(([key, value]) => fits(image, key, value));
}

function accepted(call: AuthedCall, image: Image): boolean {
  return image.members.get(call.projectId)?.status === (call.query.get('member_status') ?? 'accepted');
}

const NO_FILTER = [
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_dir',
  'tag',
  'visibility',
  'os_hidden',
  'member_status',
];

function fits(image: Image, key: string, value: string): boolean {
  if (NO_FILTER.includes(key)) return true;
  const view = showImage(image);
  if (key === 'size_min') return (image.size ?? 0) >= Number(value);
  if (key === 'size_max') return (image.size ?? 0) <= Number(value);
  if (key === 'created_at' || key === 'updated_at') {
    return timeFits(value, key === 'created_at' ? image.createdAt : image.updatedAt);
  }
  if (value.startsWith('in:')) return value.slice(3).split(',').includes(String(view[key]));
  // A filter by a name that Glance does not know is one by a custom property.
  return String(view[key]) === value;
}

function timeFits(filter: string, date: Date): boolean {
  const [operator = 'eq', ...rest] = filter.includes(':') ? filter.split(':') : ['eq'];
  const known = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'].includes(operator);
  const other = Math.floor(Date.parse(known ? rest.join(':') : filter) / 1000);
  const value = Math.floor(date.getTime() / 1000);
  if (operator === 'gt') return value > other;
  if (operator === 'gte') return value >= other;
  if (operator === 'lt') return value < other;
  if (operator === 'lte') return value <= other;
  return (value === other) !== (operator === 'neq');
}

function sortImages(call: AuthedCall, images: Image[]): Image[] {
  const [key = 'created_at', direction = 'desc'] = (
    call.query.get('sort') ??
    `${call.query.get('sort_key') ?? 'created_at'}:${call.query.get('sort_dir') ?? 'desc'}`
  )
    .split(',')[0]
    ?.split(':') ?? ['created_at', 'desc'];
  const sign = direction === 'asc' ? 1 : -1;
  const read = (image: Image): string | number => {
    if (key === 'created_at') return image.createdAt.getTime();
    if (key === 'updated_at') return image.updatedAt.getTime();
    if (key === 'size') return image.size ?? 0;
    return String(showImage(image)[key] ?? '');
  };
  return images.sort((a, b) => {
    const [left, right] = [read(a), read(b)];
    if (left !== right) return left < right ? -sign : sign;
    return a.id < b.id ? -sign : sign;
  });
}

function list(core: Core, call: AuthedCall): Reply {
  const asked = call.query.get('limit');
  if (asked !== null && !/^-?\d+$/.test(asked)) throw imageRefusal(400, 'limit param must be an integer');
  // limit_param_default is 25: who does not follow `next` sees only these.
  const limit = Math.min(asked === null ? 25 : Number(asked), core.options.maxLimit);
  let rows = sortImages(
    call,
    [...core.state.images.values()].filter((image) => isListed(call, image)),
  );
  const marker = call.query.get('marker');
  if (marker !== null) {
    const index = rows.findIndex((image) => image.id === marker);
    if (index < 0) throw imageRefusal(400, `No image found with ID ${marker}`);
    rows = rows.slice(index + 1);
  }
  rows = rows.slice(0, limit);
  const link = (query: URLSearchParams): string => `/v2/images${query.size > 0 ? `?${query}` : ''}`;
  const first = new URLSearchParams(call.query);
  first.delete('marker');
  const last = rows.at(-1);
  const next = new URLSearchParams(call.query);
  if (last !== undefined) next.set('marker', last.id);
  return {
    status: 200,
    json: {
      images: rows.map(showImage),
      first: link(first),
      schema: '/v2/schemas/images',
      // A full page always has a next, be it empty.
      ...(last !== undefined && rows.length === limit ? { next: link(next) } : {}),
    },
  };
}

function remove(core: Core, call: AuthedCall, params: Params): Reply {
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

async function upload(core: Core, call: AuthedCall, params: Params): Promise<Reply> {
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

function download(core: Core, call: AuthedCall, params: Params): Reply {
  const image = find(core, call, params);
  if (image.status === 'deactivated')
    throw imageRefusal(
      403,
      null,
      'The requested image has been deactivated. Image data download is forbidden.',
    );
  const { data } = image;
  if (data === null) return { status: 204 };
  const asked = headerOf(call, 'range') ?? headerOf(call, 'content-range');
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

function patch(core: Core, call: AuthedCall, params: Params): Reply {
  const type = (headerOf(call, 'content-type') ?? '').split(';')[0]?.trim() ?? '';
  if (!PATCH_TYPES.includes(type)) {
    const reply = imageError(
      415,
      `The request media type ${type} is not supported by this server.`,
      `Image PATCH expects Content-Type one of: ${PATCH_TYPES.join(', ')}`,
    );
    throw new Refusal({ ...reply, headers: { ...reply.headers, 'Accept-Patch': PATCH_TYPES.join(', ') } });
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
    throw imageRefusal(400, `Operations must be one of add, replace, remove: ${pythonRepr(op ?? null)}`);
  }
  if (typeof path !== 'string' || !path.startsWith('/')) throw imageRefusal(400, 'Invalid JSON pointer.');
  const key = path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  if (READ_ONLY.includes(key) || key === 'id') throw imageRefusal(403, `Attribute '${key}' is read-only.`);
  if (RESERVED.includes(key) || key.startsWith('os_glance')) {
    throw imageRefusal(403, `Attribute '${key}' is reserved.`);
  }
  if (KINDS[key] === undefined) {
    changeProperty(image, op, key, value);
    return;
  }
  if (op === 'remove') throw imageRefusal(403, `Property ${key} may not be removed.`);
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
  if (key === 'owner') throw imageRefusal(403, "Owner can't be updated by non admin.");
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

function showMember(image: Image, id: string): JsonObject {
  const member = image.members.get(id);
  if (member === undefined)
    throw imageRefusal(404, `${id} not found in the member list of the image ${image.id}.`);
  return {
    member_id: id,
    image_id: image.id,
    status: member.status,
    created_at: isoSeconds(member.createdAt),
    updated_at: isoSeconds(member.updatedAt),
    schema: '/v2/schemas/member',
  };
}

function addMember(core: Core, call: AuthedCall, params: Params): Reply {
  const body = parseJson(call.raw);
  const id = isObject(body) ? body['member'] : undefined;
  if (typeof id !== 'string' || id === '') throw imageRefusal(400, "Member can't be empty");
  const image = findOwn(core, call, params, 'add_member');
  if (image.visibility !== 'shared') throw imageRefusal(403, 'Only shared images have members.');
  if (image.members.has(id)) throw imageRefusal(409, `Member ${id} is duplicated for image ${image.id}`);
  const now = core.clock.now();
  image.members.set(id, { status: 'pending', createdAt: now, updatedAt: now });
  return { status: 200, json: showMember(image, id) };
}

function answerMember(core: Core, call: AuthedCall, params: Params): Reply {
  const image = find(core, call, params);
  const id = param(params, 'member');
  const body = parseJson(call.raw);
  const status = isObject(body) ? body['status'] : undefined;
  showMember(image, id);
  // Only the member itself answers; the owner may not do it in its place.
  if (id !== call.projectId)
    throw imageRefusal(403, 'You are not authorized to complete modify_member action.');
  if (typeof status !== 'string')
    throw imageRefusal(400, 'Expected a status in the form {"status": "status"}');
  const member = image.members.get(id);
  if (member !== undefined) Object.assign(member, { status, updatedAt: core.clock.now() });
  return { status: 200, json: showMember(image, id) };
}

function routes(core: Core): Router<AuthedCall> {
  const one = '/v2/images/:id';
  return new Router<AuthedCall>()
    .on('GET', '/v2/images', (call) => list(core, call))
    .on('POST', '/v2/images', (call) => create(core, call))
    .on('GET', one, (call, params) => ({ status: 200, json: showImage(find(core, call, params)) }))
    .on('PATCH', one, (call, params) => patch(core, call, params))
    .on('DELETE', one, (call, params) => remove(core, call, params))
    .on('GET', `${one}/file`, (call, params) => download(core, call, params))
    .on('PUT', `${one}/file`, (call, params) => upload(core, call, params))
    .on('POST', `${one}/actions/deactivate`, (call, params) => {
      const image = findOwn(core, call, params, 'deactivate');
      if (image.status !== 'active' && image.status !== 'deactivated')
        throw imageRefusal(403, `Not allowed to deactivate image in status '${image.status}'`);
      image.status = 'deactivated';
      return EMPTY;
    })
    .on('PUT', `${one}/tags/:tag`, (call, params) => {
      const image = findOwn(core, call, params, 'modify_image');
      image.tags = [...new Set([...image.tags, param(params, 'tag')])];
      return EMPTY;
    })
    .on('DELETE', `${one}/tags/:tag`, (call, params) => {
      const image = findOwn(core, call, params, 'modify_image');
      const tag = param(params, 'tag');
      if (!image.tags.includes(tag)) throw imageRefusal(404, null);
      image.tags = image.tags.filter((each) => each !== tag);
      return EMPTY;
    })
    .on('GET', `${one}/members`, (call, params) => {
      const image = find(core, call, params);
      const ids = [...image.members.keys()];
      return {
        status: 200,
        json: { members: ids.map((id) => showMember(image, id)), schema: '/v2/schemas/members' },
      };
    })
    .on('POST', `${one}/members`, (call, params) => addMember(core, call, params))
    .on('GET', `${one}/members/:member`, (call, params) => ({
      status: 200,
      json: showMember(find(core, call, params), param(params, 'member')),
    }))
    .on('PUT', `${one}/members/:member`, (call, params) => answerMember(core, call, params))
    .on('DELETE', `${one}/members/:member`, (call, params) => {
      const image = findOwn(core, call, params, 'delete_member');
      showMember(image, param(params, 'member'));
      image.members.delete(param(params, 'member'));
      return { status: 204 };
    })
    .on('GET', `${one}/tasks`, (call, params) => {
      find(core, call, params);
      return { status: 200, json: { tasks: [] } };
    })
    .on('GET', '/v2/info/import', () => ({
      status: 200,
      json: {
        'import-methods': {
          description: 'Import methods available.',
          type: 'array',
          value: ['glance-direct', 'web-download', 'copy-image'],
        },
      },
    }))
    .on('GET', '/v2/info/stores', () => ({
      status: 200,
      json: { stores: [{ id: 'file', default: 'true' }] },
    }))
    .on('GET', '/v2/info/usage', () => ({ status: 200, json: { usage: {} } }));
}

function versions(call: Call): JsonObject {
  const minors = [15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0];
  return {
    versions: minors.map((minor) => ({
      id: `v2.${minor}`,
      status: minor === 17 ? 'CURRENT' : 'SUPPORTED',
      links: [{ rel: 'self', href: `${call.linkOrigin}/image/v2/` }],
    })),
  };
}

export function glance(core: Core): Service {
  const router = routes(core);
  const rejected: Reply = {
    ...imageError(
      401,
      'This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.',
    ),
  };
  const refuse401: Reply = {
    ...rejected,
    headers: { ...rejected.headers, 'WWW-Authenticate': `Keystone uri="${core.origin}/identity/v3"` },
  };
  return {
    name: 'image',
    prefix: '/image',
    streams: (method, path) => method === 'PUT' && path.endsWith('/file'),
    error: (status, message) => (status === 401 ? refuse401 : imageError(status, message)),
    notFound: (path) => imageError(404, `No image found with ID ${path.split('/')[3] ?? ''}`),
    handle: async (call) => {
      if (call.path === '/' || call.path === '/versions') {
        return { status: call.path === '/' ? 300 : 200, json: versions(call) };
      }
      const token = authenticate(core, call, refuse401);
      const found = router.find(call.method, call.path);
      if (typeof found === 'string') return imageError(404, null);
      return found.run({ ...call, token, projectId: token.project?.id ?? '' });
    },
  };
}
