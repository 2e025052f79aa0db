import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { list } from '../../src/commands/list.ts';
import { prune } from '../../src/commands/prune.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import { verify } from '../../src/commands/verify.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { handClock } from '../support/hand-clock.ts';
import type { Told } from '../support/in-process.ts';

const MIB = 1024 ** 2;
const GIVEN = { store: 'directory:store', 'allow-unsigned': 'true' };

let world: EmbeddedWorld;
let run: Runner;
let volume: string;
const digests: string[] = [];
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 'manual', gibBytes: 2 * MIB });
  const clock = handClock(world.cloud);
  run = runnerOf(world, () => clock);
  await world.makeVolume({ name: 'db', content: randomBytes(MIB) });
  volume = [...world.cloud.state.volumes.values()].find(({ name }) => name === 'db')?.id ?? '';
  for (let night = 0; night < 3; night += 1) {
    clock.pass(86_400_000);
    await world.write(volume, night * 70_000, randomBytes(1000));
    digests.push(await world.digest(volume));
    const raw = { volumes: 'db', method: 'image', store: GIVEN.store, publish: 'directory:nights' };
    expect((await run(backupVolume, raw)).code).toBe(0);
  }
}, 120_000);
afterAll(() => world.close());

interface Listed {
  readonly state: string;
  readonly why: string;
  readonly time: string;
  readonly point: string;
}

async function listed(): Promise<Listed[]> {
  const told = await run(list, { store: GIVEN.store, manifest: 'directory:nights', volume: 'db' });
  expect([told.error, told.code]).toEqual(['', 0]);
  const points = JSON.parse(told.outputs['points'] ?? '') as Listed[];
  return points.toSorted((a, b) => a.time.localeCompare(b.time));
}

/** Whether prune keeps each of these. */
function keptIn({ outputs }: Told, points: readonly Listed[]): (boolean | undefined)[] {
  const told = JSON.parse(outputs['points'] ?? '') as { point: string; keep: boolean }[];
  return points.map(({ point }) => told.find((one) => one.point === point)?.keep);
}

test('a point of which an object is gone is broken to list, at and prune, and latest names an older one', async () => {
  const before = await listed();
  expect(before.map(({ state }) => state)).toEqual(['whole', 'whole', 'whole']);
  const folder = join(world.directory, 'store', `volume-${volume}`, 'data');
  const own = (await readdir(folder)).find((name) => name.startsWith(before[2]?.point ?? '')) ?? '';
  await rename(join(folder, own), join(world.directory, own));

  const after = await listed();
  expect(after.map(({ state }) => state)).toEqual(['whole', 'whole', 'broken']);
  expect(after[2]?.why).toMatch(/, 1 of \d+ objects is missing: object volume-/);

  const raw = { ...GIVEN, manifest: 'latest:nights', volume: 'db' };
  const failed = await run(restoreVolume, { ...raw, name: 'latest' });
  expect([failed.code, failed.log]).toEqual([1, expect.any(String)]);
  expect(failed.log + failed.error).toContain(`(restore point ${before[1]?.point})`);

  const old = await run(restoreVolume, { ...raw, at: new Date(Date.now() + 1e9).toISOString(), name: 'old' });
  expect([old.code, old.log]).toEqual([0, expect.stringContaining(`restore point ${before[2]?.point}`)]);
  const made = [...world.cloud.state.volumes.values()].find(({ name }) => name === 'old')?.id ?? '';
  expect(await world.digest(made)).toBe(digests[1]);

  // The newest that is complete counts as the last one.
  const rules = { ...GIVEN, manifest: 'directory:nights', 'keep-last': '1', 'min-copies': '1' };
  const shown = await run(prune, rules, { dryRun: true });
  expect(keptIn(shown, before)).toEqual([false, true, true]);
  await rename(join(world.directory, own), join(folder, own));
});

test('an object that verify saw damaged in one point makes all broken that need it, until it is good again', async () => {
  const before = await listed();
  const path = join(world.directory, 'store', `volume-${volume}`, 'data', `${before[0]?.point}-0`);
  const bytes = await readFile(path);
  const bad = Buffer.from(bytes);
  bad.writeUInt8(bad.readUInt8(bad.length >> 1) ^ 1, bad.length >> 1);
  const first = {
    store: GIVEN.store,
    manifest: 'directory:nights',
    publish: 'directory:nights',
    volume: 'db',
    at: before[0]?.time ?? '',
  };
  await writeFile(path, bad);
  const seen = await run(verify, first);
  expect([seen.code, JSON.parse(seen.outputs['verified'] ?? '')]).toEqual([1, [expect.anything()]]);
  const after = await listed();
  expect(after.map(({ state }) => state)).toEqual(['broken', 'broken', 'broken']);
  expect(after[2]?.why).toContain(`${before[0]?.point}-0`);
  expect(after[2]?.why).toContain('`refresh: 1`');
  const rules = { ...GIVEN, manifest: 'directory:nights', 'keep-last': '1', 'min-copies': '1' };
  const shown = await run(prune, rules, { dryRun: true });
  expect(keptIn(shown, before)).toEqual([true, true, true]);

  await writeFile(path, bytes);
  expect((await run(verify, first)).code).toBe(0);
  expect((await listed()).map(({ state }) => state)).toEqual(['whole', 'whole', 'whole']);
});
