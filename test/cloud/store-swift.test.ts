import { randomBytes, randomUUID } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { InputError, OperationError } from '../../src/errors.ts';
import { loadCloud } from '../../src/openstack/config/load.ts';
import type { ServiceClient } from '../../src/openstack/connection.ts';
import { type Http, type HttpRequest, type HttpResponse, openHttp } from '../../src/openstack/http.ts';
import { deleteObject, listObjects, openObject } from '../../src/openstack/objectstore/v1/objects.ts';
import { nothing } from '../../src/openstack/service.ts';
import { openSession } from '../../src/openstack/session.ts';
import { silentLog } from '../../src/ports/log.ts';
import { swiftPlace } from '../../src/store/swift/place.ts';
import { allOf } from '../../src/stream/chunks.ts';
import { placeCases } from '../unit/store/conformance.ts';
import {
  listed,
  type PlaceUnderTest,
  pieces,
  prepared,
  putText,
  sha256,
  textOf,
} from '../unit/store/place-under-test.ts';
import { DEMO } from './person.ts';

/** What goes wrong between us and the cloud. It may ask the cloud, or answer itself. */
type Strike = (request: HttpRequest, ask: () => Promise<HttpResponse>) => Promise<HttpResponse> | undefined;

const PREFIX = 'of/production';
const BYTES = randomBytes(3_000_000);
const http = openHttp({ verify: true }, {});
let strike: Strike = () => undefined;
const struck: Http = {
  send: (request) => strike(request, () => http.send(request)) ?? http.send(request),
  close: () => http.close(),
};
let client: ServiceClient;
let url: string;
const containers: string[] = [];

beforeAll(async () => {
  const environment = {
    OS_AUTH_URL: 'http://127.0.0.1:5000/v3',
    OS_USERNAME: DEMO,
    OS_PASSWORD: 'secret',
    OS_PROJECT_NAME: DEMO,
  };
  const config = await loadCloud({}, environment, '/nonexistent');
  const clock = { now: systemClock.now, sleep: (ms: number) => systemClock.sleep(ms / 100) };
  const session = await openSession(config, { http: struck, clock, log: silentLog, secret: () => undefined });
  client = await session.service('object-store');
});

afterAll(async () => {
  for (const container of containers) {
    for (;;) {
      const objects = await listObjects(client, container, '', undefined);
      if (objects.length === 0) break;
      for (const { name } of objects) await deleteObject(client, container, name);
    }
    await ask('DELETE', `/${container}`, [204, 404]);
  }
  await http.close();
});

function ask(
  method: 'PUT' | 'POST' | 'DELETE',
  path: string,
  ok: readonly number[],
  headers: Record<string, string> = {},
) {
  return client.call({
    doing: 'prepare a test',
    method,
    path,
    ok,
    headers,
    idempotent: true,
    decode: nothing,
  });
}

/** A container of its own, in which somebody else has things, too. */
async function openSwift(): Promise<PlaceUnderTest & { readonly container: string }> {
  const container = `store-${randomUUID()}`;
  containers.push(container);
  await ask('PUT', `/${container}`, [201]);
  for (const name of ['a', 'of/productions', 'zz'])
    await ask('PUT', `/${container}/${name}`, [201], { 'content-length': '0' });
  const everything = async () => {
    const names: string[] = [];
    for (let last: string | undefined; ; last = names.at(-1)) {
      const page = await listObjects(client, container, `${PREFIX}/`, last);
      if (page.length === 0) return names.map((name) => name.slice(PREFIX.length + 1));
      names.push(...page.map(({ name }) => name));
    }
  };
  const quota = (bytes: number) =>
    ask('POST', `/${container}`, [204], { 'x-container-meta-quota-bytes': String(bytes) });
  return {
    container,
    notes: false,
    exclusive: false,
    open: async () => ({
      place: await swiftPlace({ client: async () => client, container, prefix: PREFIX }),
      seem: () => undefined,
    }),
    everything,
    names: everything,
    async raw(name) {
      const found = await openObject(client, container, `${PREFIX}/${name}`);
      return found === undefined ? Buffer.from('nothing is there') : allOf(found.body);
    },
    async fill(bytes) {
      const used = (await listObjects(client, container, '', undefined)).reduce(
        (sum, { size }) => sum + size,
        0,
      );
      await quota(used + bytes);
      return { [Symbol.asyncDispose]: () => quota(-1) };
    },
    async lock() {
      // Less than there is already; 0 would mean no quota.
      await quota(1);
      return { [Symbol.asyncDispose]: () => quota(-1) };
    },
    [Symbol.asyncDispose]: async () => {
      strike = () => undefined;
    },
  };
}

describe('a container of the real Swift is a place of the store', () => {
  test.each(placeCases)(
    '$name',
    async ({ run }) => {
      await using under = await openSwift();
      await run(under);
    },
    120_000,
  );
});

const answer = (status: number): HttpResponse => ({ status, headers: {}, body: Readable.from([]) });
const isData = ({ url: asked, method }: HttpRequest, wanted: string) =>
  method === wanted && asked.includes(`/${PREFIX}/`);

/** The first `times` requests of that method for an object go wrong. */
function failing(method: string, times: number, how: Strike) {
  const hits = { count: 0 };
  strike = (request, asked) => {
    if (!isData(request, method) || hits.count >= times) return undefined;
    hits.count += 1;
    return how(request, asked);
  };
  return hits;
}

const cut: Strike = async (_, asked) => {
  const { body, ...rest } = await asked();
  const half = (async function* () {
    let came = 0;
    for await (const piece of body) {
      came += (piece as Buffer).length;
      yield piece;
      if (came > 500_000) throw new Error('cut');
    }
  })();
  return { ...rest, body: Readable.from(half, { objectMode: false }) };
};
const drained = ({ body }: HttpResponse) => allOf(body);

describe('with a network that goes wrong', () => {
  test.each([
    ['503', 3, async () => answer(503)],
    [
      '500 after it was stored',
      2,
      async (_, asked) =>
        asked()
          .then(drained)
          .then(() => answer(500)),
    ],
    [
      'no answer after it was stored',
      2,
      async (_, asked) =>
        asked()
          .then(drained)
          .then(() => Promise.reject(new Error('reset'))),
    ],
    ['a rate limit', 6, async () => answer(498)],
    ['slow', 1, async (_, asked) => systemClock.sleep(500).then(asked)],
    [
      'a token that expired',
      1,
      async (request) => http.send({ ...request, headers: { ...request.headers, 'x-auth-token': 'gone' } }),
    ],
  ] satisfies [string, number, Strike][])('it takes an object in spite of: %s', async (_, times, how) => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    const hits = failing('PUT', times, how);
    expect(await place.put('f/p', pieces(BYTES))).toEqual({ size: BYTES.length, sha256: sha256(BYTES) });
    expect(hits.count).toBe(times);
    expect((await under.raw('f/p')).equals(BYTES)).toBe(true);
    expect(await under.everything()).toEqual(['f/p']);
  });

  test.each([
    ['a cut body', 3, cut],
    ['503', 3, async () => answer(503)],
    [
      'a token that expired',
      1,
      async (request) => http.send({ ...request, headers: { ...request.headers, 'x-auth-token': 'gone' } }),
    ],
  ] satisfies [string, number, Strike][])('it gives all bytes in spite of: %s', async (_, times, how) => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    await place.put('f/p', pieces(BYTES));
    const hits = failing('GET', times, how);
    const { bytes } = await place.get('f/p', { start: 1000, end: 2_900_000 });
    expect((await allOf(bytes)).equals(BYTES.subarray(1000, 2_900_000))).toBe(true);
    expect(hits.count).toBe(times);
  });

  test('of a write that is cut short nothing is there', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    strike = (request) => {
      if (isData(request, 'PUT')) ({ url } = request);
      return undefined;
    };
    await putText(place, 'p', 'whole');
    let token = '';
    strike = (request) => {
      token = request.headers['x-auth-token'] ?? '';
      return undefined;
    };
    await place.head('p');
    const upload = plainRequest(url.replace(/p$/, 'half'), {
      method: 'PUT',
      headers: { 'x-auth-token': token, 'content-length': BYTES.length },
    });
    upload.on('error', () => undefined);
    upload.write(BYTES.subarray(0, 1_000_000));
    await systemClock.sleep(500);
    upload.destroy();
    await systemClock.sleep(1000);
    expect(await place.head('half')).toBeUndefined();
    expect(await under.everything()).toEqual(['p']);
  });

  test('what is altered on the way is refused, and nothing of it is there', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    const altered = Buffer.from(BYTES);
    altered.writeUInt8(altered.readUInt8(1_000_000) ^ 1, 1_000_000);
    failing('PUT', 9, (request) => http.send({ ...request, body: altered }));
    await expect(place.put('p', pieces(BYTES))).rejects.toThrow('HTTP 422: UnprocessableEntity');
    expect(await under.everything()).toEqual([]);
  });

  test('a quota is told, and so is a full disk', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    {
      await using _full = await under.fill(1_000_000);
      const writing = place.put('p', pieces(BYTES));
      await expect(writing).rejects.toThrow(OperationError);
      await expect(writing).rejects.toThrow(
        /the quota of the container or the account is used up.*: QuotaExceeded/,
      );
    }
    failing('PUT', 9, async () => answer(507));
    await expect(putText(place, 'p', 'x')).rejects.toThrow(OperationError);
    expect(await under.everything()).toEqual([]);
  });

  test('a list that is stale shows what was there before, and a look at the name what is there', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    await putText(place, 'b', 'x');
    let old: Buffer | undefined;
    strike = (request, asked) => {
      if (request.method !== 'GET' || !request.url.includes('format=json') || request.url.includes('marker'))
        return undefined;
      return asked().then(async (came) => {
        old ??= await allOf(came.body);
        return { ...came, body: Readable.from([old]) };
      });
    };
    const before = await listed(place);
    await putText(place, 'a', 'x');
    // The second page is fresh, and goes on behind the last name.
    expect(await listed(place)).toEqual(before);
    expect(before.map(({ name }) => name)).toEqual(['b']);
    expect(await place.head('a')).toMatchObject({ size: 1 });
    strike = () => undefined;
    expect((await listed(place)).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await textOf(place, 'a')).toBe('x');
  });

  test('a container that is not there is never made', async () => {
    const container = `missing-${randomUUID()}`;
    const place = await swiftPlace({ client: async () => client, container, prefix: '' });
    for (const asked of [place.prepare(), putText(place, 'p', 'x'), place.get('p'), listed(place)]) {
      await expect(asked).rejects.toThrow(InputError);
      await expect(asked).rejects.toThrow(`there is no container ${container} in project ${DEMO}`);
      await expect(asked).rejects.toMatchObject({
        hint: expect.stringContaining(`openstack container create ${container}`),
      });
    }
    await expect(listObjects(client, container, '', undefined)).rejects.toThrow('HTTP 404: NoSuchBucket');
  });
});
