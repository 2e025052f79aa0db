import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { storedRuns } from '../../../src/catalog/store.ts';
import { STORED } from '../../../src/manifest/files.ts';
import { sha256 } from '../../../src/manifest/parse.ts';
import type { Place } from '../../../src/store/place.ts';
import { cacheIn, noCache } from '../../support/manifest-cache.ts';
import { memoryPlace } from '../../support/memory-place.ts';

let path = '';
const said: string[] = [];
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'manifests-'));
  said.length = 0;
});
afterEach(() => rm(path, { recursive: true }));
const open = (at: string | undefined = path) => cacheIn(at, said);
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const bytes = Buffer.from('a manifest');
const other = Buffer.from('another');
const never = () => Promise.reject(new Error('downloaded'));

test.each([
  ['SHA-256, as GitHub', sha256],
  ['MD5, as S3 and Swift', md5],
])('gives a copy of that digest (%s)', async (_of, digest) => {
  expect(await open().get(digest(bytes), async () => bytes)).toEqual(bytes);
  expect(await open().get(digest(bytes), never)).toEqual(bytes);
});

test('asks GitHub for the copies only for the second, and keeps what is new', async () => {
  const cache = open();
  await cache.get(sha256(bytes), async () => bytes);
  await cache.save();
  expect(said).toEqual([]);
  await cache.get(sha256(other), async () => other);
  await cache.save();
  expect(said).toEqual([
    'restore true',
    expect.stringMatching(/^save openstack-backup-catalogue-v1-[0-9a-f]{64}$/),
  ]);
  await cache.save();
  expect(said).toHaveLength(2);
});

test('uses nothing that is not what its name says, and mends it', async () => {
  await writeFile(join(path, sha256(bytes)), 'poison');
  expect(await open().get(sha256(bytes), async () => bytes)).toEqual(bytes);
  expect(await open().get(sha256(bytes), never)).toEqual(bytes);
});

test('keeps nothing that is not of that digest, and nothing without one', async () => {
  expect(await open().get(sha256(bytes), async () => other)).toEqual(other);
  for (const none of [undefined, '', '../x', sha256(bytes).toUpperCase(), sha256(bytes).slice(1)])
    expect(await open().get(none, async () => bytes)).toEqual(bytes);
  expect(await readdir(path)).toEqual([]);
});

test('only its owner can read it', async () => {
  const inside = join(path, 'openstack-backup');
  await open(inside).get(sha256(bytes), async () => bytes);
  const modeOf = async (...names: string[]) => (await stat(join(inside, ...names))).mode & 0o777;
  expect([await modeOf(), await modeOf(sha256(bytes))]).toEqual([0o700, 0o600]);
});

test.each([
  ['cannot be written', () => join(path, 'file', 'x')],
  ['nobody has', () => undefined],
])('one that %s costs a download', async (_why, where) => {
  await writeFile(join(path, 'file'), '');
  const cache = cacheIn(where(), said);
  for (let times = 0; times < 3; times += 1)
    expect(await cache.get(sha256(bytes), async () => bytes)).toEqual(bytes);
  await cache.save();
  expect(said.filter((line) => line.startsWith('save'))).toEqual([]);
});

test('one that goes meanwhile costs nothing', async () => {
  const cache = open(join(path, 'inside'));
  await cache.get(sha256(bytes), async () => bytes);
  await cache.get(sha256(other), async () => other);
  await rm(join(path, 'inside'), { recursive: true });
  await cache.save();
  expect(await cache.get(sha256(bytes), async () => bytes)).toEqual(bytes);
});

test('lets go of what was not asked for longest, and of halves, but of no file of others', async () => {
  const old = new Date('2026-01-01');
  const put = async (name: string) => {
    await writeFile(join(path, name), name);
    await utimes(join(path, name), old, old);
  };
  for (let index = 0; index < 2001; index += 1) await put(md5(Buffer.from(String(index))));
  const halves = ['.0b0e7a53-6f2c-4f0e-9d5e-0d9f5d1c1a11', '.1b0e7a53-6f2c-4f0e-9d5e-0d9f5d1c1a11'];
  await put(halves[0] ?? '');
  await writeFile(join(path, halves[1] ?? ''), 'of a run that lives');
  await put('note');
  const cache = open();
  await cache.get(sha256(bytes), async () => bytes);
  await cache.get(sha256(other), async () => other);
  await cache.save();
  const names = await readdir(path);
  expect(names.filter((name) => /^[0-9a-f]{32,64}$/.test(name))).toHaveLength(2000);
  expect(names).toEqual(expect.arrayContaining([sha256(bytes), sha256(other), halves[1], 'note']));
  expect(names).not.toContain(halves[0]);
});

test('what is read again says so, and stays', async () => {
  const old = new Date('2026-01-01');
  await open().get(sha256(bytes), async () => bytes);
  await utimes(join(path, sha256(bytes)), old, old);
  await open().get(sha256(bytes), never);
  expect((await stat(join(path, sha256(bytes)))).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
});

test('a store whose list tells digests is not asked for a manifest twice; any other is', async () => {
  const inside = memoryPlace();
  const folder = `${STORED}/20261126T010203Z-0123abcd`;
  inside.held.set(`${folder}/manifest.json`, bytes);
  inside.held.set(`${folder}/manifest.json.sha256`, Buffer.from(`${sha256(bytes)}  manifest.json\n`));
  const listing = (digest: (name: string) => string | undefined): Place => ({
    ...inside,
    async *list(prefix) {
      for await (const one of inside.list(prefix)) yield { ...one, md5: digest(one.name) };
    },
  });
  const asked = async (place: Place, cache = open()) => {
    inside.asked.length = 0;
    for (const run of await storedRuns(place, cache))
      expect(await run.load()).toMatchObject({ bytes, digests: [sha256(bytes)] });
    return inside.asked.length;
  };
  const told = listing((name) => md5(inside.held.get(name) ?? bytes));
  expect([await asked(told), await asked(told), await asked(told, noCache())]).toEqual([2, 0, 2]);
  // As with keys of KMS: it looks like an MD5.
  const lies = listing((name) => md5(Buffer.from(name)));
  expect([await asked(lies), await asked(lies)]).toEqual([2, 2]);
  const silent = listing(() => undefined);
  expect([await asked(silent), await asked(silent)]).toEqual([2, 2]);
});
