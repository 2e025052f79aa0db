import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the proxy answers itself. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Asked {
  readonly method: string;
  /** `identity`, `volume`, `image`, `compute` or `key`. */
  readonly service: string;
  /** Below the service's root, with its query. */
  readonly path: string;
}

// biome-ignore lint/suspicious/noExplicitAny: an oddity writes what no type allows
export type Loose = any;

/** An oddity of a cloud, made of the answers of one that has it not. */
export interface Oddity {
  /** An answer instead of the cloud's. */
  readonly before?: (asked: Asked) => OwnAnswer | undefined;
  /** Changes a JSON answer in place, before it is given. */
  readonly after?: (asked: Asked, json: Loose) => void;
  /** The headers that an answer has instead. */
  readonly headers?: (headers: http.IncomingHttpHeaders) => http.IncomingHttpHeaders;
}

export interface RewritingProxy extends AsyncDisposable {
  /** The URL that a service has here. */
  url(service: string): string;
  /** Method, service and path of all that was asked since the oddity was set. */
  readonly asked: readonly Asked[];
  become(oddity: Oddity): void;
}

/**
 * Stands before a cloud, whose own URLs it replaces in each answer, and gives its answers an oddity.
 *
 * @param upstream where each service really is, by its name here
 */
export async function rewritingProxy(upstream: Readonly<Record<string, string>>): Promise<RewritingProxy> {
  let oddity: Oddity = {};
  let asked: Asked[] = [];
  let base = '';
  const rewritten = (text: string) =>
    Object.entries(upstream).reduce((all, [name, url]) => all.replaceAll(url, `${base}/${name}`), text);
  const server = http.createServer((incoming, outgoing) => {
    const [, service = '', path = '/'] = /^\/([a-z]+)(.*)$/.exec(incoming.url ?? '') ?? [];
    const one = { method: incoming.method ?? '', service, path };
    asked.push(one);
    const own =
      upstream[service] === undefined ? { status: 404, body: 'no such service' } : oddity.before?.(one);
    if (own !== undefined) {
      incoming.resume();
      outgoing.writeHead(own.status, { ...own.headers }).end(own.body ?? '');
      return;
    }
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const request = http.request(
      `${upstream[service]}${path}`,
      { method: incoming.method, headers },
      async (answer) => {
        const { statusCode = 502 } = answer;
        const given = oddity.headers?.(answer.headers) ?? answer.headers;
        if (!/json/.test(given['content-type'] ?? '')) {
          outgoing.writeHead(statusCode, given);
          answer.pipe(outgoing);
          return;
        }
        const json: Loose = JSON.parse(rewritten(Buffer.concat(await answer.toArray()).toString()) || 'null');
        oddity.after?.(one, json);
        const body = Buffer.from(JSON.stringify(json));
        const { 'transfer-encoding': _chunked, ...rest } = given;
        outgoing.writeHead(statusCode, { ...rest, 'content-length': body.length }).end(body);
      },
    );
    request.on('error', () => outgoing.destroy());
    incoming.pipe(request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: (service) => `${base}/${service}`,
    get asked() {
      return asked;
    },
    become(next) {
      oddity = next;
      asked = [];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
