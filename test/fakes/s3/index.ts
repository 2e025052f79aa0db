import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Keys, type Verdict, verdictOn } from './signature.ts';

/**
 * A server that speaks S3, as far as a place needs it, with one bucket in the path. It checks each signature, and goes
 * wrong on demand.
 */
export interface FakeS3 extends AsyncDisposable {
  readonly url: string;
  readonly bucket: string;
  /** By key. */
  readonly objects: Map<string, FakeObject>;
  readonly requests: FakeRequest[];
  /** Whose requests it takes. */
  keys: Keys[];
  region: string;
  /** How many names a page of a list has. */
  pageSize: number;
  /** Bytes that there is room for. */
  room: number;
  /** Nobody may write. */
  locked: boolean;
  /** What a policy allows, such as `s3:PutObject`; undefined: everything. */
  allowed: ReadonlySet<string> | undefined;
  /** Whether it heeds `If-None-Match`; `unknown`: it refuses the header. */
  conditional: boolean | 'unknown';
  /** It locks objects by default: then it wants the MD5 of each, as AWS does. */
  wantsMd5: boolean;
  /** Its clock, milliseconds since the epoch, and how far it is ahead. */
  now: () => number;
  ahead: number;
  /** Called with each request that it understood; what it returns goes wrong. */
  strike: (request: FakeRequest) => Fault | undefined;
  /** Tokens that its STS takes, and how long what it gives for them lives. */
  identities: Map<string, number>;
}

export interface FakeObject {
  readonly bytes: Buffer;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** Lists show it from then on; its name is known at once. */
  readonly listed: number;
}

export interface FakeRequest {
  readonly method: string;
  /** In the bucket; empty: the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export type Fault =
  /** It answers so instead of doing it. */
  | { readonly answer: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** It does it, and answers so all the same. */
  | { readonly instead: number; readonly body?: string }
  /** It hangs up, having done it or not. */
  | { readonly hangUp: 'before' | 'after' }
  /** It sends this many bytes of the object, then hangs up. */
  | { readonly cut: number }
  /** It waits, in milliseconds. */
  | { readonly wait: number }
  /** Lists show what is put now only after so many milliseconds. */
  | { readonly stale: number }
  /** A list that lacks these. */
  | { readonly hides: ReadonlySet<string> };

/** One of them, with each field to look at. */
interface AnyFault {
  readonly answer?: number;
  readonly instead?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly hangUp?: 'before' | 'after';
  readonly cut?: number;
  readonly wait?: number;
  readonly stale?: number;
  readonly hides?: ReadonlySet<string>;
}

export async function startS3(bucket: string, keys: readonly Keys[]): Promise<FakeS3> {
  const server = createServer((request, response) => {
    answer(fake, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeS3 = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket,
    objects: new Map(),
    requests: [],
    keys: [...keys],
    region: 'us-east-1',
    pageSize: 1000,
    room: Number.POSITIVE_INFINITY,
    locked: false,
    allowed: undefined,
    conditional: true,
    wantsMd5: false,
    now: Date.now,
    ahead: 0,
    strike: () => undefined,
    identities: new Map(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

/** An error as S3 tells it. */
export function errorXml(code: string, words: string, more = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${words}</Message>${more}<RequestId>R1</RequestId></Error>`;
}

interface Reply {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

async function answer(fake: FakeS3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  const now = fake.now() + fake.ahead;
  response.setHeader('date', new Date(now).toUTCString());
  const [path = '', query = ''] = (request.url ?? '').split('?');
  if (request.method === 'POST' && path === '/') return send(response, request, identify(fake, body, now));
  const verdict = verdictOn(request, body, { keys: fake.keys, region: fake.region, now });
  if (verdict !== undefined) return send(response, request, refusal(fake, verdict));
  const [, bucket = '', ...rest] = path.split('/');
  const asked: FakeRequest = {
    method: request.method ?? '',
    key: rest.map(decodeURIComponent).join('/'),
    query: new URLSearchParams(query),
    headers: request.headers,
  };
  fake.requests.push(asked);
  const fault: AnyFault = fake.strike(asked) ?? {};
  if (fault.wait !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.wait));
  if (fault.hangUp === 'before') return void request.socket.destroy();
  if (fault.answer !== undefined) return send(response, request, { ...fault, status: fault.answer });
  const reply =
    bucket === fake.bucket
      ? carryOut(fake, asked, body, now, fault)
      : fails(404, 'NoSuchBucket', 'The specified bucket does not exist');
  if (fault.hangUp === 'after') return void request.socket.destroy();
  if (fault.cut !== undefined) return cut(response, request, reply, fault.cut);
  send(response, request, fault.instead === undefined ? reply : { ...fault, status: fault.instead });
}

function cut(
  response: ServerResponse,
  request: IncomingMessage,
  { status, body, headers }: Reply,
  at: number,
): void {
  response.writeHead(status, { ...headers, 'content-length': body?.length ?? 0 });
  response.write(body?.slice(0, at), () => request.socket.destroy());
}

function send(
  response: ServerResponse,
  request: IncomingMessage,
  { status, body = '', headers }: Reply,
): void {
  const length = headers?.['content-length'] ?? String(Buffer.byteLength(body));
  response.writeHead(status, {
    'x-amz-request-id': 'R1',
    ...headers,
    ...(status === 204 ? {} : { 'content-length': length }),
  });
  response.end(request.method === 'HEAD' || status === 204 ? undefined : body);
}

function fails(status: number, code: string, words: string, more?: string): Reply {
  return { status, body: errorXml(code, words, more), headers: { 'content-type': 'application/xml' } };
}

function refusal(fake: FakeS3, { status, code, words }: Verdict): Reply {
  const isRegion = code === 'AuthorizationHeaderMalformed';
  const told = fails(status, code, words, isRegion ? `<Region>${fake.region}</Region>` : '');
  return isRegion ? { ...told, headers: { 'x-amz-bucket-region': fake.region } } : told;
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
function actionOf({ method, key }: FakeRequest): string {
  if (key === '') return 's3:ListBucket';
  return { PUT: 's3:PutObject', DELETE: 's3:DeleteObject' }[method] ?? 's3:GetObject';
}

function carryOut(
  fake: FakeS3,
  asked: FakeRequest,
  body: Buffer,
  now: number,
  { stale = 0, hides }: AnyFault,
): Reply {
  const { method, key } = asked;
  if (fake.allowed?.has(actionOf(asked)) === false) return fails(403, 'AccessDenied', 'Access Denied.');
  if (method === 'GET' && key === '') return list(fake, asked, now, hides);
  if (method === 'PUT') return put(fake, asked, body, now, stale);
  if (method === 'DELETE') {
    if (fake.locked) return fails(403, 'AccessDenied', 'Access Denied.');
    fake.objects.delete(key);
    return { status: 204 };
  }
  const object = fake.objects.get(key);
  // Who may not list is not told what is not there.
  if (object === undefined && fake.allowed?.has('s3:ListBucket') === false)
    return fails(403, 'AccessDenied', 'Access Denied.');
  if (object === undefined) return fails(404, 'NoSuchKey', 'The specified key does not exist.');
  const facts = {
    'last-modified': new Date(object.modified).toUTCString(),
    // As with encryption by a key of KMS: it looks like an MD5, and is none.
    etag: `"${createHash('sha1').update(object.bytes).digest('hex').slice(0, 32)}"`,
    'accept-ranges': 'bytes',
  };
  if (method === 'HEAD')
    return { status: 200, headers: { ...facts, 'content-length': String(object.bytes.length) } };
  return method === 'GET'
    ? read(object.bytes, asked.headers.range, facts)
    : fails(405, 'MethodNotAllowed', 'no');
}

function put(fake: FakeS3, { key, headers }: FakeRequest, bytes: Buffer, now: number, stale: number): Reply {
  if (fake.locked) return fails(403, 'AccessDenied', 'Access Denied.');
  if (fake.wantsMd5 && headers['content-md5'] === undefined)
    return fails(
      400,
      'InvalidRequest',
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  const condition = headers['if-none-match'];
  if (condition !== undefined && fake.conditional === 'unknown')
    return fails(
      501,
      'NotImplemented',
      'A header you provided implies functionality that is not implemented.',
    );
  if (condition === '*' && fake.conditional === true && fake.objects.has(key))
    return fails(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  if (bytes.length > fake.room) return fails(403, 'QuotaExceeded', 'Bucket quota exceeded.');
  fake.room -= bytes.length;
  fake.objects.set(key, { bytes, modified: now, listed: stale === 0 ? 0 : now + stale });
  return { status: 200, headers: { etag: '"0"' } };
}

function read(bytes: Buffer, range: string | undefined, facts: Readonly<Record<string, string>>): Reply {
  if (range === undefined) return { status: 200, body: bytes, headers: facts };
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  const start = Number(first);
  if (first === '' || start >= bytes.length)
    return {
      ...fails(416, 'InvalidRange', 'not satisfiable'),
      headers: { 'content-range': `bytes */${bytes.length}` },
    };
  const end = Math.min(last === '' ? bytes.length : Number(last) + 1, bytes.length);
  return {
    status: 206,
    body: bytes.subarray(start, end),
    headers: { ...facts, 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` },
  };
}

function list(fake: FakeS3, { query }: FakeRequest, now: number, hides?: ReadonlySet<string>): Reply {
  if (query.get('list-type') !== '2') return fails(501, 'NotImplemented', 'only version 2');
  const prefix = query.get('prefix') ?? '';
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString();
  const keys = [...fake.objects]
    .filter(([key, { listed }]) => key.startsWith(prefix) && key > after && listed <= now && !hides?.has(key))
    .map(([key]) => key)
    .sort((one, other) => Buffer.from(one).compare(Buffer.from(other)));
  const page = keys.slice(0, Math.min(fake.pageSize, Number(query.get('max-keys') ?? 1000)));
  const isCut = page.length < keys.length;
  const isEncoded = query.get('encoding-type') === 'url';
  const shown = (key: string) =>
    isEncoded
      ? encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/')
      : key.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const contents = page.map((key) => {
    const { bytes, modified } = fake.objects.get(key) as FakeObject;
    return `<Contents><Key>${shown(key)}</Key><LastModified>${new Date(modified).toISOString()}</LastModified><ETag>&quot;${createHash('md5').update(bytes).digest('hex')}&quot;</ETag><Size>${bytes.length}</Size><Owner><ID>x</ID></Owner></Contents>`;
  });
  const next = isCut
    ? `<NextContinuationToken>${Buffer.from(page.at(-1) ?? '').toString('base64')}</NextContinuationToken>`
    : '';
  return {
    status: 200,
    body: `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${fake.bucket}</Name><Prefix>${shown(prefix)}</Prefix>${isEncoded ? '<EncodingType>url</EncodingType>' : ''}<IsTruncated>${isCut}</IsTruncated>${contents.join('')}${next}</ListBucketResult>`,
  };
}

/** AssumeRoleWithWebIdentity, which is not signed. */
function identify(fake: FakeS3, body: Buffer, now: number): Reply {
  const form = new URLSearchParams(body.toString());
  fake.requests.push({ method: 'POST', key: '', query: form, headers: {} });
  const life = fake.identities.get(form.get('WebIdentityToken') ?? '');
  if (form.get('Action') !== 'AssumeRoleWithWebIdentity' || life === undefined)
    return {
      status: 403,
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>`,
    };
  const given = {
    id: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secret: randomBytes(20).toString('hex'),
    token: randomBytes(40).toString('base64'),
    expires: now + life,
  };
  fake.keys.push(given);
  return {
    status: 200,
    body: `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${given.id}</AccessKeyId><SecretAccessKey>${given.secret}</SecretAccessKey><SessionToken>${given.token}</SessionToken><Expiration>${new Date(given.expires).toISOString()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  };
}
