import { afterEach, describe, expect, test } from '@jest/globals';
import { readTags } from '../../src/chain/tags.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import { onlyOneClearError, runnerOf } from '../support/faults.ts';
import { leftovers, StruckVolumes } from '../support/struck-volumes.ts';

const worlds = new StruckVolumes();
afterEach(() => worlds.close(), 60_000);

describe('jobs that the cloud does not bring to their end', () => {
  test('a backup that fails later: the reason is told, the failed backup removed, the next run succeeds', async () => {
    const { world, id, digest, run } = await worlds.prepared();
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
    const { world, manifest, run } = await worlds.prepared();
    world.cloud.faults.add({ when: { method: 'POST', path: /\/volumes$/ }, do: { failLater: 'no luck' } });
    const struck = await run(restoreVolume, { manifest, 'allow-unsigned': 'true' });
    expect([struck.code, struck.error]).toEqual([1, expect.stringContaining('failed')]);
    await world.cloud.ticks.settle();
    expect(leftovers(world)).toEqual([]);
  });

  test('a backup that no service takes is found by its deadline', async () => {
    const { world, id, run } = await worlds.prepared();
    world.cloud.faults.add({ when: { method: 'POST', path: /\/backups$/ }, do: 'stuck' });
    const struck = await run(backupVolume, { volumes: id });
    expect([struck.code, struck.outputs['failed']]).toEqual([
      1,
      expect.stringContaining('timed out after 17 min'),
    ]);
  }, 60_000);

  test('the deadline of the run ends it with what it has', async () => {
    const { world, id, run } = await worlds.prepared();
    const other = await world.makeVolume({ name: 'other' });
    world.cloud.faults.add({ when: { method: 'POST', path: /\/backups$/ }, do: 'stuck' });
    const struck = await run(backupVolume, { volumes: `${id}\n${other}`, concurrency: '2', deadline: '3' });
    expect(struck.outputs['failed']).toContain('did not finish before the run reached its deadline');
    const points: { resource: string }[] = JSON.parse(struck.outputs['restore-points'] ?? '[]');
    expect(points).toHaveLength(1);
    const late = await run(backupVolume, { volumes: points[0]?.resource ?? '', deadline: '3' });
    expect([late.code, late.error]).toEqual([0, '']);
  }, 60_000);

  test('no backup service at all', async () => {
    const world = await worlds.world({ noBackupService: true });
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
    const world = await worlds.world({ forcedFull: true });
    const run = runnerOf(world);
    const id = await world.makeVolume({ name: 'db' });
    await run(backupVolume, { volumes: id });
    const second = await run(backupVolume, { volumes: id });
    expect(second.log).toContain('full although an increment was requested');
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
    const { world, id, run } = await worlds.prepared();
    const planted = world.cloud.faults.add({ when: { method, path: /\/backups/ }, do: 'token-dies' });
    const struck = await run(backupVolume, { volumes: id });
    expect(planted.hits).toBe(1);
    onlyOneClearError(struck);
    await world.cloud.ticks.settle();
    expect((await run(backupVolume, { volumes: id })).code).toBe(0);
    expect(leftovers(world)).toEqual([]);
  });

  test('a new backup that other API nodes do not know yet', async () => {
    const { world, id, run } = await worlds.prepared();
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
    const world = await worlds.world({ tickMs: 20, ticksPerGib: 20 });
    const run = runnerOf(world);
    for (let at = 0; at < 100; at += 1) await world.makeVolume({ name: `many-${at}` });
    const before = world.cloud.requests.length;
    const told = await run(backupVolume, { volumes: 'name:many-*', concurrency: '100' });
    expect([told.code, JSON.parse(told.outputs['restore-points'] ?? '[]').length]).toEqual([0, 100]);
    const requests = world.cloud.requests.slice(before);
    const creates = requests.filter(
      ({ method, path }) => method === 'POST' && path.endsWith('/backups'),
    ).length;
    const reads = requests.filter(
      ({ method, path }) => method === 'GET' && /\/backups\/[0-9a-f-]{36}$/.test(path),
    ).length;
    const lists = requests.filter(({ method, path }) => method === 'GET' && path.includes('/backups/detail'));
    const [decisions, looks] = [true, false].map(
      (of) => lists.filter(({ query }) => query.includes('volume_id=') === of).length,
    );
    expect(creates).toBe(100);
    // One to mark each as recorded; the waiter itself asks for lists.
    expect(reads).toBeLessThanOrEqual(110);
    // What each volume has is listed right before its backup: another's may have come meanwhile.
    expect(decisions).toBe(100);
    expect(looks).toBeLessThan(100);
  }, 60_000);
});
