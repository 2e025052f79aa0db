import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import {
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { answered, type Reach } from '../../../src/openstack/answers.ts';
import { readBytes } from '../../../src/openstack/body.ts';
import type { CloudError } from '../../../src/openstack/errors.ts';
import { type Http, type HttpRequest, openHttp } from '../../../src/openstack/http.ts';
import { S3 } from '../../../src/store/s3/client.ts';

const directory = mkdtempSync(join(tmpdir(), 'tls-'));
const files = { key: join(directory, 'key.pem'), cert: join(directory, 'cert.pem') };
const open: Http[] = [];
const servers: Server[] = [];
const tunnels: string[] = [];
let secure = '';
let plain = '';
let proxy = '';

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['-keyout', files.key, '-out', files.cert, '-days', '2', '-nodes', '-newkey', 'rsa:2048'];
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' });
  const tls = { key: readFileSync(files.key), cert: readFileSync(files.cert) };
  secure = `https://127.0.0.1:${await listen(createSecure(tls, (_request, response) => response.end('secure')) as unknown as Server)}/`;
  plain = `http://127.0.0.1:${await listen(createPlain((request, response) => (request.url === '/away' ? response.writeHead(302, { location: secure }).end() : response.end('plain'))))}/`;
  const tunnel = createPlain();
  tunnel.on('connect', (request, client) => {
    tunnels.push(request.url ?? '');
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const end of [client, upstream]) end.on('error', () => undefined);
  });
  proxy = `http://127.0.0.1:${await listen(tunnel)}`;
});

afterAll(async () => {
  for (const http of open) await http.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(directory, { recursive: true });
});

async function get(
  url: string,
  tls: Partial<Parameters<typeof openHttp>[0]> = {},
  environment = {},
): Promise<string> {
  const http = openHttp({ verify: true, ...tls }, environment);
  open.push(http);
  const answer = await http.send({ method: 'GET', url, headers: {} });
  return `${answer.status} ${(await readBytes(answer.body, 100)).toString()}`;
}

describe('an authority of its own', () => {
  test('is refused unless it is named', async () => {
    await expect(get(secure)).rejects.toThrow(/self.signed|certificate/i);
    expect(await get(secure, { ca: readFileSync(files.cert, 'utf8') })).toBe('200 secure');
  });

  test('verify: false accepts any', async () => {
    expect(await get(secure, { verify: false })).toBe('200 secure');
  });
});

describe('what a connection that fails is told as', () => {
  const told = async (url: string, tls: Partial<Parameters<typeof openHttp>[0]> = {}, reach?: Reach) => {
    const http = openHttp({ verify: true, ...tls }, {});
    open.push(http);
    const asked = answered('log in', () => http.send({ method: 'GET', url, headers: {} }), undefined, reach);
    return (await asked.then(
      () => undefined,
      (error: unknown) => error,
    )) as CloudError;
  };

  test('TLS against plain HTTP', async () => {
    const error = await told(plain.replace('http:', 'https:'));
    expect(error.message).toBe('cannot log in: no answer: the server does not speak TLS on that port');
    expect(error.cause).toBeUndefined();
    expect(error.hint).toContain('write http://');
  });

  test('plain HTTP against TLS', async () => {
    const error = await told(secure.replace('https:', 'http:'));
    expect(error.hint).toContain('write https://');
  });

  test('an authority of its own', async () => {
    expect((await told(secure)).hint).toContain('`cacert` in clouds.yaml');
  });

  test('what is no cloud has no clouds.yaml', async () => {
    const refused = 'http://127.0.0.1:1';
    const urls = [secure, secure.replace('https:', 'http:'), plain.replace('http:', 'https:'), refused];
    const hints = await Promise.all(urls.map(async (url) => (await told(url, {}, S3)).hint));
    expect(hints[0]).toContain('set NODE_EXTRA_CA_CERTS to its file');
    for (const hint of hints.slice(1)) expect(hint).toContain('`s3-endpoint`');
    for (const hint of hints) expect(hint).not.toMatch(/clouds\.yaml|auth_url/);
  });

  test('a certificate of another host', async () => {
    const error = await told(secure.replace('127.0.0.1', 'localhost'), {
      ca: readFileSync(files.cert, 'utf8'),
    });
    expect(error.hint).toContain('for another host name');
  });
});

describe('a proxy of the environment', () => {
  test.each(['https_proxy', 'HTTPS_PROXY'])(
    '%s takes https through a tunnel, the authority checked behind it',
    async (name) => {
      tunnels.length = 0;
      expect(await get(secure, { ca: readFileSync(files.cert, 'utf8') }, { [name]: proxy })).toBe(
        '200 secure',
      );
      expect(tunnels).toEqual([new URL(secure).host]);
      await expect(get(secure, {}, { [name]: proxy })).rejects.toThrow();
    },
  );

  test('no_proxy goes around it', async () => {
    tunnels.length = 0;
    expect(await get(plain, {}, { http_proxy: proxy, NO_PROXY: '127.0.0.1' })).toBe('200 plain');
    expect(tunnels).toEqual([]);
  });
});

describe('what cannot be sent again never meets a connection that the server is just closing', () => {
  const hangsUp = (request: IncomingMessage, response: ServerResponse) => {
    if (known.has(request.socket)) request.socket.destroy();
    known.add(request.socket);
    request.resume().on('end', () => response.end('taken'));
  };
  const known = new Set<unknown>();
  const calls: (() => Omit<HttpRequest, 'url' | 'headers'>)[] = [
    () => ({ method: 'POST', body: '{}' }),
    () => ({ method: 'PATCH', body: '{}' }),
    () => ({ method: 'PUT', body: Readable.from([Buffer.from('data')]) }),
  ];

  test.each(['directly', 'directly, and the server does not say how long', 'through a proxy'])(
    '%s',
    async (way) => {
      const direct = way !== 'through a proxy';
      const tls = { key: readFileSync(files.key), cert: readFileSync(files.cert) };
      const server = direct ? createPlain(hangsUp) : createSecure(tls, hangsUp);
      const url = `${direct ? 'http' : 'https'}://127.0.0.1:${await listen(server as unknown as Server)}/`;
      if (way !== 'directly') server.keepAliveTimeout = 0;
      const http = openHttp({ verify: false }, direct ? {} : { https_proxy: proxy });
      open.push(http);
      const said = async (call: Omit<HttpRequest, 'url' | 'headers'>) => {
        const answer = await http.send({ ...call, url, headers: {} });
        return (await readBytes(answer.body, 100)).toString();
      };
      expect(await said({ method: 'GET' })).toBe('taken');
      for (const call of [...calls, ...calls]) {
        await systemClock.sleep(20);
        expect(await said(call())).toBe('taken');
      }
      // The server does hang up on what comes over a connection that was kept.
      await expect(said({ method: 'GET' })).rejects.toThrow();
    },
  );
});

test('a redirect is not followed: the token stays with the host of the catalogue', async () => {
  expect(await get(`${plain}away`)).toBe('302 ');
});
