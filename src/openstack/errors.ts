import { PlainError, withoutStop } from '../errors.ts';
import { adviceOf, quotaIn } from './over-quota.ts';

export interface CloudErrorFields {
  /** What was tried, as a phrase: "create a backup of volume 5f2c…". */
  readonly doing: string;
  /** The HTTP status; undefined when no answer arrived. */
  readonly status?: number | undefined;
  /** If the status does not tell: nobody knows whether it was carried out, or a rate limit refused it. */
  readonly kind?: 'uncertain' | 'limit' | undefined;
  /** The cloud's own words. */
  readonly words: string;
  readonly requestId?: string | undefined;
  readonly hint?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** A request that the cloud refused, or did not answer. */
export class CloudError extends PlainError {
  override readonly name = 'CloudError' as const;
  readonly doing: string;
  readonly status: number | undefined;
  readonly kind: CloudErrorFields['kind'];
  readonly words: string;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(fields: CloudErrorFields) {
    const status = fields.status === undefined ? 'no answer' : `HTTP ${fields.status}`;
    const request = fields.requestId === undefined ? '' : ` (request ${fields.requestId})`;
    super(`cannot ${fields.doing}: ${status}: ${withoutStop(fields.words)}${request}`, {
      exitCode: 1,
      hint: fields.hint ?? hintFor(fields),
      cause: fields.cause,
    });
    this.doing = fields.doing;
    this.status = fields.status;
    this.kind = fields.kind;
    this.words = fields.words;
    this.requestId = fields.requestId;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

export function hasStatus(error: unknown, ...statuses: number[]): error is CloudError {
  return error instanceof CloudError && error.status !== undefined && statuses.includes(error.status);
}

/** @returns undefined where the cloud has no such thing (HTTP 404); every other error is thrown */
export async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

/**
 * Whether a request may have been carried out although it failed: no answer, or a proxy's answer.
 * A 503 counts too: a load balancer also sends it when a backend dies after taking the request.
 */
export function isUncertain(error: unknown): boolean {
  if (!(error instanceof CloudError)) return false;
  if (error.kind !== undefined) return error.kind === 'uncertain';
  return error.status === undefined || [500, 502, 503, 504].includes(error.status);
}

/**
 * Whether a rate limit refused the request: 498 is Swift's. Cinder answers a quota with 413 too, but with
 * `Retry-After: 0`.
 */
export function isRateLimit(error: unknown): boolean {
  if (error instanceof CloudError && error.kind !== undefined) return error.kind === 'limit';
  return hasStatus(error, 429, 498) || (hasStatus(error, 413) && (error.retryAfterMs ?? 0) > 0);
}

/** Whether the cloud did not answer, or not now, be it deep among the causes: that says nothing about what was asked. */
export function isUnanswered(error: unknown): boolean {
  if (isUncertain(error) || isRateLimit(error)) return true;
  return error instanceof Error && error.cause !== undefined && isUnanswered(error.cause);
}

/** Whether a quota that was full refused a request, be it deep among the causes. */
export function isOverQuota(error: unknown): boolean {
  if (!(error instanceof CloudError))
    return error instanceof Error && error.cause !== undefined && isOverQuota(error.cause);
  return quotaIn(error.words) !== undefined || (hasStatus(error, 403, 413) && /quota/i.test(error.words));
}

const SLOWER = 'The cloud limits the rate of requests: lower `concurrency` or run at another time.';

function hintFor({ status, words, retryAfterMs }: CloudErrorFields): string | undefined {
  switch (status) {
    case 401:
      return 'The login was accepted, so the password is right: the application credential may lack an access rule for this request, or the service cannot reach Keystone (then ask the operator).';
    case 403:
      if (/is protected/.test(words)) return 'Remove the protection first.';
      return /quota/i.test(words)
        ? overQuota(words)
        : 'The user lacks a role, or the application credential an access rule, for this request.';
    case 413:
      if ((retryAfterMs ?? 0) > 0) return SLOWER;
      if (/too large/i.test(words)) return 'The cloud has a limit for it: ask the operator.';
      return overQuota(words);
    // Neutron answers a quota with 409.
    case 409:
      return quotaIn(words) === undefined ? undefined : overQuota(words);
    case 429:
    case 498:
      return SLOWER;
    case 502:
    case 503:
    case 504:
    case undefined:
      return 'The service or a proxy in front of it does not answer: try again. If it fails again, ask the operator.';
    default:
      return undefined;
  }
}

/** The sentence comes before this many characters. */
const LONGEST_PAGE = 16 * 1024;
/** No service nests its sentence deeper. */
const DEEPEST = 8;

function overQuota(words: string): string {
  const quota = quotaIn(words);
  return quota === undefined
    ? 'A quota is used up: free some of it (openstack quota show --usage), or ask the operator for more.'
    : adviceOf(quota);
}

/**
 * The sentence in an error body. Every service has its own shape: Cinder and Nova `{"badRequest": {"message"}}`,
 * Keystone `{"error": {"message"}}`, Barbican `{"title", "description"}`, Glance HTML or text,
 * Neutron `{"NeutronError"}`, Ceph `{"Code", "Message": ""}`.
 */
export function wordsOf(body: string): string {
  const text = fromJson(body)?.replace(/<br ?\/?>/g, ' ') ?? fromPage(body.slice(0, LONGEST_PAGE));
  const words = text.replace(/\s+/g, ' ').trim();
  if (words === '') return 'no explanation was given';
  return words.length > 500 ? `${words.slice(0, 500)}…` : words;
}

/** Glance's pages have the status's name as title and heading, its text in the first line, and the sentence below. */
function fromPage(body: string): string {
  const sentence = withoutTags(
    body.replace(/<(head|h1)>[\s\S]{0,500}?<\/\1>/g, ' ').replace(/^\d{3} [\w -]{1,60}\n/, ''),
  );
  return sentence.trim() === '' ? withoutTags(body) : sentence;
}

function withoutTags(page: string): string {
  return page.replace(/<[^<>]*>/g, ' ');
}

function fromJson(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  return sentences(value).join(' ');
}

function sentences(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (depth > DEEPEST) return [];
  const inside = (each: unknown) => sentences(each, depth + 1);
  if (Array.isArray(value)) return value.flatMap(inside);
  if (typeof value !== 'object' || value === null) return [];
  const record = value as Record<string, unknown>;
  const own = ['message', 'description', 'faultstring', 'detail', 'Message', 'Code']
    .map((key) => record[key])
    .find((v) => typeof v === 'string' && v !== '');
  return typeof own === 'string' ? [own] : Object.values(record).flatMap(inside);
}
