import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Signature Version 4 from the side that checks it: works on the request as it came in, and shares no code with ours. */
export interface Keys {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
  /** Milliseconds since the epoch. */
  readonly expires?: number;
}

export interface Verdict {
  readonly code: string;
  readonly status: number;
  readonly words: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** @returns undefined if the request is signed as it must be */
export function verdictOn(
  request: IncomingMessage,
  body: Buffer,
  { keys, region, now }: { readonly keys: readonly Keys[]; readonly region: string; readonly now: number },
): Verdict | undefined {
  const parts = AUTHORIZATION.exec(String(request.headers.authorization ?? ''));
  if (parts === null) return refused('AccessDenied', 'Access Denied.');
  const [, id, day = '', signedRegion = '', service = '', signedHeaders = '', signature = ''] = parts;
  const own = keys.find((key) => key.id === id);
  if (own === undefined)
    return refused('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist.');
  if (signedRegion !== region) {
    const words = `The authorization header is malformed; the region '${signedRegion}' is wrong; expecting '${region}'`;
    return refused('AuthorizationHeaderMalformed', words, 400);
  }
  return (
    onTime(request, day, now) ??
    onHeaders(request, signedHeaders.split(';')) ??
    onSignature(
      request,
      own.secret,
      [day, signedRegion, service, 'aws4_request'],
      signedHeaders,
      signature,
    ) ??
    onToken(request, own, now) ??
    onBody(request, body)
  );
}

function onTime(request: IncomingMessage, day: string, now: number): Verdict | undefined {
  const date = String(request.headers['x-amz-date'] ?? '');
  const at = Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!date.startsWith(day) || Number.isNaN(at)) return refused('AccessDenied', 'no date that fits');
  const words = 'The difference between the request time and the current time is too large.';
  return Math.abs(at - now) > 15 * 60_000 ? refused('RequestTimeTooSkewed', words) : undefined;
}

function onHeaders(request: IncomingMessage, signed: readonly string[]): Verdict | undefined {
  const sent = Object.keys(request.headers);
  const must = ['host', ...sent.filter((name) => name.startsWith('x-amz-') || name === 'content-md5')];
  const lacking = must.find((name) => !signed.includes(name));
  return lacking === undefined ? undefined : refused('AccessDenied', `${lacking} is not signed`);
}

function onSignature(
  { method, url = '', headers }: IncomingMessage,
  secret: string,
  scope: readonly string[],
  signedHeaders: string,
  signature: string,
): Verdict | undefined {
  const [path = '', query = ''] = url.split('?');
  const lines = signedHeaders.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}`);
  const canonical = [
    ...[method, path, query.split('&').sort().join('&')],
    ...[...lines, '', signedHeaders, headers['x-amz-content-sha256']],
  ].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = `AWS4-HMAC-SHA256\n${String(headers['x-amz-date'])}\n${scope.join('/')}\n${digest}`;
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of [...scope, text]) key = createHmac('sha256', key).update(part).digest();
  return key.toString('hex') === signature
    ? undefined
    : refused('SignatureDoesNotMatch', 'The request signature we calculated does not match.');
}

function onToken(request: IncomingMessage, { token, expires }: Keys, now: number): Verdict | undefined {
  if (token !== undefined && request.headers['x-amz-security-token'] !== token)
    return refused('InvalidToken', 'The provided token is malformed or otherwise invalid.', 400);
  return (expires ?? Number.POSITIVE_INFINITY) <= now
    ? refused('ExpiredToken', 'The provided token has expired.', 400)
    : undefined;
}

function onBody({ headers }: IncomingMessage, body: Buffer): Verdict | undefined {
  if (headers['x-amz-content-sha256'] !== createHash('sha256').update(body).digest('hex'))
    return refused(
      'XAmzContentSHA256Mismatch',
      'The provided x-amz-content-sha256 header does not match.',
      400,
    );
  const md5 = headers['content-md5'];
  return md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')
    ? refused('BadDigest', 'The Content-MD5 you specified did not match what we received.', 400)
    : undefined;
}

function refused(code: string, words: string, status = 403): Verdict {
  return { code, words, status };
}
