/** Barbican v1: secrets with payload, ACL and user metadata. Answers compared with a 2026.2 Barbican. */
import { authenticate, type Core, unauthorized } from './core.ts';
import {
  type AuthedCall,
  type Call,
  headerOf,
  isObject,
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
import { liveSecret, overSecretQuota, type SecretDeed, secretAllowed } from './keys.ts';
import { pythonRepr } from './python.ts';
import { type Secret, uuid } from './state.ts';

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
const MAX_SECRET_BYTES = 20_000;
const MAX_REQUEST_BYTES = 25_000;
const TYPES = ['symmetric', 'passphrase', 'private', 'public', 'certificate', 'opaque'];
const TEXT = ['text/plain', 'text/plain;charset=utf-8', 'text/plain; charset=utf-8'];
const BINARY = ['application/octet-stream', 'application/pkcs8'];
const SUPPORTED = [...TEXT, ...BINARY];
const MAX_VERSION = 2;

function errorReply(status: number, description: string): Reply {
  return { status, json: { code: status, title: TITLES[status] ?? 'Error', description } };
}

function refuse(status: number, description: string): Refusal {
  return new Refusal(errorReply(status, description));
}

function badSecret(reason: string, property: string): Refusal {
  return refuse(
    400,
    `Provided object does not match schema 'Secret': ${reason}. Invalid property: '${property}'`,
  );
}

/** "Secret creation" and so on: the operation's name in barbican/api/controllers. */
function deny(operation: string): Refusal {
  return refuse(403, `${operation} attempt not allowed - please review your user/project privileges`);
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString().replace(/\.\d+Z$/, '');
}

function refOf(call: Call, id: string): string {
  return `${call.linkOrigin}/key-manager/v1/secrets/${id}`;
}

function show(call: Call, version: number, secret: Secret): JsonObject {
  return {
    created: iso(secret.createdAt),
    updated: iso(secret.updatedAt),
    status: 'ACTIVE',
    name: secret.name,
    secret_type: secret.secretType,
    expiration: iso(secret.expiration),
    algorithm: secret.algorithm,
    bit_length: secret.bitLength,
    mode: secret.mode,
    creator_id: secret.creatorId,
    ...(version >= 1 ? { consumers: [] } : {}),
    ...(secret.contentType === null ? {} : { content_types: { default: secret.contentType } }),
    secret_ref: refOf(call, secret.id),
  };
}

function normalize(contentType: string): string {
  const [mime = '', charset = ''] = contentType.split(';').map((part) => part.trim().toLowerCase());
  return charset === '' || charset === 'charset=utf-8' ? mime : contentType;
}

interface NewSecret {
  fields: JsonObject;
  payload: Buffer | null;
  contentType: string | null;
}

function checkKinds(body: JsonObject): void {
  for (const key of [
    'algorithm',
    'mode',
    'expiration',
    'payload',
    'secret_type',
    'payload_content_encoding',
  ]) {
    const value = body[key];
    if (value !== undefined && typeof value !== 'string') {
      throw badSecret(`${pythonRepr(value)} is not of type 'string'`, key);
    }
  }
  const { name, bit_length: bits, secret_type: type } = body;
  if (name !== undefined && name !== null && typeof name !== 'string') {
    throw badSecret(`${pythonRepr(name)} is not of type 'string', 'null'`, 'name');
  }
  if (typeof name === 'string' && name.length > 255)
    throw badSecret(`${pythonRepr(name)} is too long`, 'name');
  if (bits !== undefined && !Number.isInteger(bits)) {
    throw badSecret(`${pythonRepr(bits)} is not of type 'integer'`, 'bit_length');
  }
  if (typeof bits === 'number' && bits < 1)
    throw badSecret(`${bits} is less than the minimum of 1`, 'bit_length');
  if (typeof bits === 'number' && bits > 32767) {
    throw badSecret(`${bits} is greater than the maximum of 32767`, 'bit_length');
  }
  if (typeof type === 'string' && !TYPES.includes(type)) {
    throw badSecret(`${pythonRepr(type)} is not one of ${pythonRepr(TYPES)}`, 'secret_type');
  }
}

function checkContent(contentType: Json | undefined, encoding: Json | undefined): string {
  if (typeof contentType !== 'string') {
    throw badSecret(
      "If 'payload' is supplied, 'payload_content_type' must also be supplied.",
      'payload_content_type',
    );
  }
  const mime = normalize(contentType);
  if (!SUPPORTED.includes(mime)) {
    throw badSecret(`payload_content_type is not one of ${pythonRepr(SUPPORTED)}`, 'payload_content_type');
  }
  if (BINARY.includes(mime) && encoding !== 'base64') {
    throw badSecret(
      "payload_content_encoding is not one of ['base64', 'binary']",
      'payload_content_encoding',
    );
  }
  if (TEXT.includes(mime) && encoding !== undefined) {
    throw badSecret('payload_content_encoding is not one of None', 'payload_content_encoding');
  }
  return mime;
}

function readNewSecret(raw: Buffer): NewSecret {
  // The size filter cuts the request, so what is left is no JSON: seen as 400 on the real one, not as 413.
  const body = raw.length > MAX_REQUEST_BYTES ? undefined : parseJson(raw);
  if (!isObject(body)) throw refuse(400, 'Malformed JSON');
  checkKinds(body);
  const { payload, payload_content_type: contentType } = body;
  if (typeof payload !== 'string') {
    if (contentType !== undefined) {
      throw badSecret('payload must be provided when payload_content_type is specified', 'payload');
    }
    return { fields: body, payload: null, contentType: null };
  }
  const mime = checkContent(contentType, body['payload_content_encoding']);
  // Counted before decoding, so base64 leaves room for 15 kB only.
  if (Buffer.byteLength(payload) > MAX_SECRET_BYTES)
    throw refuse(413, 'Provided information too large to process');
  // validators.py strips the payload: a text's trailing newline is lost.
  const stripped = payload.trim();
  if (stripped === '') throw badSecret("If 'payload' specified, must be non empty", 'payload');
  const bytes = Buffer.from(stripped, TEXT.includes(mime) ? 'utf8' : 'base64');
  return { fields: body, payload: bytes, contentType: mime };
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function create(core: Core, call: AuthedCall): Reply {
  if (!secretAllowed(core, 'create', call.token)) throw deny('Secret creation');
  checkContentType(call, ['application/json']);
  const { fields, payload, contentType } = readNewSecret(call.raw);
  const expiration = text(fields['expiration'])?.trim();
  const expires = expiration === undefined || expiration === '' ? null : new Date(zoned(expiration));
  if (expires !== null && Number.isNaN(expires.getTime()))
    throw badSecret("Invalid date for 'expiration'", 'expiration');
  if (expires !== null && expires.getTime() <= core.clock.ms) {
    throw badSecret("'expiration' is before current time", 'expiration');
  }
  if (overSecretQuota(core, call.projectId)) {
    throw refuse(403, 'Secret creation issue seen - Creation not allowed because a quota has been reached.');
  }
  const now = core.clock.now();
  const bits = fields['bit_length'];
  const secret: Secret = {
    id: uuid(),
    projectId: call.projectId,
    creatorId: call.token.user.id,
    name: text(fields['name'])?.trim() ?? null,
    secretType: text(fields['secret_type']) ?? 'opaque',
    algorithm: text(fields['algorithm']),
    bitLength: typeof bits === 'number' ? bits : null,
    mode: text(fields['mode']),
    expiration: expires,
    createdAt: now,
    updatedAt: now,
    contentType,
    payload: null,
    metadata: {},
    acl: null,
  };
  if (payload !== null) core.state.keepPayload(secret, payload);
  core.state.secrets.set(secret.id, secret);
  call.created(secret.id);
  const ref = refOf(call, secret.id);
  return { status: 201, headers: { Location: ref }, json: { secret_ref: ref } };
}

/** oslo's parse_isotime takes a date without zone as UTC. */
function zoned(text: string): string {
  return /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`;
}

function checkContentType(call: Call, allowed: string[]): void {
  const type = (headerOf(call, 'content-type') ?? '').split(';')[0]?.trim();
  if (type === undefined || !allowed.includes(type)) {
    throw refuse(415, `Unexpected content type. Expected content types are: ${pythonRepr(allowed)}`);
  }
}

function list(core: Core, call: AuthedCall, version: number): Reply {
  if (!secretAllowed(core, 'list', call.token)) throw deny('Secret(s) retrieval');
  const { query } = call;
  const offset = Math.max(0, Number.parseInt(query.get('offset') ?? '0', 10) || 0);
  const wanted = Number.parseInt(query.get('limit') ?? '10', 10) || 10;
  const limit = Math.min(Math.max(1, wanted), core.options.barbicanMaxLimit);
  const all = [...core.state.secrets.values()]
    .filter((secret) => liveSecret(core, secret.id) !== undefined && isListed(call, secret))
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  const page = all.slice(offset, offset + limit);
  if (page.length === 0) return { status: 200, json: { secrets: [], total: all.length } };
  const rest = new URLSearchParams(
    [...query].filter(([key]) => key !== 'limit' && key !== 'offset'),
  ).toString();
  const link = (from: number): string =>
    `${call.linkOrigin}/key-manager/v1/secrets?limit=${limit}&offset=${from}${rest === '' ? '' : `&${rest}`}`;
  return {
    status: 200,
    json: {
      secrets: page.map((secret) => show(call, version, secret)),
      ...(offset > 0 ? { previous: link(Math.max(0, offset - limit)) } : {}),
      ...(all.length > offset + limit ? { next: link(offset + limit) } : {}),
      total: all.length,
    },
  };
}

function isListed({ query, projectId, token }: AuthedCall, secret: Secret): boolean {
  if (query.get('acl_only')?.toLowerCase() === 'true') {
    if (secret.acl?.users.includes(token.user.id) !== true) return false;
  } else if (secret.projectId !== projectId) return false;
  const wants: [string, string | null][] = [
    ['name', secret.name],
    ['alg', secret.algorithm],
    ['mode', secret.mode],
    ['secret_type', secret.secretType],
    ['bits', String(secret.bitLength)],
  ];
  return wants.every(([key, value]) => {
    const wanted = query.get(key);
    return wanted === null || wanted === '' || wanted === value;
  });
}

function findSecret(
  core: Core,
  call: AuthedCall,
  params: Params,
  deed: SecretDeed,
  operation: string,
): Secret {
  const id = param(params, 'id');
  // Barbican takes only random UUIDs for one.
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(id)) {
    throw refuse(404, 'Not Found. Provided secret id is invalid.');
  }
  const secret = liveSecret(core, id);
  // A secret of another project is found first and then refused: 403, not 404.
  if (secret === undefined) throw refuse(404, 'Secret not found.');
  if (!secretAllowed(core, deed, call.token, secret)) throw deny(operation);
  return secret;
}

function payloadReply(call: Call, secret: Secret, operation: string): Reply {
  if (secret.payload === null) throw refuse(404, 'Not Found. Sorry but your secret has no payload.');
  const accept = headerOf(call, 'accept') ?? 'application/octet-stream';
  const isText = secret.contentType !== null && TEXT.includes(secret.contentType);
  const asked = normalize(accept);
  // plugin/util/translations.py: */* is whatever is stored; octet-stream yields the bytes of every type, text too.
  const wantsText = TEXT.includes(asked);
  if (accept !== '*/*' && (!SUPPORTED.includes(asked) || (wantsText && !isText && !isUtf8(secret.payload)))) {
    throw refuse(406, `${operation} issue seen - Wrong payload content-type.`);
  }
  return {
    status: 200,
    headers: { 'Content-Type': wantsText ? 'text/plain; charset=UTF-8' : accept },
    bytes: secret.payload,
  };
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function get(core: Core, call: AuthedCall, params: Params, version: number): Reply {
  const accept = headerOf(call, 'accept');
  if (accept !== undefined && accept !== '*/*' && accept !== 'application/json') {
    return payloadReply(
      call,
      findSecret(core, call, params, 'decrypt', 'Secret retrieval'),
      'Secret retrieval',
    );
  }
  return {
    status: 200,
    json: show(call, version, findSecret(core, call, params, 'get', 'Secret retrieval')),
  };
}

function put(core: Core, call: AuthedCall, params: Params): Reply {
  const secret = findSecret(core, call, params, 'put', 'Secret update');
  checkContentType(call, ['application/octet-stream', 'text/plain']);
  if (call.raw.length === 0) throw refuse(400, 'Secret update issue seen - No data supplied to process..');
  if (call.raw.length > MAX_SECRET_BYTES) {
    throw refuse(413, 'Secret update issue seen - Provided information too large to process.');
  }
  if (secret.payload !== null) throw refuse(409, 'Secret already has data, cannot modify it.');
  const encoding = headerOf(call, 'content-encoding');
  core.state.keepPayload(
    secret,
    encoding === 'base64' ? Buffer.from(call.raw.toString('latin1'), 'base64') : call.raw,
  );
  secret.contentType = normalize(headerOf(call, 'content-type') ?? '');
  secret.updatedAt = core.clock.now();
  return { status: 204 };
}

function setAcl(core: Core, call: AuthedCall, params: Params, replace: boolean): Reply {
  const secret = findSecret(core, call, params, 'acl-set', 'SecretACL(s) Update');
  const body = parseJson(call.raw);
  if (!isObject(body)) throw refuse(400, 'Malformed JSON');
  const read = body['read'];
  const now = core.clock.now();
  if (isObject(read)) {
    const before = replace ? null : secret.acl;
    const users = read['users'];
    const access = read['project-access'];
    secret.acl = {
      users: Array.isArray(users) ? users.filter((user) => typeof user === 'string') : (before?.users ?? []),
      projectAccess: typeof access === 'boolean' ? access : (before?.projectAccess ?? true),
      createdAt: secret.acl?.createdAt ?? now,
      updatedAt: now,
    };
    // Barbican's `create_or_replace_from` of ACLs writes it on the secret too; its metadata does not.
    secret.updatedAt = now;
  } else if (replace) secret.acl = null;
  return { status: 200, json: { acl_ref: `${refOf(call, secret.id)}/acl` } };
}

function showAcl(secret: Secret): JsonObject {
  const { acl } = secret;
  if (acl === null) return { read: { 'project-access': true } };
  return {
    read: {
      'project-access': acl.projectAccess,
      ...(acl.users.length > 0 ? { users: acl.users } : {}),
      created: iso(acl.createdAt),
      updated: iso(acl.updatedAt),
    },
  };
}

function stringPairs(value: Json | undefined): Record<string, string> {
  const pairs: Record<string, string> = {};
  if (!isObject(value)) throw refuse(400, 'Malformed JSON');
  for (const [key, each] of Object.entries(value)) {
    if (typeof each !== 'string') throw refuse(400, 'Invalid Metadata. Keys and Values must be Strings.');
    pairs[key.toLowerCase()] = each;
  }
  return pairs;
}

function addMetadata(core: Core, call: AuthedCall, params: Params): Reply {
  const secret = findSecret(core, call, params, 'acl-set', 'Secret metadatum creation');
  const body = parseJson(call.raw);
  const key = isObject(body) ? text(body['key']) : null;
  const value = isObject(body) ? text(body['value']) : null;
  if (key === null || value === null) throw refuse(400, 'Malformed JSON');
  if (secret.metadata[key] !== undefined) {
    throw refuse(409, `Conflict. Key in request is already in the secret metadata`);
  }
  secret.metadata[key] = value;
  return {
    status: 201,
    headers: { Location: `${refOf(call, secret.id)}/metadata/${key}` },
    json: { key, value },
  };
}

function metadatum(secret: Secret, params: Params): { key: string; value: string } {
  const key = param(params, 'key');
  const value = secret.metadata[key];
  if (value === undefined) throw refuse(404, 'Secret metadata not found.');
  return { key, value };
}

function routes(core: Core, version: (call: Call) => number): Router<AuthedCall> {
  const base = '/v1/secrets/:id';
  return new Router<AuthedCall>()
    .on('GET', '/v1', (call) => ({ status: 200, json: { version: discovery(call) } }))
    .on('GET', '/v1/secrets', (call) => list(core, call, version(call)))
    .on('POST', '/v1/secrets', (call) => create(core, call))
    .on('GET', base, (call, params) => get(core, call, params, version(call)))
    .on('PUT', base, (call, params) => put(core, call, params))
    .on('DELETE', base, (call, params) => {
      core.state.secrets.delete(findSecret(core, call, params, 'delete', 'Secret deletion').id);
      return { status: 204 };
    })
    .on('GET', `${base}/payload`, (call, params) =>
      payloadReply(
        call,
        findSecret(core, call, params, 'decrypt', 'Secret payload retrieval'),
        'Secret payload retrieval',
      ),
    )
    .on('GET', `${base}/acl`, (call, params) => ({
      status: 200,
      json: showAcl(findSecret(core, call, params, 'acl-get', 'SecretACL(s) retrieval')),
    }))
    .on('PUT', `${base}/acl`, (call, params) => setAcl(core, call, params, true))
    .on('PATCH', `${base}/acl`, (call, params) => setAcl(core, call, params, false))
    .on('DELETE', `${base}/acl`, (call, params) => {
      findSecret(core, call, params, 'acl-set', 'SecretACL(s) deletion').acl = null;
      return { status: 200, json: null };
    })
    .on('GET', `${base}/metadata`, (call, params) => ({
      status: 200,
      json: { metadata: findSecret(core, call, params, 'get', 'Secret metadata retrieval').metadata },
    }))
    .on('PUT', `${base}/metadata`, (call, params) => {
      const secret = findSecret(core, call, params, 'acl-set', 'Secret metadata creation');
      const body = parseJson(call.raw);
      secret.metadata = stringPairs(isObject(body) ? body['metadata'] : undefined);
      return { status: 201, json: { metadata_ref: `${refOf(call, secret.id)}/metadata` } };
    })
    .on('POST', `${base}/metadata`, (call, params) => addMetadata(core, call, params))
    .on('GET', `${base}/metadata/:key`, (call, params) => ({
      status: 200,
      json: metadatum(findSecret(core, call, params, 'get', 'Secret metadatum retrieval'), params),
    }))
    .on('DELETE', `${base}/metadata/:key`, (call, params) => {
      const secret = findSecret(core, call, params, 'acl-set', 'Secret metadatum removal');
      delete secret.metadata[metadatum(secret, params).key];
      return { status: 204 };
    });
}

function discovery(call: Call): JsonObject {
  return {
    id: 'v1',
    status: 'stable',
    links: [
      { rel: 'self', href: `${call.linkOrigin}/key-manager/v1/` },
      { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
    ],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.key-manager-v1+json' }],
  };
}

/** The minor version asked for; newer ones than 1.2 are refused. */
function minorVersion(call: Call): number {
  const asked = /key-manager\s+(\S+)/.exec(headerOf(call, 'openstack-api-version') ?? '')?.[1];
  if (asked === undefined) return 0;
  const minor = asked === 'latest' ? MAX_VERSION : Number(/^1\.(\d+)$/.exec(asked)?.[1] ?? 'NaN');
  if (Number.isNaN(minor) || minor > MAX_VERSION) {
    throw new Refusal({
      status: 406,
      headers: { 'Content-Type': 'text/html; charset=UTF-8' },
      bytes: Buffer.from(
        `<html>\n <head>\n  <title>406 Not Acceptable</title>\n </head>\n <body>\n  <h1>406 Not Acceptable</h1>\n  Invalid microversion: Unacceptable version header: ${asked}\n </body>\n</html>`,
      ),
    });
  }
  return minor;
}

export function barbican(core: Core): Service {
  const router = routes(core, minorVersion);
  return {
    name: 'key-manager',
    prefix: '/key-manager',
    notFound: () => errorReply(404, 'Secret not found.'),
    error: (status, message) => (status === 401 ? unauthorized(core) : errorReply(status, message)),
    handle: async (call) => {
      const minor = minorVersion(call);
      const headers = { 'OpenStack-API-Version': `key-manager 1.${minor}`, Vary: 'OpenStack-API-Version' };
      if (call.path === '/')
        return { status: 300, headers, json: { versions: { values: [discovery(call)] } } };
      const token = authenticate(core, call);
      const found = router.find(call.method, call.path);
      const authed: AuthedCall = { ...call, token, projectId: token.project?.id ?? '' };
      let reply: Reply;
      try {
        reply =
          found === 'no-path'
            ? errorReply(404, '')
            : found === 'no-method'
              ? errorReply(405, '')
              : await found.run(authed);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        reply = error.reply;
      }
      return { ...reply, headers: { ...headers, ...reply.headers } };
    },
  };
}
