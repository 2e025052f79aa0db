import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { prune } from '../../src/commands/prune.ts';
import { report } from '../../src/commands/report.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import { writePlan } from '../support/shop.ts';

const MIB = 1 << 20;
/** Compresses well. */
const text = (bytes: number) =>
  Buffer.from(
    randomBytes(bytes / 8)
      .toString('hex')
      .repeat(4),
  ).subarray(0, bytes);

let world: EmbeddedWorld;
let run: Runner;
let clock: HandClock;
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 'manual', gibBytes: 8 * MIB });
  clock = handClock(world.cloud);
  run = runnerOf(world, () => clock);
}, 60_000);
afterAll(() => world.close(), 60_000);

const store = 'directory:openstack-backups/payloads';

test('a disk that was encrypted by somebody: the report warns, and its last good point stays until a person agrees', async () => {
  const id = await world.makeVolume({ name: 'files', content: text(6 * MIB) });
  const entry = '{name: nightly, select: all, kinds: [volume], method: image, every: 1d}';
  const plan = (more = '') => writePlan(world, `store: ${store}\n${more}back-up: [${entry}]\n`);
  await plan();
  const night = async (change: () => Promise<void>) => {
    clock.pass(86_400_000);
    await change();
    const saved = await run(backupVolume, { volumes: id, store, method: 'image' });
    expect([saved.code, saved.error]).toEqual([0, '']);
    const [point] = JSON.parse(saved.outputs['restore-points'] ?? '[]') as { id: string }[];
    return String(point?.id);
  };
  const quiet = () => world.write(id, 3 * MIB, text(256 * 1024));
  const alarms = async () => {
    const told = await run(report, { plan: 'plan.yml' });
    return { told, alarms: JSON.parse(told.outputs['alarms'] ?? 'null') as { point: string }[] };
  };
  const nights: string[] = [];
  for (let count = 0; count < 6; count += 1) nights.push(await night(quiet));
  expect((await alarms()).alarms).toEqual([]);
  const struck = await night(() => world.write(id, 0, randomBytes(5 * MIB)));
  for (let count = 0; count < 2; count += 1) nights.push(await night(quiet));
  const before = nights[5];

  const seen = await alarms();
  expect(seen.alarms).toEqual([
    expect.objectContaining({ kind: 'volume', point: struck, what: 'rewritten' }),
  ]);
  expect(seen.told.summary).toContain('may have been encrypted before');
  expect(seen.told.code).toBe(0);

  const pruning = {
    'keep-last': '1',
    'min-copies': '1',
    store,
    'allow-unsigned': 'true',
    'allow-over-half': 'true',
  };
  const left = async (more = {}) => {
    const told = await run(prune, { ...pruning, ...more });
    expect([told.code, told.error]).toEqual([0, '']);
    const points = JSON.parse(told.outputs['points'] ?? '[]') as { point: string; keep: boolean }[];
    return points.filter(({ keep }) => keep).map(({ point }) => point);
  };
  expect(await left()).toEqual([nights[7], struck, before]);
  // The night's point says so itself: it does not need the points that are gone now.
  expect((await alarms()).alarms.map(({ point }) => point)).toEqual([struck]);
  expect(await left()).toEqual([nights[7], struck, before]);
  expect(await left({ accept: struck })).toEqual([nights[7]]);
}, 120_000);
