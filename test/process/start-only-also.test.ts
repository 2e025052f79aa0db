import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Told } from '../support/in-process.ts';
import { type StartWorld, savedIn, startedIn, startWorld } from '../support/start-only.ts';

let at: StartWorld;
let db: string;
beforeAll(async () => {
  at =
    await startWorld(`  - {name: nightly, select: all, kinds: [volume], method: cinder-backup, every: 1d, max-age: 30d}
  - {name: away, select: all, kinds: [volume], method: image, every: 7d, also: true}
  - {name: second, select: all, kinds: [volume], method: cinder-backup, every: 1d, max-age: 30d, also: true}`);
  db = at.world.cloud.seed.addVolume({ name: 'db', bytes: randomBytes(5000) }).id;
}, 60_000);
afterAll(() => at.world.close());

/** The cloud goes on only until a backup is asked for. */
async function untilStarted(run: () => Promise<Told>): Promise<Told> {
  const { requests, ticks } = at.world.cloud;
  const from = requests.length;
  const isAsked = () =>
    requests.slice(from).some(({ method, path }) => method === 'POST' && path.endsWith('/backups'));
  const flow = setInterval(() => void (isAsked() || ticks.advance(1)), 2);
  return run().finally(() => clearInterval(flow));
}

/** The cloud goes on only when the run waits for a backup. */
async function whileWaiting(run: () => Promise<Told>): Promise<Told> {
  const from = at.world.cloud.requests.length;
  const told = run();
  while (!at.world.cloud.requests.slice(from).some(({ path }) => /\/backups\/[0-9a-f-]{36}$/.test(path)))
    await new Promise((resolve) => setTimeout(resolve, 5));
  return at.flowing(told);
}

test('what cannot be left to the cloud is saved before a backup of the same volume is started', async () => {
  const told = await untilStarted(at.startOnly);
  expect([told.code, told.error]).toEqual([0, '']);
  expect(savedIn(told).map(({ kind, name, backup }) => [kind, name, backup])).toEqual([
    ['volume', 'db', undefined],
  ]);
  expect(startedIn(told).map(({ resource }) => resource)).toEqual([db]);
  expect(told.summary).toContain('3 due, 1 started, 1 saved, 1 being backed up already');
  await at.world.cloud.ticks.settle();
});

test('a backup under way of another kind neither stands for it, nor is told as saved', async () => {
  at.pass(25);
  expect(startedIn(await at.startOnly())).toHaveLength(1);
  at.pass(24 * 7);
  const waiting = await whileWaiting(at.startOnly);
  expect([waiting.code, waiting.error]).toEqual([0, '']);
  expect(waiting.outputs['due']).toBe('1');
  expect(waiting.log).toContain('waiting until it is done');
  expect(savedIn(waiting).filter(({ backup }) => backup === undefined)).toHaveLength(1);
  expect(waiting.summary).toContain('1 due, all saved');
});
