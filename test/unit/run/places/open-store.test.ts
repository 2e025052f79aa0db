import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../../src/errors.ts';
import {
  parseBandwidth,
  parseStoreKey,
  type StoreAccess,
  storeAccessInputs,
} from '../../../../src/inputs/store.ts';
import { parseInputs } from '../../../../src/inputs/table.ts';
import { silentLog } from '../../../../src/ports/log.ts';
import type { Context } from '../../../../src/run/context.ts';
import { checkedStore, openStore } from '../../../../src/run/places/open-store.ts';
import { storeOpener } from '../../../../src/run/places/storing.ts';

const CLOUD = { cloud: undefined, region: undefined, project: undefined, 'clouds-yaml': undefined };
const given = (more: Partial<StoreAccess> = {}) => ({
  ...CLOUD,
  ...parseInputs(storeAccessInputs, {}),
  ...more,
});
const checked = (text: string, more?: Partial<StoreAccess>) => checkedStore(text, given(more), '/work');

describe('a place of another input', () => {
  test.each([
    [
      's3://b',
      { 'store-cloud': 'c' },
      '`store-cloud` is for a store like swift://…, and `publish` is "s3://b"',
    ],
    ['s3://b?region=r2', { 's3-region': 'r1' }, '`publish` says region=r2, and `s3-region` is r1'],
    ['s3://-b', {}, 'publish "s3://-b": "-b" is no bucket'],
  ] satisfies [string, Partial<StoreAccess>, string][])(
    '%s with %j: it is named',
    (text, access, message) => {
      const check = () => checkedStore(text, given(access), '/work', 'publish');
      expect(check).toThrow(InputError);
      expect(check).toThrow(message);
      expect(check).not.toThrow('`store`');
    },
  );
});

describe('how to reach a place', () => {
  const endpoint = { 's3-endpoint': 'https://s3.example.com' };

  test.each([
    [{ manifest: 's3://b/manifests/x' }],
    [{ manifest: 'latest:s3://b' }],
    [{ manifest: ['artifact', 's3://b'] }],
    [{ publish: ['s3://b'] }],
  ])('is taken beside a store in a directory if %j lies there', (more) => {
    const all = { ...given(endpoint), store: 'directory:a', ...more };
    expect(checkedStore('directory:a', all, '/work').named.kind).toBe('directory');
    const swift = { ...given({ 'store-cloud': 'c' }), store: 'swift://c', ...more };
    expect(checkedStore('s3://b', swift, '/work', 'manifest').named).toMatchObject({ bucket: 'b' });
  });

  test.each([
    [{}],
    [{ manifest: 'latest:store', publish: ['artifact'] }],
    [{ manifest: 'swift://b' }],
    [{ manifest: 'directory:s3://b' }],
  ])('is refused if no place lies there: %j', (more) => {
    const all = { ...given(endpoint), store: 'directory:a', ...more };
    expect(() => checkedStore('directory:a', all, '/work')).toThrow(
      '`s3-endpoint` is for a store like s3://…, and `store` is "directory:a"',
    );
  });
});

describe("an S3 of one's own", () => {
  const opening = () => {
    const warned: string[] = [];
    const made = new Map<string, Promise<unknown>>();
    const host = {
      environment: { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' },
      log: { ...silentLog, warn: (line: string) => void warned.push(line) },
      clock: { now: () => 0, sleep: async () => undefined },
      secrets: { add: () => undefined },
      directory: '/work',
    };
    const context = {
      host,
      outside: () => ({ http: undefined, signal: () => new AbortController().signal }),
      once: (key: string, make: () => Promise<unknown>) => made.get(key) ?? made.set(key, make()).get(key),
    } as unknown as Context;
    const open = (text: string) => openStore(context, checked(text));
    const opener = (store: string) => storeOpener(context, { ...given(), store }, 'manifest');
    return { warned, open, opener };
  };

  test('is warned about without TLS, once for all that lies there', async () => {
    const { warned, open } = opening();
    for (const name of ['a', 'b']) await open(`s3://${name}${name}${name}?endpoint=http://s3.example.com`);
    expect(warned).toEqual([expect.stringContaining('http://s3.example.com is not https://')]);
  });

  test.each(['http://127.0.0.1:9000', 'https://s3.example.com'])('%s is fine', async (endpoint) => {
    const { warned, open } = opening();
    await open(`s3://aaa?endpoint=${endpoint}`);
    expect(warned).toEqual([]);
  });

  test('a manifest in the store is where the store is, though its name does not say so', async () => {
    const openPlace = opening().opener('s3://aaa/b?endpoint=http://127.0.0.1:9000');
    expect(await openPlace('s3://aaa/b')).toBe(await openPlace(undefined));
    expect(await openPlace('s3://aaa/c')).not.toBe(await openPlace(undefined));
  });
});

describe('a role', () => {
  const opening = (event: string) => {
    const asked: string[] = [];
    const host = {
      environment: {},
      github: { here: { event } },
      log: silentLog,
      clock: { now: () => 0, sleep: async () => undefined },
      secrets: { add: () => undefined },
      directory: '/work',
      identityToken: async (audience: string) => {
        asked.push(audience);
        throw new InputError('no token here');
      },
    };
    const context = {
      host,
      outside: () => ({ http: undefined, signal: () => undefined }),
      once: (_: string, make: () => Promise<unknown>) => make(),
    } as unknown as Context;
    const role = { 'store-role': 'arn:aws:iam::123456789012:role/backup' };
    return { asked, read: async () => (await openStore(context, checked('s3://aaa', role))).head('p') };
  };

  test.each(['pull_request', 'pull_request_target', 'pull_request_review'])(
    'is not taken where %s started the run',
    async (event) => {
      const { asked, read } = opening(event);
      await expect(read()).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining(event) });
      expect(asked).toEqual([]);
    },
  );

  test.each(['schedule', 'push', 'workflow_dispatch'])('is taken where %s did', async (event) => {
    const { asked, read } = opening(event);
    await expect(read()).rejects.toThrow('no token here');
    expect(asked).toEqual(['sts.amazonaws.com']);
  });
});

describe('a store', () => {
  test('in a directory is found from where the command runs', () => {
    expect(checked('directory:a').named).toEqual({ kind: 'directory', path: '/work/a' });
    expect(checked('directory:/a').named).toEqual({ kind: 'directory', path: '/a' });
  });

  test('takes endpoint and region from its name or from inputs, and both may say the same', () => {
    const access = { 's3-endpoint': 'https://s3.example.com/', 's3-region': 'r1' };
    const named = { endpoint: 'https://s3.example.com', region: 'r1' };
    expect(checked('s3://b', access).named).toMatchObject(named);
    expect(checked('s3://b?endpoint=https://s3.example.com&region=r1', access).named).toMatchObject(named);
    expect(checked('s3://b?region=r1').named).toMatchObject({ endpoint: undefined, region: 'r1' });
  });

  test.each([
    ['s3://b?region=r2', { 's3-region': 'r1' }, '`store` says region=r2, and `s3-region` is r1'],
    [
      's3://b?endpoint=https://a.example',
      { 's3-endpoint': 'https://b.example' },
      '`store` says endpoint=https://a.example, and `s3-endpoint` is https://b.example',
    ],
    ['s3://b', { 's3-endpoint': 'b.example' }, 'the endpoint of S3 is "b.example"'],
    ['s3://b', { 's3-access-key': 'k' }, '`s3-access-key` and `s3-secret-key` are needed together'],
    ['s3://b', { 's3-secret-key': 'k' }, '`s3-access-key` and `s3-secret-key` are needed together'],
    [
      's3://b',
      { 'store-role': 'arn:x', 's3-access-key': 'k', 's3-secret-key': 'k' },
      '`store-role` and `s3-access-key` contradict each other',
    ],
    [
      's3://b',
      { 'store-cloud': 'c' },
      '`store-cloud` is for a store like swift://…, and `store` is "s3://b"',
    ],
    ['swift://c', { 's3-region': 'r' }, '`s3-region` is for a store like s3://…, and `store` is "swift://c"'],
    ['directory:a', { 'store-role': 'arn:x' }, '`store-role` is for a store like s3://…'],
    ['directory:a', { bandwidth: 'fast' }, '`bandwidth` is "fast"'],
  ] satisfies [string, Partial<StoreAccess>, string][])('%s with %j is refused', (text, access, message) => {
    const check = () => checked(text, access);
    expect(check).toThrow(InputError);
    expect(check).toThrow(message);
  });
});

test.each([
  ['50MiB', 50 * 2 ** 20],
  ['1 GiB/s', 2 ** 30],
  ['512kib', 2 ** 19],
  ['1.5MiB', 1.5 * 2 ** 20],
  ['1KiB', 1024],
  [undefined, undefined],
])('the bandwidth %j is %j bytes per second', (text, rate) => expect(parseBandwidth(text)).toBe(rate));

test.each(['', '50', '50MB', '50Mbit/s', '-1MiB', '0MiB', '0.5KiB', 'MiB', '1e3KiB', '50MiB/min'])(
  'the bandwidth %j is refused',
  (text) => {
    expect(() => parseBandwidth(text)).toThrow(InputError);
    expect(() => parseBandwidth(text)).toThrow(`\`bandwidth\` is "${text}"`);
  },
);

const KEY = Buffer.alloc(32, 0xa5);
test.each([
  [KEY.toString('hex'), KEY],
  [KEY.toString('hex').toUpperCase(), KEY],
  [`${KEY.toString('base64')}\n`, KEY],
  [Buffer.alloc(32).toString('base64'), Buffer.alloc(32)],
  [undefined, undefined],
])('a key of the store is 32 bytes, however written: %j', (text, key) =>
  expect(parseStoreKey(text)).toEqual(key),
);

test.each([
  '',
  'hunter2hunter2hunter2hunter2hunter2hunter2!!',
  KEY.toString('hex').slice(1),
  `${KEY.toString('hex')}00`,
  KEY.toString('base64url'),
  KEY.subarray(1).toString('base64'),
  Buffer.alloc(33, 1).toString('base64'),
  `${KEY.toString('hex').slice(2)} 5`,
])('what is no key is refused and not shown: %j', (text) => {
  const parse = () => parseStoreKey(text);
  expect(parse).toThrow(InputError);
  expect(parse).toThrow(/^`store-key` is not a key of 32 bytes$/);
});
