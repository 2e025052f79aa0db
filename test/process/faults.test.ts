import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readTags } from '../../src/chain/tags.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import type { FaultWhen } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { FAULTS, onlyOneClearError, type Runner, runnerOf } from '../support/faults.ts';

const BACKUP_STEPS: Readonly<Record<string, FaultWhen>> = {
  'logging in': { service: 'identity', method: 'POST' },
  'finding the versions': { service: 'volume', method: 'GET', path: /\/volume\/$/ },
  'listing the volumes': { method: 'GET', path: '/volumes/detail' },
  'listing the types': { method: 'GET', path: /\/types(\?|$)/ },
  'reading the encryption': { method: 'GET', path: '/encryption' },
  'reading the key': { method: 'GET', path: '/payload' },
  'reading the quota': { method: 'GET', path: '/limits' },
  'starting the backup': { method: 'POST', path: /\/backups$/ },
  'waiting for the backup': { method: 'GET', path: /\/backups\/[0-9a-f-]{36}$/ },
  'marking it as recorded': { method: 'PUT', path: /\/backups\/[0-9a-f-]{36}$/ },
};

const RESTORE_STEPS: Readonly<Record<string, FaultWhen>> = {
  'reading the backup': { method: 'GET', path: /\/backups\/[0-9a-f-]{36}$/ },
  'listing the types': { method: 'GET', path: /\/types(\?|$)/ },
  'reading the quota': { method: 'GET', path: '/limits' },
  'making the volume': { method: 'POST', path: /\/volumes$/ },
  'waiting for the volume': { method: 'GET', path: /\/volumes\/[0-9a-f-]{36}$/ },
  'setting the metadata': { method: 'PUT', path: '/metadata' },
  'setting the name': { method: 'PUT', path: /\/volumes\/[0-9a-f-]{36}$/ },
};

const worlds: EmbeddedWorld[] = [];
afterAll(async () => {
  for (const world of worlds) await world.close();
});

async function prepared(): Promise<{
  world: EmbeddedWorld;
  id: string;
  digest: string;
  manifest: string;
  run: Runner;
}> {
  const world = await embeddedWorld({ tickMs: 2 });
  worlds.push(world);
  const run = runnerOf(world);
  const id = await world.makeVolume({
    name: 'db',
    type: 'luks',
    content: randomBytes(10_000),
    metadata: { k: 'v' },
  });
  const first = await run(backupVolume, { volumes: id });
  expect(first.code).toBe(0);
  return { world, id, digest: await world.digest(id), manifest: first.outputs['manifest'] ?? '', run };
}

/** What must hold after every run, whatever struck it: nothing half done, nothing of before touched. */
function leftovers(world: EmbeddedWorld): string[] {
  const { backups, volumes } = world.cloud.state;
  return [
    ...[...backups.values()]
      .filter(({ status }) => status !== 'available')
      .map(({ id, status }) => `backup ${id} ${status}`),
    ...[...volumes.values()]
      .filter(({ description }) => /^openstack-backup /.test(description ?? ''))
      .map(({ id, status }) => `volume ${id} ${status}`),
  ];
}

describe('a fault in the middle of a backup', () => {
  for (const [step, when] of Object.entries(BACKUP_STEPS))
    for (const [fault, { deed, times = 1 }] of Object.entries(FAULTS))
      test(`${fault}, ${step}`, async () => {
        const { world, id, digest, manifest, run } = await prepared();
        const planted = world.cloud.faults.add({ when: { ...when, times }, do: deed });
        const struck = await run(backupVolume, { volumes: id });
        expect(planted.hits).toBeGreaterThan(0);
        onlyOneClearError(struck);
        world.cloud.faults.clear();
        await world.cloud.ticks.settle();

        expect(await world.digest(id)).toBe(digest);
        expect(world.cloud.state.volumes.get(id)?.status).toBe('available');
        const next = await run(backupVolume, { volumes: id });
        expect([next.code, next.error]).toEqual([0, '']);
        expect(leftovers(world)).toEqual([]);
        const ours = [...world.cloud.state.backups.values()].map(
          ({ id, metadata }) => readTags({ id, metadata: { ...metadata } })?.state,
        );
        expect(ours).toEqual(ours.map(() => 'recorded'));
        const restored = await run(restoreVolume, { manifest, 'allow-unsigned': 'true' });
        expect(restored.code).toBe(0);
        expect(await world.digest(restored.outputs['volume-id'] ?? '')).toBe(digest);
      }, 60_000);
});

describe('a fault in the middle of a restore', () => {
  for (const [step, when] of Object.entries(RESTORE_STEPS))
    for (const [fault, { deed, times = 1 }] of Object.entries(FAULTS))
      test(`${fault}, ${step}`, async () => {
        const { world, digest, manifest, run, id } = await prepared();
        const planted = world.cloud.faults.add({ when: { ...when, times }, do: deed });
        const struck = await run(restoreVolume, { manifest, 'allow-unsigned': 'true' });
        expect(planted.hits).toBeGreaterThan(0);
        onlyOneClearError(struck);
        world.cloud.faults.clear();
        await world.cloud.ticks.settle();
        // Struck before it had its data: no volume of that restore is left. Struck behind it: exactly one, and told.
        const restored = struck.outputs['volume-id'];
        const isNamed = () =>
          [...world.cloud.state.volumes.values()].filter(({ name }) => name?.startsWith('db'));
        expect(isNamed().map((volume) => volume.id)).toEqual(restored === undefined ? [id] : [id, restored]);
        expect(struck.code === 0).toBe(restored !== undefined && struck.outputs['kept'] === undefined);
        if (restored !== undefined) expect(await world.digest(restored)).toBe(digest);
        if (struck.code !== 0 && restored !== undefined)
          expect(struck.log).toMatch(
            new RegExp(`volume "db[^"]*" \\(${restored}\\) has all its data and is kept`),
          );

        const next = await run(restoreVolume, { manifest, 'allow-unsigned': 'true', name: 'second' });
        expect([next.code, next.error]).toEqual([0, '']);
        expect(await world.digest(next.outputs['volume-id'] ?? '')).toBe(digest);
        expect(leftovers(world).filter((left) => !left.includes(restored ?? 'none'))).toEqual([]);
        expect(await world.digest(id)).toBe(digest);
      }, 60_000);
});

describe('jobs that the cloud does not bring to their end', () => {
  test('a backup that fails later: the reason is told, the failed backup removed, the next run succeeds', async () => {
    const { world, id, digest, run } = await prepared();
    world.cloud.faults.add({
      when: { method: 'POST', path: /\/backups$/ },
      do: { failLater: 'the disk is on fire' },
    });
    const struck = await run(backupVolume, { volumes: id });
    expect([struck.code, struck.outputs['failed']]).toEqual([
      1,
      expect.stringContaining('the disk is on fire'),
    ]);
    expect(leftovers(world)).toEqual([]);
    expect(await world.digest(id)).toBe(digest);
    expect((await run(backupVolume, { volumes: id })).code).toBe(0);
  });

  test('a restore that fails later: the reason is told, the volume removed', async () => {
    const { world, manifest, run } = await prepared();
    world.cloud.faults.add({ when: { method: 'POST', path: /\/volumes$/ }, do: { failLater: 'no luck' } });
    const struck = await run(restoreVolume, { manifest, 'allow-unsigned': 'true' });
    expect([struck.code, struck.error]).toEqual([1, expect.stringContaining('failed')]);
    await world.cloud.ticks.settle();
    expect(leftovers(world)).toEqual([]);
  });

  test('a backup that no service takes is found by its deadline', async () => {
    const { world, id, run } = await prepared();
    world.cloud.faults.add({ when: { method: 'POST', path: /\/backups$/ }, do: 'stuck' });
    const struck = await run(backupVolume, { volumes: id });
    expect([struck.code, struck.outputs['failed']]).toEqual([
      1,
      expect.stringContaining('is not done after 17 min'),
    ]);
  }, 60_000);

  test('the deadline of the run ends it with what it has', async () => {
    const { world, id, run } = await prepared();
    const other = await world.makeVolume({ name: 'other' });
    world.cloud.faults.add({ when: { method: 'POST', path: /\/backups$/ }, do: 'stuck' });
    const struck = await run(backupVolume, { volumes: `${id}\n${other}`, concurrency: '2', deadline: '3' });
    expect(struck.outputs['failed']).toContain('was not done when the run had to end');
    const points: { resource: string }[] = JSON.parse(struck.outputs['restore-points'] ?? '[]');
    expect(points).toHaveLength(1);
    const late = await run(backupVolume, { volumes: points[0]?.resource ?? '', deadline: '3' });
    expect([late.code, late.error]).toEqual([0, '']);
  }, 60_000);

  test('no backup service at all', async () => {
    const world = await embeddedWorld({ tickMs: 2, noBackupService: true });
    worlds.push(world);
    const id = await world.makeVolume({ name: 'db' });
    const struck = await runnerOf(world)(backupVolume, { volumes: id, method: 'cinder-backup' });
    expect([struck.code, struck.outputs['failed']]).toEqual([
      1,
      expect.stringContaining('Service not found for creating backup'),
    ]);
    expect(world.cloud.state.volumes.get(id)?.status).toBe('available');
    // Without a service Cinder deletes nothing either, so it stays and is told of; the next run tries again.
    expect(struck.log).toContain('cannot be removed');
    expect(leftovers(world)).toEqual([expect.stringContaining('error')]);
  });

  test('a driver that makes increments full starts a new chain, and says so', async () => {
    const world = await embeddedWorld({ tickMs: 2, forcedFull: true });
    worlds.push(world);
    const run = runnerOf(world);
    const id = await world.makeVolume({ name: 'db' });
    await run(backupVolume, { volumes: id });
    const second = await run(backupVolume, { volumes: id });
    expect(second.log).toContain('full although an increment was asked for');
    const chains = [...world.cloud.state.backups.values()].map(({ id, metadata }) =>
      readTags({ id, metadata: { ...metadata } }),
    );
    expect(chains.map((tags) => [tags?.position, tags?.parent])).toEqual([
      [0, undefined],
      [0, undefined],
    ]);
    expect(new Set(chains.map((tags) => tags?.chain)).size).toBe(2);
  });

  test.each(['POST', 'GET'])('a token that dies in mid-job (%s)', async (method) => {
    const { world, id, run } = await prepared();
    const planted = world.cloud.faults.add({ when: { method, path: /\/backups/ }, do: 'token-dies' });
    const struck = await run(backupVolume, { volumes: id });
    expect(planted.hits).toBe(1);
    onlyOneClearError(struck);
    await world.cloud.ticks.settle();
    expect((await run(backupVolume, { volumes: id })).code).toBe(0);
    expect(leftovers(world)).toEqual([]);
  });

  test('a new backup that other API nodes do not know yet', async () => {
    const { world, id, run } = await prepared();
    const planted = world.cloud.faults.add({
      when: { method: 'POST', path: /\/backups$/ },
      do: { notFoundAfterCreate: 3 },
    });
    expect((await run(backupVolume, { volumes: id })).code).toBe(0);
    expect(planted.hits).toBe(1);
  });
});

describe('many at once', () => {
  test('a hundred volumes: one request a look, none lost', async () => {
    const world = await embeddedWorld({ tickMs: 20, ticksPerGib: 20 });
    worlds.push(world);
    const run = runnerOf(world);
    for (let at = 0; at < 100; at += 1) await world.makeVolume({ name: `many-${at}` });
    const before = world.cloud.requests.length;
    const told = await run(backupVolume, { volumes: 'name:many-*', concurrency: '100' });
    expect([told.code, JSON.parse(told.outputs['restore-points'] ?? '[]').length]).toEqual([0, 100]);
    const requests = world.cloud.requests.slice(before);
    const creates = requests.filter(({ method }) => method === 'POST').length;
    const reads = requests.filter(
      ({ method, path }) => method === 'GET' && /\/backups\/[0-9a-f-]{36}$/.test(path),
    ).length;
    const lists = requests.filter(({ method, path }) => method === 'GET' && path.includes('/backups/detail'));
    const [decisions, looks] = [true, false].map(
      (of) => lists.filter(({ query }) => query.includes('volume_id=') === of).length,
    );
    expect(creates).toBe(101);
    // One to mark each as recorded; the waiter itself asks for lists.
    expect(reads).toBeLessThanOrEqual(110);
    // What each volume has is listed right before its backup: another's may have come meanwhile.
    expect(decisions).toBe(100);
    expect(looks).toBeLessThan(100);
  }, 60_000);
});

describe('old clouds', () => {
  test.each(['3.42', '3.46', '3.50', '3.62', '3.63', '3.66', '3.70'])(
    'Cinder %s: features degrade, data does not',
    async (cinderMax) => {
      const world = await embeddedWorld({ tickMs: 2, cinderMax });
      worlds.push(world);
      const run = runnerOf(world);
      for (const type of ['standard', 'luks'] as const) {
        const id = await world.makeVolume({ name: type, type, content: randomBytes(10_000) });
        const detach = type === 'standard' ? await world.attach(id) : async () => undefined;
        const saved = await run(backupVolume, { volumes: id });
        expect([saved.code, saved.outputs['failed']]).toEqual([0, '[]']);
        await detach();
        const digest = await world.digest(id);
        const restored = await run(restoreVolume, {
          manifest: saved.outputs['manifest'] ?? '',
          'allow-unsigned': 'true',
        });
        expect([restored.code, restored.error]).toEqual([0, '']);
        expect(await world.digest(restored.outputs['volume-id'] ?? '')).toBe(digest);
      }
      expect(leftovers(world)).toEqual([]);
    },
    30_000,
  );
});
