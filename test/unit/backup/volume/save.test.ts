import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { planSnapshot } from '../../../../src/backup/volume/plan.ts';
import { decide } from '../../../../src/chain/decide.ts';
import { backupVolume } from '../../../../src/commands/backup-volume.ts';
import type { Backup } from '../../../../src/openstack/blockstorage/v3/backups.ts';
import { type EmbeddedWorld, embeddedWorld } from '../../../scenarios/embedded.ts';
import { runnerOf } from '../../../support/faults.ts';
import { chainOf, snapshot, volume } from '../../../support/records.ts';

// Whole commands, on machines that may be busy.
jest.setTimeout(30_000);

let world: EmbeddedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const STATE = 'openstack-backup:state';

async function prepared(options: Parameters<typeof embeddedWorld>[0] = {}) {
  const opened = await embeddedWorld({ tickMs: 2, gibBytes: 1 << 22, ...options });
  world = opened;
  const { seed, state, faults } = opened.cloud;
  const run = runnerOf(opened);
  const points = (outputs: Readonly<Record<string, string | undefined>>) =>
    JSON.parse(outputs['restore-points'] ?? '[]') as { resource: string; backup: string; mode: string }[];
  return { world: opened, seed, state, faults, run, points };
}

test('of a snapshot is an increment of what was there before it, and of nothing later', () => {
  const [full, later] = chainOf(2) as [Backup, Backup];
  const of = volume({ id: full.volumeId });
  const plan = {
    volume: of,
    typeId: undefined,
    encryption: null,
    decision: { mode: 'full', reason: '' },
    wishes: { mode: 'auto', maxChain: 7 },
  } as const;
  const { wishes } = planSnapshot(plan, snapshot({ createdAt: '2026-11-01T12:00:00.000Z' }));
  expect(decide(of, [later, full], wishes)).toMatchObject({ mode: 'incremental', parent: full.id });
  expect(decide(of, [later, full], plan.wishes)).toMatchObject({ parent: later.id });
});

describe('a backup', () => {
  test('whose request is lost is made, and no earlier one is taken for it', async () => {
    const { seed, faults, run, points } = await prepared();
    const { id } = seed.addVolume({ name: 'db', bytes: randomBytes(1000) });
    const first = points((await run(backupVolume, { volumes: id })).outputs);
    faults.add({ when: { method: 'POST', path: /\/backups$/, times: 1 }, do: 'connection-reset' });
    const second = points((await run(backupVolume, { volumes: id })).outputs);
    expect([first.length, second.length]).toEqual([1, 1]);
    expect(second[0]?.backup).not.toBe(first[0]?.backup);
  });

  test('whose answer is lost is made once', async () => {
    const { seed, state, faults, run } = await prepared();
    const { id } = seed.addVolume({ name: 'db' });
    faults.add({ when: { method: 'POST', path: /\/backups$/, times: 1 }, do: 'lost-response' });
    expect((await run(backupVolume, { volumes: id })).code).toBe(0);
    expect(state.backups.size).toBe(1);
  });

  test('after a full one is an increment, to the cloud and in its tags, and stands as recorded', async () => {
    const { seed, state, run, points } = await prepared();
    const { id } = seed.addVolume({ name: 'db' });
    const modes: string[] = [];
    for (let link = 0; link < 3; link += 1)
      modes.push(points((await run(backupVolume, { volumes: id, 'max-chain': '2' })).outputs)[0]?.mode ?? '');
    expect(modes).toEqual(['full', 'incremental', 'full']);
    const made = [...state.backups.values()];
    expect(made.map(({ parentId }) => parentId)).toEqual([null, made[0]?.id, null]);
    expect(made.map(({ metadata }) => metadata[STATE])).toEqual(['recorded', 'recorded', 'recorded']);
  });

  test('is written to once, when a manifest lists it: the service loses what it is given before that', async () => {
    const { world: here, seed, state, run } = await prepared();
    const { id } = seed.addVolume({ name: 'db' });
    await run(backupVolume, { volumes: id });
    const [backup] = state.backups.values();
    const writes = here.cloud.requests.filter(
      ({ method, path }) => method === 'PUT' && path.includes('/backups/'),
    );
    expect(writes.length).toBe(1);
    expect(backup?.metadata).toMatchObject({ [STATE]: 'recorded', 'openstack-backup:backup': backup?.id });
  });

  test.each([0, 3])(
    'of a dead run that shares its tags with a copy is told and not taken up, %i hours later',
    async (hours) => {
      const { seed, state, run, points } = await prepared();
      const { id } = seed.addVolume({ name: 'db' });
      await run(backupVolume, { volumes: id });
      const [left] = state.backups.values();
      if (left === undefined) throw new Error('there is no backup');
      left.metadata = { ...left.metadata, [STATE]: 'started' };
      delete left.metadata['openstack-backup:backup'];
      const createdAt = new Date(left.createdAt.getTime() + hours * 3_600_000);
      const copy = { ...left, id: '33333333-3333-4333-8333-333333333333', createdAt };
      state.backups.set(copy.id, copy);
      const told = await run(backupVolume, { volumes: id });
      expect([told.code, points(told.outputs).length]).toEqual([0, 1]);
      for (const one of [left, copy]) {
        expect(told.log).toContain(
          `backup ${one.id} of an interrupted run is not adopted: it shares its tags`,
        );
        expect(one.metadata[STATE]).toBe('started');
      }
    },
  );

  test('is of the one that was meant, also where the cloud counts it with that a moment later', async () => {
    const { seed, state, run } = await prepared({ countedAfterMs: 40 });
    const { id } = seed.addVolume({ name: 'db' });
    const logs: string[] = [];
    for (let link = 0; link < 4; link += 1) logs.push((await run(backupVolume, { volumes: id })).log);
    const made = [...state.backups.values()];
    const parents = [undefined, made[0]?.id, made[1]?.id, made[2]?.id];
    expect(made.map(({ parentId }) => parentId ?? undefined)).toEqual(parents);
    expect(made.map(({ metadata }) => metadata['openstack-backup:parent'])).toEqual(parents);
    expect(logs.join('')).not.toContain('a moment before');
  });

  test('is an increment of what its tags say, also where all are of one second, as MySQL keeps times', async () => {
    const { seed, state, run, points } = await prepared({ wholeSeconds: true });
    const { id } = seed.addVolume({ name: 'db' });
    const modes: string[] = [];
    for (let link = 0; link < 6; link += 1)
      modes.push(points((await run(backupVolume, { volumes: id })).outputs)[0]?.mode ?? '');
    const made = [...state.backups.values()];
    expect(modes).toEqual(['full', ...Array.from({ length: 5 }, () => 'incremental')]);
    expect(new Set(made.map(({ createdAt }) => createdAt.getTime())).size).toBeLessThan(made.length);
    expect(made.map(({ metadata }) => metadata['openstack-backup:parent'] ?? null)).toEqual(
      made.map(({ parentId }) => parentId),
    );
  });

  test('is saved where the cloud does not say of which it is an increment: the tags stay as they were meant', async () => {
    const { seed, state, faults, run, points } = await prepared();
    const { id } = seed.addVolume({ name: 'db' });
    await run(backupVolume, { volumes: id });
    const path = /\/backups\/detail\?.*volume_id/;
    const planted = faults.add({ when: { method: 'GET', path, nth: 2 }, do: { status: 403 } });
    const told = await run(backupVolume, { volumes: id });
    expect(planted.hits).toBe(1);
    expect([told.code, points(told.outputs).map(({ mode }) => mode)]).toEqual([0, ['incremental']]);
    expect(told.log).toContain('the cloud does not show which backup');
    const [full, increment] = [...state.backups.values()];
    expect(increment?.metadata).toMatchObject({ [STATE]: 'recorded', 'openstack-backup:parent': full?.id });
  });

  test('that was made full is saved where the cloud does not take its tags at first', async () => {
    const { seed, state, faults, run, points } = await prepared({ forcedFull: true });
    const { id } = seed.addVolume({ name: 'db' });
    await run(backupVolume, { volumes: id });
    const path = /\/backups\/[0-9a-f-]{36}$/;
    const planted = faults.add({ when: { method: 'PUT', path }, do: { status: 403 } });
    const told = await run(backupVolume, { volumes: id });
    expect(planted.hits).toBe(1);
    expect([told.code, points(told.outputs).map(({ mode }) => mode)]).toEqual([0, ['full']]);
    expect([...state.backups.values()][1]?.metadata).toMatchObject({
      [STATE]: 'recorded',
      'openstack-backup:position': '0',
    });
  });

  test('of a volume in use is made by force, and one that is being backed up is not begun', async () => {
    const { world: here, seed, state, run } = await prepared();
    const { id } = seed.addVolume({ name: 'used' });
    await here.attach(id);
    expect((await run(backupVolume, { volumes: id })).code).toBe(0);
    const [backup] = state.backups.values();
    if (backup === undefined) throw new Error('there is no backup');
    backup.status = 'creating';
    const refused = await run(backupVolume, { volumes: id });
    expect([refused.code, refused.outputs['failed']]).toEqual([
      1,
      expect.stringContaining('is already being backed up'),
    ]);
    expect(state.backups.size).toBe(1);
    backup.status = 'available';
  });

  test('that fails is removed, and its volume named with the reason', async () => {
    const { seed, state, faults, run } = await prepared();
    const { id } = seed.addVolume({ name: 'db' });
    faults.add({ when: { method: 'POST', path: /\/backups$/ }, do: { failLater: 'the disk is on fire' } });
    const struck = await run(backupVolume, { volumes: id });
    expect(struck.outputs['failed']).toContain('the disk is on fire');
    expect(state.backups.size).toBe(0);
  });

  test('that is not done when the run has to end is left to the next one', async () => {
    const { seed, faults, run } = await prepared();
    const { id } = seed.addVolume({ name: 'db' });
    faults.add({ when: { method: 'POST', path: /\/backups$/ }, do: 'stuck' });
    const struck = await run(backupVolume, { volumes: id, deadline: '2' });
    expect(struck.outputs['failed']).toContain('did not finish before the run reached its deadline');
  }, 30_000);

  test('that a dead run finished is taken up for its own volume', async () => {
    const { seed, state, run } = await prepared();
    const [one, two] = ['one', 'two'].map((name) => seed.addVolume({ name }));
    for (const id of [one?.id ?? '', two?.id ?? '']) await run(backupVolume, { volumes: id });
    const left = [...state.backups.values()].find(({ volumeId }) => volumeId === two?.id);
    if (left === undefined) throw new Error('there is no backup');
    left.metadata[STATE] = 'started';
    const told = await run(backupVolume, { volumes: one?.id ?? '' });
    expect(told.code).toBe(0);
    const adopted = (
      JSON.parse(told.outputs['restore-points'] ?? '[]') as { backup: string; resource: string }[]
    ).filter(({ backup }) => backup === left.id);
    expect(adopted).toEqual([expect.objectContaining({ resource: two?.id })]);
  });

  test('that leaves the cloud does not leave without its key', async () => {
    const { seed, state, run } = await prepared({ capabilities: { luksHeaderInside: true } });
    const { id } = seed.addVolume({ name: 'vault', type: 'luks' });
    const store = 'directory:payloads';
    const refused = await run(backupVolume, { volumes: id, method: 'image', store });
    expect(refused.code).toBeGreaterThan(0);
    expect(`${refused.error}${refused.outputs['failed'] ?? ''}`).toContain('recipients');
    expect(state.images.size).toBe(1);
  });
});
