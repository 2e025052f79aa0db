import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  coverageIn,
  failedIn,
  type StartWorld,
  savedIn,
  startedIn,
  startWorld,
} from '../support/start-only.ts';

let at: StartWorld;
let db: string;
beforeAll(async () => {
  at = await startWorld('  - {name: all, select: all, kinds: [volume], method: cinder-backup, every: 1d}');
  db = at.world.cloud.seed.addVolume({ name: 'db', bytes: randomBytes(5000) }).id;
}, 60_000);
afterAll(() => at.world.close());

/** The backup that was left to the cloud, finished. */
async function left() {
  const [one] = startedIn(await at.startOnly());
  await at.world.cloud.ticks.settle();
  const backup = at.world.cloud.state.backups.get(one?.id ?? '');
  if (backup === undefined) throw new Error('nothing was started');
  return backup;
}

test('a finished backup that may be a copy fails the run, covers nothing, and is told with what to do', async () => {
  const backup = await left();
  backup.createdAt = new Date(backup.createdAt.getTime() - 3 * 3_600_000);
  at.pass(2);
  expect(coverageIn(await at.run('report', { plan: 'plan.yml' }))).toEqual([
    expect.objectContaining({ name: 'db', status: 'stale' }),
  ]);
  const told = await at.flowing(at.apply());
  expect([told.code, told.error, told.outputs['due']]).toEqual([1, '', '1']);
  expect(failedIn(told)).toEqual([{ id: db, name: 'db', error: expect.stringContaining(backup.id) }]);
  expect(failedIn(told)[0]?.error).toMatch(
    /cannot be recorded: its tags were made at .*`restore-volume`.*openstack volume backup delete/,
  );
  expect(savedIn(told).map((point) => point.backup === backup.id)).toEqual([false]);
  const again = await at.flowing(at.apply());
  expect([again.code, again.outputs['due'], failedIn(again)]).toEqual([1, '0', failedIn(told)]);
  await at.world.cloud.ticks.settle();
  at.world.cloud.state.backups.delete(backup.id);
  expect((await at.flowing(at.apply())).code).toBe(0);
});

test('two that share their tags: each is told, and neither counts', async () => {
  at.pass(25);
  const backup = await left();
  // By its id the older one: nothing is made an increment of it.
  const copy = { ...backup, id: '00000000-0000-4000-8000-000000000000', metadata: { ...backup.metadata } };
  at.world.cloud.state.backups.set(copy.id, copy);
  at.pass(2);
  const told = await at.flowing(at.apply());
  expect([told.code, told.outputs['due'], failedIn(told).length]).toEqual([1, '1', 2]);
  expect(failedIn(told).map(({ error }) => error)).toEqual(
    expect.arrayContaining([expect.stringContaining(`shares its tags with backup ${copy.id}`)]),
  );
  at.world.cloud.state.backups.delete(copy.id);
  const next = await at.flowing(at.apply());
  expect(coverageIn(next).map(({ status, why }) => `${status}: ${why}`)).toEqual([
    expect.stringMatching(/^covered: /),
  ]);
  expect([next.code, savedIn(next).map(({ backup }) => backup)]).toEqual([0, [backup.id]]);
});

test('without a backup service, no further volume is put into backing-up', async () => {
  at.pass(25);
  const [hanging] = startedIn(await at.startOnly());
  const { state, seed } = at.world.cloud;
  const web = seed.addVolume({ name: 'web', bytes: randomBytes(5000) }).id;
  at.pass(1);
  const told = await at.startOnly();
  expect([told.code, startedIn(told)]).toEqual([1, []]);
  expect(failedIn(told)).toEqual([
    {
      id: web,
      name: 'web',
      error: expect.stringMatching(/no backup service started backup .* within 15 min/),
    },
  ]);
  expect(failedIn(told)[0]?.error).toContain(hanging?.id);
  expect(state.volumes.get(web)?.status).toBe('available');
  await at.world.cloud.ticks.settle();
  expect(startedIn(await at.startOnly()).map(({ name }) => name)).toEqual(['web']);
});
