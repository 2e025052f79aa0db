import { getOctokit } from '@actions/github';
import { systemClock } from '../../clock.ts';
import { InputError } from '../../errors.ts';
import type { Here } from '../../ports/github.ts';
import type { Log } from '../../ports/log.ts';
import { TOOL } from '../../version.ts';
import { type Doing, explain, isRateLimit, statusOf } from './errors.ts';

type Parameters = Readonly<Record<string, unknown>>;

/** GitHub's REST API, for the repository that the workflow runs in. */
export interface Rest {
  readonly here: Here;
  /** The body of the answer, unchecked. @throws PlainError */
  send(route: string, parameters: Parameters, doing: Doing): Promise<unknown>;
  /** Like {@link send}; undefined on 404. */
  find(route: string, parameters: Parameters, doing: Doing): Promise<unknown>;
  /** Follows a redirect, without the token. @throws RangeError for more than `limit` bytes */
  download(
    route: string,
    parameters: Parameters,
    options: Doing & { readonly limit: number },
  ): Promise<Buffer>;
}

const ATTEMPTS = 4;

/** @throws InputError without a token */
export function openRest(options: {
  readonly here: Here;
  readonly token: string | undefined;
  readonly log: Log;
}): Rest {
  const { here, token, log } = options;
  if (token === undefined)
    throw new InputError(
      '`github-token` is empty, and GitHub needs a token',
      'Leave the input out to use the token of the job, or give another.',
    );
  const [owner, repo] = here.repository.split('/');
  const octokit = getOctokit(token, {
    userAgent: TOOL.replace(' ', '/'),
    log: { debug: () => undefined, info: () => undefined, warn: log.debug, error: log.debug },
  });

  async function request(route: string, parameters: Parameters, doing: Doing): Promise<unknown> {
    const repeatable = route.startsWith('GET ');
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer: { status: number; data: unknown } = await octokit.request(route, {
          owner,
          repo,
          ...parameters,
        });
        log.debug(`${route.replace(/\{\?.*/, '')}: ${answer.status}, to ${doing.doing}`);
        return answer.data;
      } catch (error) {
        const wait = repeatable && attempt < ATTEMPTS ? waitOf(error, attempt) : undefined;
        log.debug(`${route.replace(/\{\?.*/, '')}: ${statusOf(error) ?? 'no answer'}, to ${doing.doing}`);
        if (wait === undefined) throw error;
        await systemClock.sleep(wait);
      }
    }
  }

  return {
    here,
    async send(route, parameters, doing) {
      try {
        return await request(route, parameters, doing);
      } catch (error) {
        throw explain(error, doing);
      }
    },
    async find(route, parameters, doing) {
      try {
        return await request(route, parameters, doing);
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw explain(error, doing);
      }
    },
    async download(route, parameters, { limit, ...doing }) {
      let body: unknown;
      try {
        body = await request(
          route,
          {
            ...parameters,
            headers: { accept: 'application/octet-stream' },
            request: { parseSuccessResponseBody: false },
          },
          doing,
        );
      } catch (error) {
        throw explain(error, doing);
      }
      return body === null || typeof body !== 'object' ? Buffer.alloc(0) : readStream(body, limit, doing);
    },
  };
}

/** Milliseconds to wait before a retry; undefined if a retry is pointless. */
function waitOf(error: unknown, attempt: number): number | undefined {
  const status = statusOf(error);
  if (status !== undefined && status < 500 && !isRateLimit(error, status)) return undefined;
  const asked = Number(retryAfterOf(error) ?? 0) * 1000;
  // A primary limit may take an hour to reset: no job waits that long.
  return asked > 60_000 ? undefined : Math.max(asked, 500 * 2 ** (attempt - 1));
}

function retryAfterOf(error: unknown): string | undefined {
  const { response } = error as { response?: { headers?: Record<string, string | undefined> } };
  const value = response?.headers?.['retry-after'];
  return value !== undefined && /^\d+$/.test(value) ? value : undefined;
}

async function readStream(body: object, limit: number, doing: Doing): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > limit) throw new RangeError(`it is longer than ${limit} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw explain(error, doing);
  }
  return Buffer.concat(chunks);
}
