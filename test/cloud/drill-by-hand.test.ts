import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Manifest } from '../../src/manifest/schema.ts';
import { s3Request } from '../fakes/s3/client.ts';
import { searchPath } from '../scenarios/by-hand.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';
import type { World } from '../scenarios/world.ts';
import { GATEWAY } from './buckets.ts';
import { realWorld } from './world.ts';

const content = zstdDecompressSync(readFileSync(join(import.meta.dirname, '../fixtures/disks/ext4.zst')));
const bucket = `by-hand-${randomBytes(8).toString('hex')}`;
const store = `s3://${bucket}/production?endpoint=${GATEWAY.endpoint}&region=${GATEWAY.region}`;
const keeper = await makeKeeper();
let world: World;
let environment: Readonly<Record<string, string>>;
let rooms: string;

const run = async (...words: string[]) => expectExit(await world.tool(words, { environment }), 0);
const drill = async (...words: string[]) => {
  const all = ['drill', '--by-hand', '--allow-unsigned', '--pick', 'latest', '--json', ...words];
  return (await run(...all)).json;
};

beforeAll(async () => {
  world = await realWorld();
  rooms = join(world.directory, 'rooms');
  await mkdir(rooms);
  await s3Request(GATEWAY, 'PUT', `/${bucket}`);
  environment = {
    ...keeper.environment,
    AWS_ACCESS_KEY_ID: GATEWAY.id,
    AWS_SECRET_ACCESS_KEY: GATEWAY.secret,
    TMPDIR: rooms,
    PATH: `${await searchPath()}:/usr/sbin`,
  };
});
afterAll(() => world.close());

test('a sealed volume in S3, with its manifest sealed beside it: opened, then restored, by RESTORE.md alone', async () => {
  const id = await world.makeVolume({ name: 'h-vault', content });
  const sealed = ['--recipients', keeper.recipient, '--publish', 'store'];
  await run('backup-volume', '--volumes', id, '--method', 'image', '--store', store, ...sealed);
  const from = ['--manifest', 'store', '--store', store, '--volume', id, '--identity', 'env:IDENTITY'];
  const seen = [
    expect.stringMatching(/^by hand: .* age, /),
    expect.stringMatching(/^all .*bytes are/),
    'ext4',
  ];
  expect(await drill(...from)).toMatchObject({ reached: 'L2', seen });
  expect(await drill(...from, '--level', 'volume')).toMatchObject({ reached: 'L3', seen });
  const shown = await run('list', '--json', ...from);
  expect(shown.json['points']).toMatchObject([{ drilled: { byHand: { reached: 'L3' } } }]);
  expect(await world.leftBehind()).toEqual({ volumes: [id] });
  expect(await readdir(rooms)).toEqual([]);
}, 180_000);

test('a Cinder backup: restored by RESTORE.md alone, and nothing but its volume is left', async () => {
  const id = await world.makeVolume({ name: 'h-kept', content });
  await run('backup-volume', '--volumes', id, '--method', 'cinder-backup');
  const before = await world.leftBehind();
  expect(await drill('--volume', id, '--level', 'volume')).toMatchObject({
    reached: 'L3',
    seen: [expect.stringMatching(/^by hand: .*openstack/), 'ext4'],
  });
  expect(await world.leftBehind()).toEqual(before);
  expect(await readdir(rooms)).toEqual([]);
}, 180_000);

test('a server in S3, disk by disk: its own root disk, and a sealed volume with its key', async () => {
  const vault = await world.makeVolume({ name: 'h-disk', type: 'luks', content });
  const { id } = await world.makeServer({ name: 'h-server', image: true, volumes: [{ id: vault }] });
  const sealed = ['--recipients', keeper.recipient, '--publish', 'store'];
  await run('backup-server', '--servers', id, '--method', 'image', '--store', store, ...sealed);
  const before = await world.leftBehind();
  const from = ['--manifest', 'store', '--store', store, '--identity', 'env:IDENTITY', '--level', 'volume'];
  const { reached, seen } = await drill('--server', id, ...from);
  expect({ reached, seen }).toEqual({
    reached: 'L3',
    seen: expect.arrayContaining([
      expect.stringMatching(/^by hand: .* age, .*openstack/),
      expect.stringMatching(/^root disk: all .*bytes are what was saved/),
      expect.stringMatching(/^\/dev\/\w+: LUKS.*, opened by its saved key$/),
      expect.stringMatching(/^\/dev\/\w+: ext4$/),
    ]),
  });
  const secret = (await run('list', '--json', ...from.slice(0, 6))).json['points'] as {
    kind: string;
    id: string;
  }[];
  const key = secret.find(({ kind }) => kind === 'secret')?.id ?? '';
  expect(await drill('--secret', key, ...from)).toMatchObject({ kind: 'secret', reached: 'L3' });
  expect(await world.leftBehind()).toEqual(before);
  expect(await readdir(rooms)).toEqual([]);
}, 240_000);

test('an image: restored by RESTORE.md alone; with a flipped byte in the store, it fails, and so does the data', async () => {
  const id = await world.makeImage({ name: 'h-image', bytes: content });
  const away = ['--store', `directory:${world.directory}/payloads`];
  await run('backup-image', '--images', id, ...away);
  const before = await world.leftBehind();
  const words = ['--image', id, '--level', 'volume', ...away];
  expect(await drill(...words)).toMatchObject({ kind: 'image', reached: 'L3' });
  const folder = join(world.directory, 'payloads', `image-${id}`, 'data');
  const path = join(folder, (await readdir(folder))[0] ?? '');
  const bytes = await readFile(path);
  bytes[bytes.length - 60] = (bytes[bytes.length - 60] ?? 0) ^ 1;
  await writeFile(path, bytes);
  const all = ['drill', '--by-hand', '--allow-unsigned', '--pick', 'latest', '--json', ...words];
  const { json } = expectExit(await world.tool(all, { environment }), 1);
  expect(json).toMatchObject({ result: 'failed', why: expect.stringContaining('is damaged') });
  const { drilled = [] } = JSON.parse(await readFile(String(json['manifest']), 'utf8')) as Manifest;
  expect(drilled.map(({ by, result }) => `${by} ${result}`)).toEqual(['hand failed', 'undefined failed']);
  expect(await world.leftBehind()).toEqual(before);
}, 180_000);
