/** What passes between the server and its services: calls, replies, and a small router. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Token } from './state.ts';
import type { ErrorPage } from './webob.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

export type ServiceName =
  | 'identity'
  | 'volume'
  | 'image'
  | 'compute'
  | 'key-manager'
  | 'network'
  | 'object-store';

export interface StreamBody {
  readonly length: number;
  readonly chunks: Iterable<Buffer>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: Json | JsonObject;
  readonly bytes?: Buffer;
  readonly stream?: StreamBody;
  /** webob's page of an error, in the form that the client accepts. */
  readonly page?: ErrorPage;
}

/** Thrown by a handler to answer with an error. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(reply: Reply, message = `HTTP ${reply.status}`) {
    super(message);
    this.name = 'Refusal';
    this.reply = reply;
  }
}

export interface JobEnd {
  /** How long, in ticks. */
  readonly ticks: number;
  /** What happens when the work is taken up, one tick after the request; also where a fault makes it get stuck. */
  readonly begin?: () => void | Promise<void>;
  /** Carries the work out. A `JobFailure` thrown here ends in `fail`. */
  readonly done: () => void | Promise<void>;
  readonly fail: (failure: JobFailure) => void | Promise<void>;
}

/** Why asynchronous work ended badly: becomes fail_reason, a user message or an instance fault. */
export class JobFailure extends Error {
  /** Number of the user message's detail, e.g. '020'. */
  readonly detail: string | undefined;

  constructor(reason: string, detail?: string) {
    super(reason);
    this.name = 'JobFailure';
    this.detail = detail;
  }
}

export interface Call {
  readonly service: ServiceName;
  readonly method: string;
  /** Path behind the service's prefix, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The whole body; empty where the route streams. */
  readonly raw: Buffer;
  readonly message: IncomingMessage;
  readonly requestId: string;
  /** Where links point: the server's own origin, or a foreign one that a client must not follow. */
  readonly linkOrigin: string;
  /** Starts asynchronous work on behalf of this request, so that its faults strike the work too. */
  job(end: JobEnd): void;
  /** Tells which resource this request made, for faults that hide it a while. */
  created(id: string): void;
}

export interface AuthedCall extends Call {
  readonly token: Token;
  readonly projectId: string;
}

export interface Service {
  readonly name: ServiceName;
  readonly prefix: string;
  /** Requests whose body is not to be gathered first. */
  streams?(method: string, path: string): boolean;
  handle(call: Call): Reply | Promise<Reply>;
  /** The service's way to say "no such resource", for faults. */
  notFound(path: string): Reply;
  /** The service's way to say any error status, for faults. */
  error(status: number, message: string): Reply;
}

export type Params = Readonly<Record<string, string>>;

/** A parameter that the pattern is known to have. */
export function param(params: Params, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`the route has no :${name}`);
  return value;
}

interface Route<C> {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: (call: C, params: Params) => Reply | Promise<Reply>;
}

export type RouteFound<C> = { run: (call: C) => Reply | Promise<Reply> } | 'no-path' | 'no-method';

export class Router<C> {
  readonly #routes: Route<C>[] = [];

  on(method: string, pattern: string, handler: Route<C>['handler']): this {
    this.#routes.push({ method, segments: pattern.split('/').filter(Boolean), handler });
    return this;
  }

  find(method: string, path: string): RouteFound<C> {
    const segments = path.split('/').filter(Boolean);
    let sawPath = false;
    for (const route of this.#routes) {
      const params = match(route.segments, segments);
      if (params === undefined) continue;
      sawPath = true;
      if (route.method === method) return { run: (call) => route.handler(call, params) };
    }
    return sawPath ? 'no-method' : 'no-path';
  }
}

function match(pattern: readonly string[], segments: readonly string[]): Params | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(segment);
    else if (part !== segment) return undefined;
  }
  return params;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function parseJson(raw: Buffer): Json | undefined {
  try {
    return JSON.parse(raw.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}

export function headerOf(call: Call, name: string): string | undefined {
  const value = call.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
