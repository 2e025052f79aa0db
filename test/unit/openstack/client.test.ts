import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { id, moment } from '../../../src/decode.ts';
import { decoded, refusal } from '../../../src/openstack/answers.ts';
import { readBytes } from '../../../src/openstack/body.ts';
import { checkRegion, endpointOf, plainDoubt, splitVersion } from '../../../src/openstack/catalog.ts';
import { parseCloud } from '../../../src/openstack/config/parse.ts';
import { CloudError, isUncertain, wordsOf } from '../../../src/openstack/errors.ts';
import { atLeast, lower, parseMicroversion } from '../../../src/openstack/microversions.ts';
import { backoff, createOnce, retry, retryAfter } from '../../../src/openstack/retry.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { FakeClock } from '../../support/clock.ts';
import { openEmbedded } from '../../support/embedded.ts';

const auth = { auth_url: 'https://c.example', username: 'u', password: 'x', project_name: 'p' };
const failure = (status: number | undefined, retryAfterMs?: number) =>
  new CloudError({ doing: 'x', status, words: 'w', retryAfterMs });

describe('the catalogue', () => {
  const catalog = [
    {
      type: 'volumev3',
      name: 'cinder',
      endpoints: [
        { interface: 'public', region: 'R1', url: 'https://c.example/volume/v3/p1/' },
        { interface: 'public', region: 'R2', url: 'https://c.example/r2/v3/p1' },
        { interface: 'internal', region: 'R1', url: 'http://10.0.0.1:8776/v3/p1' },
      ],
    },
  ];
  const find = (settings: object) =>
    endpointOf('block-storage', catalog, parseCloud('c', { auth, ...settings }));

  test('is searched by type, interface and region', () => {
    expect(find({})).toBe('https://c.example/volume/v3/p1');
    expect(find({ region_name: 'R2' })).toBe('https://c.example/r2/v3/p1');
    expect(find({ interface: 'internal' })).toBe('http://10.0.0.1:8776/v3/p1');
  });

  test('of several regions wants one named, and lists them', () => {
    const check = (settings: object) => checkRegion(catalog, parseCloud('c', { auth, ...settings }));
    expect(() => check({})).toThrow('cloud "c" has several regions, and none is chosen: R1, R2');
    expect(check({ region_name: 'R2' })).toBeUndefined();
    expect(check({ interface: 'internal' })).toBeUndefined();
    expect(check({ volumev3_endpoint_override: 'https://mine.example/v3/p1' })).toBeUndefined();
  });

  test('of object storage in several regions is asked only where it is used', () => {
    const endpoints = ['R1', 'R2'].map((region) => ({
      interface: 'public',
      region,
      url: `https://${region}.example/swift/v1/AUTH_p1`,
    }));
    const both = [{ type: 'object-store', name: 'swift', endpoints }];
    const check = (settings: object, ...services: Parameters<typeof checkRegion>[2][]) =>
      checkRegion(both, parseCloud('c', { auth, ...settings }), ...services);
    expect(check({})).toBeUndefined();
    expect(() => check({}, ['object-store'])).toThrow('several regions, and none is chosen: R1, R2');
    expect(check({ object_store_region_name: 'R2' }, ['object-store'])).toBeUndefined();
  });

  test('gives way to the caller', () => {
    expect(find({ volumev3_endpoint_override: 'https://mine.example/v3/p1' })).toBe(
      'https://mine.example/v3/p1',
    );
  });

  test('without the service says what it has', () => {
    expect(() => find({ region_name: 'R9' })).toThrow('no public endpoint for block-storage in region R9');
    expect(() => endpointOf('key-manager', catalog, parseCloud('c', { auth }))).toThrow(
      'no public endpoint for key-manager',
    );
  });

  test('that leads from https to http is warned of, and refused where `verify` was asked for', () => {
    const doubt = (settings: object) => {
      const config = parseCloud('c', { auth, interface: 'internal', ...settings });
      return plainDoubt('block-storage', endpointOf('block-storage', catalog, config), config);
    };
    expect(doubt({})).toContain('the endpoint of block-storage is http://10.0.0.1:8776/v3/p1, without TLS');
    expect(() => doubt({ verify: true })).toThrow('without TLS');
    expect(() => doubt({ verify: '/ca.pem' })).toThrow('without TLS');
    expect(doubt({ verify: true, interface: 'public' })).toBeUndefined();
    expect(doubt({ verify: true, auth: { ...auth, auth_url: 'http://c.example' } })).toBeUndefined();
    expect(doubt({ verify: true, volume_endpoint_override: 'http://mine' })).toContain('is http://mine');
  });

  test.each([
    ['https://c.example/volume/v3/p1', 'https://c.example/volume', 'v3', '/p1'],
    ['https://c.example/volume/v2/p1', 'https://c.example/volume', 'v2', '/p1'],
    ['https://c.example:8776', 'https://c.example:8776', 'v3', ''],
    ['https://c.example/v3', 'https://c.example', 'v3', ''],
  ])('%s has its root, version and the rest told apart', (endpoint, root, path, rest) => {
    const versioned = `${root}/${path}${rest}`;
    expect(splitVersion('block-storage', endpoint)).toEqual({ root, versioned, path, rest });
  });
});

describe('microversions', () => {
  test('are numbers, not decimals', () => {
    const have = parseMicroversion('3.47') ?? { major: 0, minor: 0 };
    expect(atLeast(have, '3.9')).toBe(true);
    expect(atLeast(have, '3.47')).toBe(true);
    expect(atLeast(have, '3.64')).toBe(false);
    expect(atLeast(have, '2.1')).toBe(false);
    expect(lower(have, { major: 3, minor: 9 })).toEqual({ major: 3, minor: 9 });
    expect(parseMicroversion('3')).toBeUndefined();
  });
});

describe('what is repeated', () => {
  const attempt = async (idempotent: boolean, ...outcomes: (CloudError | string)[]) => {
    const clock = new FakeClock();
    const started = clock.now();
    let tries = 0;
    const result = await retry(
      idempotent,
      async () => {
        const outcome = outcomes[tries++];
        if (outcome instanceof CloudError) throw outcome;
        return outcome;
      },
      { clock, log: silentLog, random: () => 0 },
    ).catch((error: CloudError) => error.status ?? 'no answer');
    return { result, tries, waited: clock.now() - started };
  };

  test.each([500, 502, 503, 504, undefined])('a read after %s', async (status) => {
    expect(await attempt(true, failure(status), failure(status), 'ok')).toEqual({
      result: 'ok',
      tries: 3,
      waited: 1500,
    });
  });

  test.each([400, 401, 403, 404, 409, 413])('no request after %i', async (status) => {
    expect(await attempt(true, failure(status))).toMatchObject({ result: status, tries: 1 });
  });

  test('a create is repeated only when it was surely not carried out', async () => {
    expect(await attempt(false, failure(429, 7000), 'ok')).toEqual({ result: 'ok', tries: 2, waited: 7000 });
    expect(await attempt(false, failure(503))).toMatchObject({ result: 503, tries: 1 });
    expect(await attempt(false, failure(undefined))).toMatchObject({ result: 'no answer', tries: 1 });
  });

  test('a limit of requests is waited for longer than the minute that it counts by, a quota is not', async () => {
    const limited = await attempt(false, ...Array.from({ length: 30 }, () => failure(429)));
    expect(limited).toMatchObject({ result: 429, tries: 9 });
    expect(limited.waited).toBeGreaterThan(60_000);
    expect(await attempt(false, ...Array.from({ length: 7 }, () => failure(429)), 'ok')).toMatchObject({
      result: 'ok',
    });
    expect(await attempt(false, failure(413, 3000), 'ok')).toMatchObject({ result: 'ok', waited: 3000 });
    expect(await attempt(true, failure(413, 0), 'ok')).toMatchObject({ result: 413, tries: 1 });
    expect(failure(413, 3000).hint).toContain('limits the rate of requests');
    expect(failure(413, 0).hint).toContain('quota');
  });

  test('no more than five times', async () => {
    expect(await attempt(true, ...Array.from({ length: 9 }, () => failure(503)))).toMatchObject({
      result: 503,
      tries: 5,
    });
  });

  test('the wait is bounded, whatever the cloud asks for', () => {
    expect(backoff(1, failure(429, 86_400_000), () => 0)).toBe(60_000);
    expect(backoff(20, failure(503), () => 1)).toBe(60_000);
  });

  test('Retry-After in both of its forms', () => {
    expect(retryAfter('3', 0)).toBe(3000);
    expect(retryAfter('Thu, 01 Jan 1970 00:00:09 GMT', 4000)).toBe(5000);
    expect(retryAfter('soon', 0)).toBeUndefined();
    expect(retryAfter(undefined, 0)).toBeUndefined();
  });
});

describe('a create', () => {
  const create = async (outcomes: (CloudError | string)[], found: (string | undefined)[]) => {
    let tries = 0;
    let looks = 0;
    const result = await createOnce(
      async () => {
        const outcome = outcomes[tries++];
        if (outcome instanceof CloudError) throw outcome;
        return outcome;
      },
      async () => found[looks++],
      { clock: new FakeClock(), log: silentLog, random: () => 0 },
    ).catch((error: CloudError) => error.status);
    return { result, tries, looks };
  };

  test('whose answer was lost is found again, not repeated', async () => {
    expect(await create([failure(undefined)], ['made'])).toEqual({ result: 'made', tries: 1, looks: 1 });
    expect(await create([failure(504)], ['made'])).toEqual({ result: 'made', tries: 1, looks: 1 });
  });

  test('that was not carried out is repeated', async () => {
    expect(await create([failure(502), 'second'], [undefined])).toEqual({
      result: 'second',
      tries: 2,
      looks: 1,
    });
  });

  test('that the service itself failed is looked for, and not repeated', async () => {
    expect(await create([failure(500), 'never'], [undefined])).toEqual({ result: 500, tries: 1, looks: 1 });
    expect(await create([failure(500)], ['made'])).toEqual({ result: 'made', tries: 1, looks: 1 });
  });

  test('that was refused is an error at once', async () => {
    expect(await create([failure(413)], [])).toEqual({ result: 413, tries: 1, looks: 0 });
  });
});

describe('answers', () => {
  test.each([
    ['{"badRequest": {"code": 400, "message": "Bad  volume\\nstate"}}', 'Bad volume state'],
    [
      '{"error": {"message": "The request you have made requires authentication.", "code": 401}}',
      'The request you have made requires authentication.',
    ],
    [
      '{"code": 403, "title": "Forbidden", "description": "Secret payload retrieval attempt not allowed"}',
      'Secret payload retrieval attempt not allowed',
    ],
    ['<html><head><title>413</title></head><body>Too <b>large</b></body></html>', 'Too large'],
    [
      '<html><head><title>413 Too Large</title></head><body><h1>413 Too Large</h1></body></html>',
      '413 Too Large 413 Too Large',
    ],
    ['404 Not Found\n\nNo image found with ID x\n\n   ', 'No image found with ID x'],
    ['{"message": "Image x is protected.<br /><br />\\n\\n", "title": "Forbidden"}', 'Image x is protected.'],
    ['', 'no explanation was given'],
    ['{}', 'no explanation was given'],
  ])('the words of %s', (body, words) => {
    expect(wordsOf(body)).toBe(words);
  });

  test.each([
    ['req-3f2a', 'req-3f2a'],
    ['x\n::error::y', undefined],
    ['x'.repeat(101), undefined],
    [undefined, undefined],
  ])('the id of request %j is shown as %j', async (given, shown) => {
    const headers = { 'x-openstack-request-id': given };
    const error = await refusal('x', { status: 409, headers, body: Readable.from([]) }, 0);
    expect(error.requestId).toBe(shown);
    expect(error.status).toBe(409);
  });

  test('one that broke off is none: what it was for may have been done', async () => {
    const reading = decoded(
      'x',
      async () => Promise.reject(new Error('other side closed')),
      () => 1,
    );
    await expect(reading).rejects.toMatchObject({
      status: undefined,
      words: 'the answer was cut short: other side closed',
    });
    expect(isUncertain(await reading.catch((error: unknown) => error))).toBe(true);
    const odd = await decoded(
      'x',
      async () => '<html>',
      () => 1,
    ).catch((error: unknown) => error);
    expect(isUncertain(odd)).toBe(false);
  });

  test('the words are cut', () => {
    expect(wordsOf('x'.repeat(9999)).length).toBe(501);
  });

  test('a time without a zone is UTC', () => {
    expect(moment({ at: '2026-11-23T01:34:31.000000' }, 'at')).toBe('2026-11-23T01:34:31.000Z');
    expect(moment({ at: '2026-11-23T01:34:31+01:00' }, 'at')).toBe('2026-11-23T00:34:31.000Z');
    expect(() => moment({ at: 'now' }, 'at')).toThrow('at is not a time');
  });

  test.each(['../x', 'a/b', 'a?b', '', 'a%2fb', 'x\ny'])('%j is not an id', (value) => {
    expect(() => id({ id: value }, 'id')).toThrow(TypeError);
  });

  test('a body that is too long is not read to its end', async () => {
    let given = 0;
    const long = Readable.from(
      (function* () {
        for (; given < 1000; given += 1) yield Buffer.alloc(1000);
      })(),
    );
    await expect(readBytes(long, 5000)).rejects.toThrow('longer than 5000 bytes');
    expect(long.destroyed).toBe(true);
    expect(given).toBeLessThan(100);
  });
});

describe("a token's age", () => {
  const HOUR = 3_600_000;

  test.each([-2 * HOUR, 0, 30 * HOUR])(
    'is told by its own times, also where our clock is %d ms off',
    async (off) => {
      const clock = new FakeClock(Date.now() + off);
      await using opened = await openEmbedded({}, { clock });
      const { session, asked } = opened;
      const { expiresAt, issuedAt } = session.scope;
      const life = Date.parse(expiresAt) - Date.parse(issuedAt);
      expect(life).toBeGreaterThan(HOUR / 2);
      // The cloud says its time in whole seconds.
      const near = (ms: number, meant: number) => Math.abs(ms - meant) < 5000;
      expect(near(await session.freshToken(), life)).toBe(true);
      await clock.sleep(55_000);
      expect(near(await session.freshToken(), life - 55_000)).toBe(true);
      const logins = () => asked('').filter((line) => line.endsWith('/auth/tokens')).length;
      expect(logins()).toBe(1);

      // Old for a long job, and then over.
      await clock.sleep(10_000);
      await session.freshToken();
      expect(logins()).toBe(2);
      const left = Date.parse(session.scope.expiresAt) - session.clock.now();
      await clock.sleep(left - 130_000);
      await (await session.service('image')).call(look);
      expect(logins()).toBe(2);
      await clock.sleep(15_000);
      await (await session.service('image')).call(look);
      expect(logins()).toBe(3);
    },
  );
  const look = { doing: 'x', method: 'GET', path: '/images', ok: [200], decode: () => undefined } as const;
});
