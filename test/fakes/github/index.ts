/**
 * GitHub as an action meets it, on loopback, for the real clients: the artifact service (v4), the cache service (v2), the
 * blob store behind their signed URLs, identity tokens, and the part of the REST API that manifests need. One repository,
 * one job. Needs nothing but node.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { blobs } from './blobs.ts';
import { type Call, Refusal, type Reply, type Tokens } from './http.ts';
import { API, rest } from './rest.ts';
import { results, unsigned } from './results.ts';
import { GitHubState, type Run } from './state.ts';

export type { Artifact, Asset, CacheEntry, GitHubState, Issue, Release, Run } from './state.ts';
export { zip } from './zip.ts';

export interface LoggedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly body: Buffer;
  readonly time: number;
}

/** Mischief: the answer to requests that fit, instead of the right one. */
export interface Fault {
  readonly method?: string;
  /** Must occur in the path, query included. */
  readonly path: string;
  /** `reset` breaks the connection, `hang` never answers. */
  readonly reply: Reply | 'reset' | 'hang';
  /** How often; once if not said. */
  readonly times?: number;
}

export interface FakeGitHub extends AsyncDisposable {
  readonly origin: string;
  readonly state: GitHubState;
  readonly requests: LoggedRequest[];
  /** What went wrong in the fake itself; a test may assert that it stayed empty. */
  readonly errors: unknown[];
  readonly tokens: Tokens;
  fault(fault: Fault): void;
  /** The runner's variables for a step of a run. */
  environment(run: Run): Record<string, string>;
  close(): Promise<void>;
}

export async function startFakeGitHub(): Promise<FakeGitHub> {
  const state = new GitHubState();
  const requests: LoggedRequest[] = [];
  const errors: unknown[] = [];
  const faults: { readonly fault: Fault; left: number }[] = [];
  const tokens: Tokens = {
    job: `ghs_${randomUUID().replaceAll('-', '')}`,
    runtime: unsigned({ scp: 'Actions.Results:run-0:job-1' }),
    identity: randomUUID(),
  };
  const server = createServer((message, response) => {
    answer(message, response).catch((error: unknown) => {
      errors.push(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = 'GET', url = '/' } = message;
    const { pathname, searchParams } = new URL(url, origin);
    // The runtime token of each run is its own; the fake knows its job by the run in it.
    const runtime = /^Bearer (.+)$/.exec(message.headers.authorization ?? '')?.[1];
    const isOurs = runtime !== undefined && runtimes.has(runtime);
    const call: Call = {
      method,
      path: pathname,
      query: searchParams,
      headers: message.headers,
      raw: body,
      origin,
      state,
      tokens: isOurs ? { ...tokens, runtime } : tokens,
    };
    const struck = faults.find(({ fault, left }) => left > 0 && fits(fault, method, url));
    if (struck !== undefined) struck.left -= 1;
    const reply = struck === undefined ? replyTo(call) : struck.fault.reply;
    requests.push({
      method,
      path: url,
      status: typeof reply === 'string' ? 0 : reply.status,
      body,
      time: Date.now(),
    });
    if (reply === 'reset') message.socket.destroy();
    else if (reply !== 'hang') send(response, reply, method);
  }

  const runtimes = new Set<string>();
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    origin,
    state,
    requests,
    errors,
    tokens,
    fault: (fault) => faults.push({ fault, left: fault.times ?? 1 }),
    environment: (run) => {
      const runtime = unsigned({ scp: `Actions.Example Actions.Results:run-${run.id}:job-1` });
      runtimes.add(runtime);
      const { owner, name } = state;
      return {
        GITHUB_ACTIONS: 'true',
        GITHUB_API_URL: origin + API,
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: `${owner}/${name}`,
        GITHUB_REPOSITORY_ID: String(state.repositoryId),
        GITHUB_RUN_ID: String(run.id),
        GITHUB_RUN_ATTEMPT: String(run.attempt),
        GITHUB_EVENT_NAME: run.event,
        GITHUB_REF_NAME: run.branch,
        GITHUB_REF: `refs/heads/${run.branch}`,
        GITHUB_WORKFLOW_REF: `${owner}/${name}/${run.path}@refs/heads/${run.branch}`,
        GITHUB_RETENTION_DAYS: '90',
        RUNNER_ENVIRONMENT: 'github-hosted',
        'INPUT_GITHUB-TOKEN': tokens.job,
        ACTIONS_RUNTIME_TOKEN: runtime,
        ACTIONS_RESULTS_URL: `${origin}/`,
        ACTIONS_CACHE_SERVICE_V2: 'True',
        ...(state.permissions['id-token'] === 'write'
          ? {
              ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/oidc?v=1`,
              ACTIONS_ID_TOKEN_REQUEST_TOKEN: tokens.identity,
            }
          : {}),
      };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function fits({ method, path }: Fault, given: string, url: string): boolean {
  return (method === undefined || method === given) && url.includes(path);
}

function replyTo(call: Call): Reply {
  try {
    return results(call) ?? blobs(call) ?? rest(call) ?? { status: 404, json: { message: 'Not Found' } };
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}

function send(response: ServerResponse, reply: Reply, method: string): void {
  const body =
    reply.bytes ?? (reply.json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(reply.json)));
  response.writeHead(reply.status, {
    ...(reply.json === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...(method === 'HEAD' || reply.status === 204 ? {} : { 'content-length': String(body.length) }),
    ...reply.headers,
  });
  if (reply.cut === true) {
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
    return;
  }
  response.end(method === 'HEAD' ? undefined : body);
}
