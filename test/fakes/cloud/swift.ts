/** Object storage as Ceph's gateway speaks it. Answers compared with the Swift API of a Ceph 20 gateway. */
import { createHash } from 'node:crypto';
import { authenticate, type Core, hasRole } from './core.ts';
import { type Call, headerOf, Refusal, type Reply, type Service } from './http.ts';
import type { Container, StoredObject } from './state.ts';

/** What it is called when it is said in text, by status; a code of its own goes before. */
const CODES: Readonly<Record<number, string>> = {
  400: 'InvalidArgument',
  401: 'AccessDenied',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  405: 'MethodNotAllowed',
  411: 'MissingContentLength',
  413: 'QuotaExceeded',
  416: 'InvalidRange',
  422: 'UnprocessableEntity',
  500: 'UnknownError',
  503: 'SlowDown',
};
const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const MOST = 10_000;

type Asked = Pick<Call, 'query' | 'headers' | 'requestId'>;

function isJson({ query, headers }: Asked): boolean {
  return query.get('format') === 'json' || (headers.accept ?? '').includes('application/json');
}

function refusal(call: Asked, status: number, code = CODES[status] ?? 'Error', bucket?: string): Reply {
  if (!isJson(call)) return { status, headers: { 'Content-Type': TEXT }, bytes: Buffer.from(code) };
  const body = {
    Code: code,
    Message: '',
    ...(bucket === undefined ? {} : { BucketName: bucket }),
    RequestId: call.requestId,
    HostId: '1-default-default',
  };
  return { status, headers: { 'Content-Type': JSON_TYPE }, bytes: Buffer.from(JSON.stringify(body)) };
}

function refuse(call: Asked, status: number, code?: string, bucket?: string): Refusal {
  return new Refusal(refusal(call, status, code, bucket));
}

/** How long an answer without a body is announced depends on the request; it never matters. */
const done = (status: number, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'Content-Type': TEXT, ...headers },
});

interface Place {
  readonly account: string;
  readonly container: string | undefined;
  readonly object: string | undefined;
}

function placeOf(path: string): Place | undefined {
  const [, account, container, object] = /^\/v1\/AUTH_([^/]+)(?:\/([^/]+))?(?:\/(.+))?\/?$/.exec(path) ?? [];
  if (account === undefined) return undefined;
  const plain = (text: string | undefined) => (text === undefined ? undefined : decodeURIComponent(text));
  return { account, container: plain(container), object: plain(object) };
}

const keyOf = (account: string, container: string) => `${account}/${container}`;

function listing(core: Core, call: Call, container: Container): Reply {
  const { query } = call;
  const limit = query.get('limit') ?? String(MOST);
  if (!/^-?\d+$/.test(limit)) throw refuse(call, 400, undefined, container.name);
  const names = [...container.objects.keys()]
    .map((name) => Buffer.from(name))
    .sort(Buffer.compare)
    .map(String);
  const [marker, prefix] = [query.get('marker') ?? '', query.get('prefix') ?? ''];
  const wanted = names
    .filter((name) => Buffer.from(name).compare(Buffer.from(marker)) > 0 && name.startsWith(prefix))
    .slice(0, Math.max(0, Math.min(Number(limit), MOST, core.options.maxLimit)));
  if (!isJson(call)) {
    if (wanted.length === 0) return done(204);
    return { ...done(200), bytes: Buffer.from(`${wanted.join('\n')}\n`) };
  }
  const items = wanted.map((name) => {
    const { bytes, md5, type, modified } = container.objects.get(name) as StoredObject;
    return {
      name,
      hash: md5,
      bytes: bytes.length,
      content_type: type,
      last_modified: modified.toISOString(),
    };
  });
  return {
    status: 200,
    headers: { 'Content-Type': JSON_TYPE },
    bytes: Buffer.from(JSON.stringify(items)),
  };
}

/** 0 and less mean none. */
function quotaOf(text: string): number | undefined {
  const bytes = Number(text);
  return bytes > 0 ? bytes : undefined;
}

function ofContainer(core: Core, call: Call, place: Place & { container: string }): Reply {
  const { containers } = core.state;
  const key = keyOf(place.account, place.container);
  const container = containers.get(key);
  const quota = headerOf(call, 'x-container-meta-quota-bytes');
  if (call.method === 'PUT') {
    const made = container ?? { name: place.container, objects: new Map(), quota: undefined };
    containers.set(key, made);
    if (quota !== undefined) made.quota = quotaOf(quota);
    return done(container === undefined ? 201 : 202);
  }
  if (container === undefined) throw refuse(call, 404, 'NoSuchBucket', place.container);
  if (call.method === 'GET') return listing(core, call, container);
  if (call.method === 'HEAD') return done(204);
  if (call.method === 'POST') {
    if (quota !== undefined) container.quota = quotaOf(quota);
    return done(204);
  }
  if (call.method !== 'DELETE') throw refuse(call, 405);
  if (container.objects.size > 0) {
    const said = 'There was a conflict when trying to complete your request.';
    return { ...done(409), bytes: Buffer.from(said) };
  }
  containers.delete(key);
  return done(204);
}

/** The first range alone, as Ceph takes it. */
function rangeOf(call: Call, size: number): { from: number; to: number } | undefined {
  const asked = headerOf(call, 'range');
  if (asked === undefined) return undefined;
  const [, start = '', end = ''] = /^bytes=(\d*)-(\d*)/.exec(asked) ?? [];
  const from = start === '' ? Math.max(0, size - Number(end)) : Number(start);
  const to = start === '' || end === '' ? size - 1 : Math.min(Number(end), size - 1);
  if ((start === '' && end === '') || from >= size || to < from) throw refuse(call, 416);
  return { from, to };
}

function read(call: Call, object: StoredObject): Reply {
  const { bytes, md5, type, modified } = object;
  const headers = { 'Content-Type': type, 'Last-Modified': modified.toUTCString(), etag: md5 };
  // A HEAD says how long the answer to a GET would be, and node sends no body.
  const range = rangeOf(call, bytes.length);
  if (range === undefined) return { status: 200, headers, bytes };
  const { from, to } = range;
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${from}-${to}/${bytes.length}` },
    bytes: bytes.subarray(from, to + 1),
  };
}

async function gathered(call: Call): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of call.message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** What is there already is overwritten, whatever `If-None-Match` says. */
async function write(core: Core, call: Call, container: Container, name: string): Promise<Reply> {
  if (headerOf(call, 'content-length') === undefined && headerOf(call, 'transfer-encoding') === undefined)
    throw refuse(call, 411, undefined, container.name);
  const bytes = await gathered(call);
  const used = [...container.objects.values()].reduce((sum, object) => sum + object.bytes.length, 0);
  if (container.quota !== undefined && used + bytes.length > container.quota)
    throw refuse(call, 413, undefined, container.name);
  const md5 = createHash('md5').update(bytes).digest('hex');
  const asked = headerOf(call, 'etag');
  if (asked !== undefined && asked !== md5) {
    const { headers, ...reply } = refusal(call, 422, undefined, container.name);
    return { ...reply, headers: { ...headers, etag: md5 } };
  }
  const type = headerOf(call, 'content-type') ?? 'binary/octet-stream';
  container.objects.set(name, { bytes, md5, type, modified: new Date(core.clock.ms) });
  return done(201, { etag: md5 });
}

async function ofObject(core: Core, call: Call, place: Place & { container: string; object: string }) {
  const container = core.state.containers.get(keyOf(place.account, place.container));
  if (container === undefined) throw refuse(call, 404, 'NoSuchBucket', place.container);
  if (call.method === 'PUT') return write(core, call, container, place.object);
  if (!['GET', 'HEAD', 'DELETE', 'POST'].includes(call.method)) throw refuse(call, 405);
  const object = container.objects.get(place.object);
  if (object === undefined) throw refuse(call, 404, undefined, container.name);
  if (call.method === 'DELETE') {
    container.objects.delete(place.object);
    return done(204);
  }
  return call.method === 'POST' ? done(202) : read(call, object);
}

export function swift(core: Core): Service {
  return {
    name: 'object-store',
    prefix: '/swift',
    streams: (method, path) => method === 'PUT' && placeOf(path)?.object !== undefined,
    notFound: () => ({ ...done(404), bytes: Buffer.from('NoSuchKey') }),
    error: (status, message) => ({
      ...done(status),
      bytes: Buffer.from(message.startsWith('fault') ? (CODES[status] ?? message) : message),
    }),
    handle: async (call) => {
      const place = placeOf(call.path);
      if (place === undefined) return refusal(call, 405);
      const token = authenticate(core, call, refusal(call, 401));
      if (token.project?.id !== place.account || !hasRole(token, 'member', 'admin', 'creator'))
        return refusal(call, 403);
      const { container, object } = place;
      if (container === undefined) {
        const own = [...core.state.containers.keys()].filter((key) => key.startsWith(`${place.account}/`));
        const names = own.map((key) => key.slice(place.account.length + 1)).sort();
        if (isJson(call))
          return {
            status: 200,
            headers: { 'Content-Type': JSON_TYPE },
            bytes: Buffer.from(JSON.stringify(names.map((name) => ({ name })))),
          };
        return names.length === 0 ? done(204) : { ...done(200), bytes: Buffer.from(`${names.join('\n')}\n`) };
      }
      if (object === undefined) return ofContainer(core, call, { ...place, container });
      return ofObject(core, call, { ...place, container, object });
    },
  };
}
