import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { backupImage } from '../../src/commands/backup-image.ts';
import { prune } from '../../src/commands/prune.ts';
import { restoreImage } from '../../src/commands/restore-image.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Runner, runnerOf } from '../support/faults.ts';

const GIVEN = { store: 'directory:store', 'allow-unsigned': 'true' };
const RULES = { ...GIVEN, manifest: 'directory:images', 'keep-last': '1', 'min-copies': '1' };
const DAY_MS = 86_400_000;

let world: EmbeddedWorld;
let run: Runner;
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  run = runnerOf(world);
}, 60_000);
afterAll(() => world.close());

async function files(part = ''): Promise<string[]> {
  const all = await readdir(join(world.directory, 'store'), { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.includes(part));
}

/** All that lies in the store becomes three days older. */
async function later(): Promise<void> {
  const then = (Date.now() - 3 * DAY_MS) / 1000;
  for (const file of await files()) await utimes(file, then, then);
}

test('prune removes maps first, and what nothing names two days later; the rest can be restored', async () => {
  await world.makeImage({ name: 'golden', bytes: randomBytes(200_000) });
  for (let night = 0; night < 2; night += 1)
    expect(
      (await run(backupImage, { images: 'golden', store: GIVEN.store, publish: 'directory:images' })).code,
    ).toBe(0);
  const [object = ''] = await files('/data/');
  const stray = join(dirname(object), `${randomUUID()}-0`);
  await writeFile(stray, 'of a run that died');
  await later();

  const shown = await run(prune, RULES, { dryRun: true });
  expect(JSON.parse(shown.outputs['freed'] ?? '')).toMatchObject({ objects: 1, bytes: 18 });
  expect(await files()).toContain(stray);
  const pruned = await run(prune, RULES);
  expect([pruned.code, JSON.parse(pruned.outputs['freed'] ?? '').objects]).toEqual([0, 1]);
  expect([(await files('/maps/')).length, (await files('/pruned/')).length]).toEqual([1, 1]);
  expect(await files()).not.toContain(stray);

  await later();
  const again = await run(prune, RULES);
  expect([again.code, JSON.parse(again.outputs['freed'] ?? '').objects]).toEqual([0, 1]);
  expect(await files('/pruned/')).toEqual([]);
  expect(await files()).toContain(object);
  const restored = await run(restoreImage, {
    ...GIVEN,
    manifest: 'latest:images',
    image: 'golden',
    name: 'back',
  });
  expect(restored.code).toBe(0);
});

test('a map that was altered keeps all of its folder, and is told', async () => {
  const [map = ''] = await files('/maps/');
  const [object = ''] = await files('/data/');
  const stray = join(dirname(object), `${randomUUID()}-0`);
  await writeFile(stray, 'x');
  const whole = await readFile(map);
  await writeFile(map, Buffer.from(whole).fill(0, whole.length - 4));
  await later();
  const told = await run(prune, RULES);
  expect(told.log).toMatch(/nothing of image-.* is cleaned up: .*SHA-256 differs/);
  expect(await files()).toContain(stray);
  const copies = (await files('/pruned/')).length;
  const [, command = ''] = /delete the manifest that names it, and then: (.*)/.exec(told.log) ?? [];
  expect(spawnSync('bash', ['-ec', command]).status).toBe(0);
  expect(await files('/maps/')).not.toContain(map);
  expect(await files('/pruned/')).toHaveLength(copies + 1);
  expect((await run(prune, RULES)).log).toMatch(
    /is not in the store, .*; if there is none, delete the manifest/,
  );
});
