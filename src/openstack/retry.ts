import type { Clock } from '../clock.ts';
import type { Log } from '../ports/log.ts';
import { CloudError, hasStatus, isRateLimit, isUncertain } from './errors.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** How many times in all. */
  readonly attempts?: number;
  /** false: a rate limit was waited for already, and is an answer. */
  readonly limits?: false;
  /** Between 0 and 1, for the jitter. */
  readonly random?: () => number;
}

const ATTEMPTS = 5;
const LONGEST_WAIT_MS = 60_000;
/** Most rate limits count by the minute, so retries go on for longer than one. */
const PATIENCE_MS = 120_000;

/**
 * Repeats what may be repeated: a request that a rate limit refused, or an idempotent one without a sure answer.
 * Everything else is an answer, and never repeated.
 */
export async function retry<T>(
  idempotent: boolean,
  operation: () => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const spent = { attempts: 0, limits: 0, waited: 0 };
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      const wait = options.signal?.aborted ? undefined : nextWait(idempotent, error, spent, options);
      if (wait === undefined) throw error;
      options.log.debug(`${(error as Error).message}; trying again in ${Math.ceil(wait / 1000)} s`);
      await options.clock.sleep(wait, options.signal);
    }
  }
}

/** How long to wait before the next attempt, milliseconds; undefined if there is none. Counts the time spent. */
function nextWait(
  idempotent: boolean,
  error: unknown,
  spent: { attempts: number; limits: number; waited: number },
  { attempts = ATTEMPTS, limits, random }: RetryOptions,
): number | undefined {
  if (isRateLimit(error)) {
    if (limits === false || spent.waited >= PATIENCE_MS) return undefined;
    spent.limits += 1;
    const wait = backoff(spent.limits, error, random);
    spent.waited += wait;
    return wait;
  }
  spent.attempts += 1;
  if (!idempotent || !isUncertain(error) || spent.attempts >= attempts) return undefined;
  return backoff(spent.attempts, error, random);
}

/** 0.5, 1, 2, 4 … seconds and up to a quarter more, or what the cloud asked for when that is longer. */
export function backoff(attempt: number, error: unknown, random: () => number = Math.random): number {
  const own = 500 * 2 ** (attempt - 1) * (1 + random() / 4);
  const asked = error instanceof CloudError ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(LONGEST_WAIT_MS, Math.max(own, asked));
}

/**
 * Creates something that has no idempotency key, at most once: after an uncertain answer, looks for it by its tag
 * before repeating the request. `find` returns the thing if the lost request made it.
 */
export async function createOnce<T>(
  create: () => Promise<T>,
  find: () => Promise<T | undefined>,
  options: RetryOptions,
): Promise<T> {
  const attempts = options.attempts ?? ATTEMPTS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await create();
    } catch (error) {
      if (!isUncertain(error) || options.signal?.aborted) throw error;
      options.log.debug(`${(error as Error).message}; checking whether it was made`);
      await options.clock.sleep(backoff(attempt, error, options.random), options.signal);
      const found = await find();
      if (found !== undefined) return found;
      // A 500 is the service's own answer: it would say the same again.
      if (attempt >= attempts || hasStatus(error, 500)) throw error;
    }
  }
}

/** Retry-After as milliseconds: seconds or an HTTP date. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
