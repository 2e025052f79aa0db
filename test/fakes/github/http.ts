/** What passes between the fake's server and its services. */
import type { IncomingHttpHeaders } from 'node:http';
import type { GitHubState } from './state.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  /** http://127.0.0.1:port */
  readonly origin: string;
  readonly state: GitHubState;
  readonly tokens: Tokens;
}

/** The secrets of a job. */
export interface Tokens {
  /** GITHUB_TOKEN. */
  readonly job: string;
  /** ACTIONS_RUNTIME_TOKEN. */
  readonly runtime: string;
  /** ACTIONS_ID_TOKEN_REQUEST_TOKEN. */
  readonly identity: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bytes?: Buffer;
  /** Announce the whole, send half, break the connection. */
  readonly cut?: boolean;
}

export type Service = (call: Call) => Reply | undefined;

/** Thrown to answer with an error. */
export class Refusal extends Error {
  readonly reply: Reply;
  constructor(reply: Reply) {
    super(`HTTP ${reply.status}`);
    this.reply = reply;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(raw: Buffer): Fields {
  if (raw.length === 0) return {};
  const value: unknown = JSON.parse(raw.toString('utf8'));
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Parameters of a path such as "/repos/:owner/:repo", decoded; undefined where it does not fit. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const segment = given[index] ?? '';
    if (part.startsWith(':')) found[part.slice(1)] = decodeURIComponent(segment);
    else if (part !== segment) return undefined;
  }
  return found;
}
