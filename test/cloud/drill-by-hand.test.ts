import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
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
