import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeouts?: Timeouts | undefined;
}

/** Milliseconds. A minute each where nothing else is said. */
export interface Timeouts {
  /** Until the answer's header, counted from the last piece of the body that could be sent. */
  readonly header?: number | undefined;
  /** Without a byte of the answer's body; while its reader holds it back no time passes. */
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

/** Undici, with proxies from `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` (either case). */
export function openHttp(tls: TlsOptions, environment: Readonly<Record<string, string | undefined>>): Http {
  const dispatcher = dispatcherFor(tls, environment);
  return {
    async send(call) {
      const answer = await request(call.url, {
        dispatcher,
        method: call.method,
        headers: { ...call.headers },
        body: call.body ?? null,
        signal: call.signal ?? null,
        headersTimeout: call.timeouts?.header ?? null,
        bodyTimeout: call.timeouts?.body ?? null,
      });
      return { status: answer.statusCode, headers: flatten(answer.headers), body: answer.body };
    },
    close: () => dispatcher.destroy(),
  };
}

function dispatcherFor(
  tls: TlsOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Dispatcher {
  const connect = {
    rejectUnauthorized: tls.verify,
    timeout: 20_000,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
  // Cinder answers a create within seconds; a minute without a header is a lost answer.
  const options = { connect, headersTimeout: 60_000, bodyTimeout: 60_000, keepAliveTimeout: 4_000 };
  const httpProxy = environment['http_proxy'] ?? environment['HTTP_PROXY'];
  const httpsProxy = environment['https_proxy'] ?? environment['HTTPS_PROXY'];
  const noProxy = environment['no_proxy'] ?? environment['NO_PROXY'];
  if (!httpProxy && !httpsProxy) return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    requestTls: connect,
    ...(httpProxy ? { httpProxy } : {}),
    ...(httpsProxy ? { httpsProxy } : {}),
    ...(noProxy ? { noProxy } : {}),
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
