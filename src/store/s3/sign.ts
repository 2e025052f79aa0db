import { createHash, createHmac } from 'node:crypto';

/** Keys of one identity. All but the id are secret. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

export interface ToSign {
  readonly method: string;
  /** Encoded, as it is sent: S3 wants neither `.` nor `//` to be resolved. */
  readonly path: string;
  /** As {@link queryOf} gives it. */
  readonly query: string;
  /** Names in lower case; with `host` and `x-amz-date`. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, lower-case hex. */
  readonly sha256: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * The header `Authorization` of a request, by Signature Version 4.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function authorization(
  { method, path, query, headers, sha256 }: ToSign,
  { region, service }: { readonly region: string; readonly service: string },
  { accessKeyId, secretAccessKey }: Credentials,
): string {
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  const signed = names.join(';');
  const canonical = [method, path, query, lines.join(''), signed, sha256].join('\n');
  const date = headers['x-amz-date'] ?? '';
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = [ALGORITHM, date, scope, sha256Of(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const signature = hmac(key, text).toString('hex');
  return `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

/** `20261126T010203Z`, from milliseconds since the epoch. */
export function amzDate(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** In the order that is signed, and as it is sent. */
export function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [[encoded(name), encoded(value)] as const]))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');
}

/** All but letters, digits, `-`, `.`, `_` and `~` as `%XX`. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Lower-case hex. */
export function sha256Of(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
