import { InputError, OperationError, type PlainError } from '../../errors.ts';
import { readBytes } from '../../openstack/body.ts';
import { CloudError, wordsOf } from '../../openstack/errors.ts';
import type { HttpResponse } from '../../openstack/http.ts';
import { retryAfter } from '../../openstack/retry.ts';
import { isRegion } from '../place-name.ts';
import { field } from './xml.ts';

/** What the server said instead of what was asked for. */
export interface Refusal {
  readonly status: number;
  /** S3's own word, such as `NoSuchBucket`; undefined in an answer without a body, and of a proxy. */
  readonly code: string | undefined;
  readonly words: string;
  /** The region that it names. */
  readonly region: string | undefined;
  readonly location: string | undefined;
  /** Its clock, milliseconds since the epoch. */
  readonly date: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
}

const LONGEST = 256 * 1024;
const WORD = /^[\w.-]{1,100}$/;

/** @param now milliseconds since the epoch */
export async function readRefusal({ status, headers, body }: HttpResponse, now: number): Promise<Refusal> {
  const text = await readBytes(body, LONGEST).then(String, () => '');
  const date = Date.parse(headers['date'] ?? '');
  return {
    status,
    ...saidIn(text),
    // It becomes a part of host names.
    region: [field(text, 'Region'), headers['x-amz-bucket-region']].find(
      (named) => named !== undefined && isRegion(named),
    ),
    location: headers['location'],
    date: Number.isNaN(date) ? undefined : date,
    requestId: word(headers['x-amz-request-id']),
    retryAfterMs: retryAfter(headers['retry-after'], now),
  };
}

/** Some servers answer in XML with HTML in it, some in HTML. */
function saidIn(text: string): Pick<Refusal, 'code' | 'words'> {
  const code = word(field(text, 'Code'));
  if (code === undefined) return { code, words: wordsOf(text) };
  // Ceph's messages are empty.
  const message = field(text, 'Message') ?? '';
  return { code, words: message.trim() === '' ? code : `${code}: ${wordsOf(message)}` };
}

/** An error in an answer that says that all went well. */
export function refusalIn(text: string, { status, headers }: HttpResponse): Refusal | undefined {
  if (!text.includes('<Error>')) return undefined;
  return {
    status,
    ...saidIn(text),
    region: undefined,
    location: undefined,
    date: undefined,
    requestId: word(headers['x-amz-request-id']),
    retryAfterMs: undefined,
  };
}

function word(text: string | undefined): string | undefined {
  return text !== undefined && WORD.test(text) ? text : undefined;
}

/** The request was not carried out as it was sent, or nobody knows: the same one may succeed. */
const UNCERTAIN = [
  'InternalError',
  'ServiceUnavailable',
  'RequestTimeout',
  'IncompleteBody',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
];
const LIMIT = /^(SlowDown(Read|Write)?|Throttl\w*|TooManyRequests|RequestLimitExceeded)$/;
const WRONG_KEYS = ['InvalidAccessKeyId', 'SignatureDoesNotMatch'];
const WRONG_REGION = ['PermanentRedirect', 'AuthorizationHeaderMalformed'];
export const EXPIRED = ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'InvalidToken'];
const WRONG_INPUT = ['NoSuchBucket', ...WRONG_KEYS, ...WRONG_REGION];

/** @param doing what was tried, as a phrase: "read p from s3://backups" */
export function errorOf(doing: string, refusal: Refusal): PlainError {
  const { status, code = '', words, requestId, retryAfterMs } = refusal;
  // Another request for the same name, or for one beside it, is under way.
  const isUncertain = status === 409 || UNCERTAIN.includes(code);
  const kind = LIMIT.test(code) ? 'limit' : isUncertain ? 'uncertain' : undefined;
  const error = new CloudError({
    doing,
    status,
    kind,
    words,
    requestId,
    retryAfterMs,
    hint: hintFor(refusal),
  });
  if (isFull(refusal)) return new OperationError(error.message, error.hint, error);
  return WRONG_INPUT.includes(code) ? new InputError(error.message, error.hint, error) : error;
}

function isFull({ status, code = '', retryAfterMs = 0 }: Refusal): boolean {
  if (status === 507 || (status === 413 && retryAfterMs === 0)) return true;
  return /Quota|EntityTooLarge|NoSpace|StorageFull/i.test(code);
}

function hintFor(refusal: Refusal): string | undefined {
  const { status, code = '', location } = refusal;
  if (code === 'NoSuchBucket')
    return 'Correct the name of the bucket, or create it: openstack-backup does not.';
  if (WRONG_KEYS.includes(code))
    return 'Check the access key and its secret, and that they belong to this endpoint.';
  if (EXPIRED.includes(code)) return 'The credential has expired: get a new one, or use `store-role`.';
  // An answer to HEAD has no words.
  if (WRONG_REGION.includes(code) || (status === 400 && code === ''))
    return 'Give the region of the bucket as `s3-region`.';
  if (code === 'RequestTimeTooSkewed') return 'Set the clock of this machine.';
  if (status >= 300 && status < 400)
    return location === undefined
      ? 'The endpoint sends requests elsewhere: correct `s3-endpoint`.'
      : `The endpoint sends requests to ${location}: give that server as \`s3-endpoint\`.`;
  if (isFull(refusal)) return 'The store is full, or allows no more: make room, or ask whoever runs it.';
  if (status === 401 || status === 403)
    return 'The credential lacks a permission for this on the bucket or the prefix.';
  if (LIMIT.test(code) || status === 413 || status === 429)
    return 'The store limits the rate of requests: run at another time.';
  return status < 500 ? 'Ask whoever runs the store.' : undefined;
}
