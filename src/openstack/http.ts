import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import { messageOf } from '../errors.ts';
import { isStream } from './body.ts';
import { type NamedProxy, proxyFor } from './proxies.ts';
import { throughProxy } from './proxy-errors.ts';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeouts?: Timeouts | undefined;
}

/** Milliseconds. A minute each by default. */
export interface Timeouts {
  /** Until the answer's header, counted from the last piece of the body that could be sent. */
  readonly header?: number | undefined;
  /** Without a byte of the answer's body; no time passes while the reader holds it back. */
  readonly body?: number | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Readable;
}

/**
 * One exchange. Rejects only when no answer arrived. Never follows a redirect: a token must not travel to a host
 * that the catalogue did not name.
 */
export interface Http {
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Ends all connections, also those with an exchange under way. */
  close(): Promise<void>;
}

export interface TlsOptions {
  /** PEM text; replaces the system's authorities, as `cacert` does in every OpenStack client. */
  readonly ca?: string | undefined;
  /** false: accept any certificate (`verify: false`). */
  readonly verify: boolean;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Undici, with the proxies of the environment: see {@link proxyFor}. */
export function openHttp(tls: TlsOptions, environment: Readonly<Record<string, string | undefined>>): Http {
  const dispatchers = new Map<string, Dispatcher>();
  const dispatcherOf = (proxy: NamedProxy | undefined, kept: boolean) => {
    const at = `${kept} ${proxy?.origin ?? ''} ${proxy?.authorization ?? ''}`;
    const dispatcher = dispatchers.get(at) ?? dispatcherFor(tls, proxy, kept);
    dispatchers.set(at, dispatcher);
    return dispatcher;
  };
  return {
    async send(call) {
      const proxy = proxyFor(new URL(call.url), environment);
      const exchange = request(call.url, {
        dispatcher: dispatcherOf(proxy, isRepeatable(call)),
        method: call.method,
        headers: { ...call.headers },
        body: call.body ?? null,
        signal: call.signal ?? null,
        headersTimeout: call.timeouts?.header ?? null,
        bodyTimeout: call.timeouts?.body ?? null,
      });
      const answer = await exchange.catch((error: unknown) => {
        if (proxy !== undefined) throw throughProxy(error, proxy);
        throw call.url.startsWith('http:') ? withoutTls(error) : error;
      });
      return { status: answer.statusCode, headers: flatten(answer.headers), body: answer.body };
    },
    async close() {
      await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** Whether a request may be sent again, by its method alone. */
export function isIdempotent(method: HttpMethod): boolean {
  return method !== 'POST' && method !== 'PATCH';
}

/**
 * Whether a request may share an idle connection. The others get one of their own: the server may be closing an idle
 * one, and then nobody knows whether it carried the request out.
 */
function isRepeatable({ method, body }: HttpRequest): boolean {
  return isIdempotent(method) && !isStream(body);
}

/** A server that speaks TLS hangs up on a plain request, or answers with bytes that are not HTTP. */
function withoutTls(error: unknown): unknown {
  return /other side closed|HPE_INVALID/.test(
    `${messageOf(error)} ${String((error as { code?: unknown }).code)}`,
  )
    ? new Error('the server hung up on plain HTTP', { cause: error })
    : error;
}

/** @param kept whether a connection stays open for the next request */
function dispatcherFor(tls: TlsOptions, proxy: NamedProxy | undefined, kept: boolean): Dispatcher {
  const connect = {
    rejectUnauthorized: tls.verify,
    timeout: 20_000,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
  // Cinder answers a create within seconds; a minute without a header is a lost answer.
  const timeouts = { headersTimeout: 60_000, bodyTimeout: 60_000 };
  // Not `connection: close`: a server would hang up before its early refusal of an upload was read.
  const idle = kept
    ? { keepAliveTimeout: 4_000 }
    : { keepAliveTimeout: 1, keepAliveTimeoutThreshold: Number.MAX_SAFE_INTEGER };
  const options = { ...timeouts, ...idle };
  if (proxy === undefined) return new Agent({ ...options, connect });
  return new ProxyAgent({
    ...options,
    uri: proxy.origin,
    requestTls: connect,
    proxyTls: { timeout: 20_000 },
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
  });
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}
