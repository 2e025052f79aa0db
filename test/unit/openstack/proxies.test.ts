import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { InputError, messageOf, type PlainError } from '../../../src/errors.ts';
import { parseCloud } from '../../../src/openstack/config/parse.ts';
import { openHttp } from '../../../src/openstack/http.ts';
import { proxyFor, proxySecrets } from '../../../src/openstack/proxies.ts';
import { openSession } from '../../../src/openstack/session.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { FakeClock } from '../../support/clock.ts';

const PASSWORD = 'p%40ss-of-the-proxy';
const servers: Server[] = [];
/** Answers this status to a tunnel and to a request, and keeps what was asked. */
async function proxy(status: number): Promise<{ host: string; asked: (string | undefined)[] }> {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers['proxy-authorization']);
    response.writeHead(status).end();
  });
  server.on('connect', (request, client) => {
    asked.push(request.headers['proxy-authorization']);
    client.on('error', () => undefined).end(`HTTP/1.1 ${status} No\r\n\r\n`);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
let closed: Awaited<ReturnType<typeof proxy>>;
let refusing: Awaited<ReturnType<typeof proxy>>;
beforeAll(async () => {
  closed = await proxy(407);
  refusing = await proxy(403);
});
afterAll(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
});

/** How a login through these variables fails. */
async function logIn(
  environment: Record<string, string>,
  authUrl = 'https://cloud.invalid:5000',
): Promise<PlainError> {
  const config = parseCloud('c', {
    auth: { auth_url: authUrl, username: 'u', password: 'x', project_name: 'p' },
  });
  const http = openHttp({ verify: true }, environment);
  const clock = authUrl.includes('127.0.0.1') ? systemClock : new FakeClock();
  try {
    await openSession(config, { http, clock, log: silentLog, secret: () => undefined });
  } catch (error) {
    return error as PlainError;
  } finally {
    await http.close();
  }
  throw new Error('logged in');
}

describe('a variable that names no HTTP proxy is named, before any request', () => {
  test.each([
    ['HTTPS_PROXY', ':8080', 'HTTPS_PROXY is not the URL of a proxy'],
    ['https_proxy', 'proxy corp', 'https_proxy is not the URL of a proxy'],
    ['HTTPS_PROXY', 'ftp://proxy.corp', 'HTTPS_PROXY is not the URL of a proxy'],
    ['HTTPS_PROXY', 'http://', 'HTTPS_PROXY is not the URL of a proxy'],
    ['HTTPS_PROXY', 'socks5://proxy.corp:1080', 'HTTPS_PROXY names a socks5 proxy, which is not supported'],
    ['ALL_PROXY', 'socks5h://proxy.corp', 'ALL_PROXY names a socks5h proxy, which is not supported'],
    ['HTTPS_PROXY', `http://user:${PASSWORD}@:1`, 'HTTPS_PROXY is not the URL of a proxy'],
  ])('%s=%s', async (name, value, message) => {
    const error = await logIn({ [name]: value });
    expect(error).toBeInstanceOf(InputError);
    expect(messageOf(error)).toBe(message);
    expect(error.hint).toMatch(/proxy/);
    expect(inspect(error)).not.toContain(PASSWORD);
  });
});

describe('a proxy that does not let through says what it is', () => {
  test('407 without a password', async () => {
    const error = await logIn({ HTTPS_PROXY: closed.host });
    expect(error).toMatchObject({
      exitCode: 2,
      message: `the proxy of HTTPS_PROXY (http://${closed.host}) asks for a user and password (407)`,
      hint: 'Write them into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT.',
    });
  });

  test.each(['https://cloud.invalid', 'http://cloud.invalid'])(
    '407 with one on the way to %s, which is never shown',
    async (url) => {
      closed.asked.length = 0;
      const variable = `${new URL(url).protocol.slice(0, -1)}_proxy`;
      const error = await logIn({ [variable]: `http://user:${PASSWORD}@${closed.host}` }, url);
      expect(error).toMatchObject({
        exitCode: 2,
        hint: expect.stringContaining(`Correct them in ${variable}`),
      });
      expect(error.message).toContain('rejects the user and password (407)');
      expect(closed.asked).toEqual([`Basic ${btoa('user:p@ss-of-the-proxy')}`]);
      expect(`${inspect(error)} ${messageOf(error)}`).not.toMatch(/ss-of-the-proxy/);
    },
  );

  test('403', async () => {
    const error = await logIn({ HTTPS_PROXY: refusing.host });
    expect(error).toMatchObject({ exitCode: 2, hint: expect.stringContaining('NO_PROXY') });
    expect(error.message).toContain('refuses to connect to the cloud: HTTP 403');
  });

  test('nobody there', async () => {
    const error = await logIn({ HTTPS_PROXY: '127.0.0.1:1' });
    expect(error.message).toContain('the proxy of HTTPS_PROXY (http://127.0.0.1:1) cannot be reached');
    expect(error.hint).toBe('Correct or unset that variable, or put the host into NO_PROXY.');
  });

  test('no TLS to the proxy itself', async () => {
    const error = await logIn({ HTTPS_PROXY: `https://${closed.host}` });
    expect(error.message).toBe(`the proxy of HTTPS_PROXY (https://${closed.host}) does not speak TLS`);
    expect(error.hint).toContain('http:// in HTTPS_PROXY');
  });
});

describe('which proxy', () => {
  const of = (environment: Record<string, string>, url = 'https://a.cloud.example:5000') =>
    proxyFor(new URL(url), environment)?.origin;

  test.each([
    [{ HTTPS_PROXY: 'proxy.corp:3128' }, 'http://proxy.corp:3128'],
    [{ HTTPS_PROXY: 'http://proxy.corp:3128/' }, 'http://proxy.corp:3128'],
    [{ HTTPS_PROXY: 'https://proxy.corp' }, 'https://proxy.corp'],
    [{ HTTPS_PROXY: 'one:1', https_proxy: 'two:2' }, 'http://two:2'],
    [{ HTTPS_PROXY: '', ALL_PROXY: 'all:1' }, 'http://all:1'],
    [{ HTTP_PROXY: 'one:1' }, undefined],
    [{ HTTPS_PROXY: '[fd00::1]:3128' }, 'http://[fd00::1]:3128'],
    [{ HTTPS_PROXY: 'user:secret@proxy.corp:3128' }, 'http://proxy.corp:3128'],
  ])('%j: %s', (environment, origin) => expect(of(environment)).toBe(origin));

  test.each([
    ['*', 'https://x', true],
    ['cloud.example', 'https://a.cloud.example:5000', true],
    ['.cloud.example', 'https://a.cloud.example', true],
    ['*.cloud.example', 'https://a.cloud.example', true],
    ['CLOUD.example', 'https://cloud.EXAMPLE', true],
    ['cloud.example', 'https://othercloud.example', false],
    ['cloud.example:5000', 'https://cloud.example:5000', true],
    ['cloud.example:443', 'https://cloud.example', true],
    ['cloud.example:80', 'https://cloud.example', false],
    ['localhost, 10.0.0.0/8', 'https://10.9.8.7:8776', true],
    ['10.0.0.0/8', 'https://11.9.8.7', false],
    ['10.0.0.0/8', 'https://10.example', false],
    ['192.168.1.1', 'https://192.168.1.1:9292', true],
    ['192.168.1.1', 'https://92.168.1.1', false],
    ['fd00::/8', 'https://[fd12::1]:5000', true],
    ['::1', 'https://[0:0:0:0:0:0:0:1]', true],
    ['[::1]:443', 'https://[::1]', true],
    ['10.0.0.0/99,/8,:,.', 'https://10.0.0.1', false],
  ])('NO_PROXY=%s and %s: around it %j', (list, url, around) => {
    expect(of({ https_proxy: 'proxy:1', NO_PROXY: list }, url) === undefined).toBe(around);
  });
});

test('what is secret in the variables, as written and as sent', () => {
  expect(proxySecrets({ HTTPS_PROXY: `http://user:${PASSWORD}@proxy:1`, http_proxy: 'u:two@p' })).toEqual([
    PASSWORD,
    'p@ss-of-the-proxy',
    btoa('user:p@ss-of-the-proxy'),
    'two',
    btoa('u:two'),
  ]);
  expect(proxySecrets({ HTTPS_PROXY: 'http://proxy:1' })).toEqual([]);
});
