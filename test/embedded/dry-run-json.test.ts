import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';

/** `--dry-run --json` of every command: the plan, nothing else on standard output, and no key in it. */
const keeper = await makeKeeper();
const key = randomBytes(32);
let world: EmbeddedWorld;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const { seed } = world.cloud;
  const volume = seed.addVolume({ name: 'db', size: 2, bootable: true });
  seed.addServer({ name: 'shop', volumes: [volume] });
  await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'golden' });
  seed.addSecret(key, { name: 'backup-key' });
});
afterAll(() => world.close());

async function run(code: number, ...words: string[]) {
  return expectExit(await world.tool([...words, '--json'], { environment: { ...keeper.environment } }), code)
    .json;
}

const KINDS = [
  ['volume', 'backup-volume', '--volumes', 'db', 'restore-volume'],
  ['server', 'backup-server', '--servers', 'shop', 'restore-server'],
  ['image', 'backup-image', '--images', 'golden', 'restore-image'],
  ['secret', 'export-secret', '--secrets', 'backup-key', 'restore-secret'],
] as const;

test.each(KINDS)('of a %s', async (kind, save, option, name, restore) => {
  const saving = [save, option, name, '--recipients', keeper.recipient];
  const before = world.cloud.requests.length;
  const planned = await run(0, ...saving, '--dry-run');
  expect(planned).toMatchObject({ plan: { save: [{ kind, name }], refused: [] } });
  if (kind !== 'secret')
    expect(planned).toMatchObject({ plan: { save: [{ sizeBytes: kind === 'image' ? 1000 : 2 * 2 ** 30 }] } });

  const saved = await run(0, ...saving);
  expect(saved['restore-points']).toEqual(expect.arrayContaining([expect.objectContaining({ kind, name })]));
  const manifest = String(saved['manifest']);
  const restoring = [restore, '--manifest', manifest, '--allow-unsigned', '--identity', 'env:IDENTITY'];
  const back = await run(0, ...restoring, '--name', 'again', '--dry-run');
  expect(back).toMatchObject({ plan: { restore: [{ kind, name: 'again' }] } });
  for (const text of [JSON.stringify(planned), JSON.stringify(back)])
    for (const encoding of ['hex', 'base64', 'latin1'] as const)
      expect(text).not.toContain(key.toString(encoding));
  expect(world.cloud.requests.length).toBeGreaterThan(before);
});

test('what is refused stands in it, and the exit is 1', async () => {
  const broken = world.cloud.seed.addVolume({ name: 'broken', size: 1 });
  broken.status = 'error';
  const { plan } = await run(1, 'backup-volume', '--volumes', 'broken', '--dry-run');
  expect(plan).toMatchObject({
    save: [],
    refused: [{ kind: 'volume', id: broken.id, name: 'broken', error: expect.stringContaining('is error') }],
  });
});

test('an error is one object on standard output', async () => {
  expect(await run(2, 'backup-volume', '--volumes', 'nope', '--dry-run')).toEqual({
    error: { message: expect.stringContaining('nope'), hint: expect.any(String), exit: 2 },
  });
  expect(await run(2, 'backup-volume', '--volmes', 'x')).toEqual({
    error: { message: 'unknown option --volmes', hint: expect.stringContaining('--volumes'), exit: 2 },
  });
  expect(await run(2, 'restore-volume', '--manifest', 'nope', '--volume', 'db')).toHaveProperty('error');
});
