import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { backupVolume } from '../../../../src/commands/backup-volume.ts';
import { restoreVolume } from '../../../../src/commands/restore-volume.ts';
import { newTag, writeTemporary } from '../../../../src/temporaries/tags.ts';
import { type EmbeddedWorld, embeddedWorld } from '../../../scenarios/embedded.ts';
import { runnerOf } from '../../../support/faults.ts';

// Whole commands, on machines that may be busy.
jest.setTimeout(30_000);

let world: EmbeddedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function saved(type: 'standard' | 'luks' = 'standard', tickMs = 2) {
  const opened = await embeddedWorld({ tickMs, gibBytes: 1 << 24 });
  world = opened;
  const { seed, state, faults } = opened.cloud;
  const run = runnerOf(opened);
  const volume = seed.addVolume({
    name: 'db',
    type,
    bytes: randomBytes(10_000),
    description: 'of the users',
    metadata: { k: 'v' },
  });
  const told = await run(backupVolume, { volumes: volume.id });
  const [backup] = state.backups.values();
  if (backup === undefined) throw new Error('there is no backup');
  const restore = (more: Record<string, string> = {}) =>
    run(restoreVolume, { manifest: told.outputs['manifest'] ?? '', 'allow-unsigned': 'true', ...more });
  return {
    world: opened,
    seed,
    state,
    faults,
    run,
    volume,
    backup,
    restore,
    digest: volume.data.fingerprint(),
  };
}

describe('a new volume', () => {
  test.each(['standard', 'luks'] as const)(
    'has bytes, name, description and metadata again: %s',
    async (type) => {
      const { state, restore, digest } = await saved(type);
      const told = await restore();
      expect([told.code, told.error]).toEqual([0, '']);
      const made = state.volumes.get(told.outputs['volume-id'] ?? '');
      expect(made?.data.fingerprint()).toBe(digest);
      expect(made).toMatchObject({ name: 'db', description: 'of the users', metadata: { k: 'v' } });
      expect(Object.keys(made?.metadata ?? {})).toEqual(['k']);
    },
  );

  test('whose request is lost is made, and no other temporary is taken for it', async () => {
    const { seed, state, faults, restore } = await saved();
    const now = Date.now();
    const record = {
      purpose: 'result',
      tag: newTag(),
      id: undefined,
      made: now,
      expires: now + 6e7,
    } as const;
    const other = seed.addVolume({ name: 'other' });
    other.description = writeTemporary({ ...record, owner: 'host:m:b:n:1:1' });
    faults.add({ when: { method: 'POST', path: /\/volumes$/, times: 1 }, do: 'connection-reset' });
    const told = await restore();
    expect([told.code, told.error]).toEqual([0, '']);
    expect(told.outputs['volume-id']).not.toBe(other.id);
    expect(state.volumes.get(other.id)?.name).toBe('other');
  });

  test('that fails is removed again', async () => {
    const { state, faults, restore } = await saved();
    const before = [...state.volumes.keys()];
    faults.add({ when: { method: 'POST', path: /\/volumes$/ }, do: { failLater: 'no luck' } });
    expect((await restore()).code).toBe(1);
    await world?.cloud.ticks.settle();
    expect([...state.volumes.keys()]).toEqual(before);
  });

  test('that the cloud still fills cannot be removed: it is told by its id, and the next run tells what became of it', async () => {
    const { world, state, faults, restore, digest } = await saved();
    const before = [...state.volumes.keys()];
    const { ticks } = world.cloud;
    ticks.pause();
    const path = /\/volumes\/[0-9a-f-]{36}$/;
    faults.add({ when: { method: 'GET', path, times: Number.POSITIVE_INFINITY }, do: { status: 403 } });
    const struck = await restore();
    expect([struck.code, struck.outputs['volume-id']]).toEqual([1, undefined]);
    const [left = '', ...more] = [...state.volumes.keys()].filter((id) => !before.includes(id));
    expect([more, state.volumes.get(left)]).toMatchObject([[], { name: 'db (restore not finished)' }]);
    expect(struck.log).toContain(`volume ${left}, which was made for the restore, cannot be removed now`);

    faults.clear();
    ticks.resume();
    await ticks.settle();
    const next = await restore();
    expect([next.code, next.error]).toEqual([0, '']);
    expect(next.outputs['volume-id']).not.toBe(left);
    expect(next.log).toMatch(new RegExp(`${left}.* has all its data: it is kept`));
    expect(state.volumes.get(left)?.data.fingerprint()).toBe(digest);
  });
});

describe('before anything is touched', () => {
  test('one of several is asked for, and the first is not taken in silence', async () => {
    const { state, seed, volume, run } = await saved();
    const other = seed.addVolume({ name: 'other' });
    const both = await run(backupVolume, { volumes: `${volume.id}\n${other.id}` });
    const before = [...state.volumes.keys()];
    const manifest = both.outputs['manifest'] ?? '';
    const told = await run(restoreVolume, { manifest, 'allow-unsigned': 'true' });
    expect([told.code, told.error]).toEqual([2, expect.stringContaining('Choose one with `volume`')]);
    for (const { id, name } of [volume, other]) expect(told.error).toContain(`"${name}" (${id})`);
    expect([...state.volumes.keys()]).toEqual(before);
  });

  test.each<[string, (all: Awaited<ReturnType<typeof saved>>) => unknown, string]>([
    [
      'a backup of another volume',
      ({ backup }) => Object.assign(backup, { volumeId: backup.id }),
      'is of volume',
    ],
    [
      'a backup that is larger than was recorded',
      ({ backup }) => Object.assign(backup, { size: 9 }),
      'has 9 GiB, but',
    ],
    [
      'a backup that is smaller than was recorded',
      ({ backup }) => Object.assign(backup, { size: 0 }),
      'has 0 GiB, but the manifest says 1',
    ],
    ['a backup in error', ({ backup }) => Object.assign(backup, { status: 'error' }), 'is error'],
    [
      'a backup that is gone',
      ({ backup, state }) => state.backups.delete(backup.id),
      'is gone from the cloud',
    ],
  ])('%s is refused', async (_, spoil, said) => {
    const all = await saved();
    spoil(all);
    const before = [...all.state.volumes.keys()];
    const told = await all.restore();
    expect(told.code).toBeGreaterThan(0);
    expect(told.error).toContain(said);
    expect([...all.state.volumes.keys()]).toEqual(before);
  });

  test('a backup whose key is gone is refused', async () => {
    const { state, backup, restore } = await saved('luks');
    const before = [...state.volumes.keys()];
    state.secrets.delete(backup.encryptionKeyId ?? '');
    expect((await restore()).code).toBeGreaterThan(0);
    expect([...state.volumes.keys()]).toEqual(before);
    expect(
      world?.cloud.requests.filter(({ method, path }) => method === 'POST' && /\/volumes$/.test(path)),
    ).toEqual([]);
  });
});

describe('over a volume', () => {
  test('only when told to', async () => {
    const { volume, restore, digest } = await saved();
    volume.data.write(0, randomBytes(100));
    const now = volume.data.fingerprint();
    const refused = await restore({ to: volume.id });
    expect([refused.code, refused.error]).toEqual([2, expect.stringContaining('would be overwritten')]);
    expect(volume.data.fingerprint()).toBe(now);
    const told = await restore({ to: volume.id, overwrite: 'true' });
    expect([told.code, told.error]).toEqual([0, '']);
    expect(volume.data.fingerprint()).toBe(digest);
  });

  test('whose snapshots it would make unreadable it is not', async () => {
    const { world: here, volume, restore } = await saved('luks');
    const cinder = await (await here.session()).service('block-storage');
    await cinder.call({
      doing: 'make a snapshot',
      method: 'POST',
      path: '/snapshots',
      json: { snapshot: { volume_id: volume.id, name: 'x' } },
      ok: [202],
      decode: () => undefined,
    });
    await here.cloud.ticks.settle();
    const before = volume.data.fingerprint();
    const told = await restore({ to: volume.id, overwrite: 'true' });
    expect([told.code, told.error]).toEqual([2, expect.stringContaining('has a snapshot')]);
    expect(volume.data.fingerprint()).toBe(before);
  });

  test('it does not begin where a link of the chain is not whole', async () => {
    const { state, seed, volume, backup, run } = await saved();
    const second = await run(backupVolume, { volumes: volume.id });
    expect([...state.backups.values()].at(-1)?.parentId).toBe(backup.id);
    const target = seed.addVolume({ name: 'target', bytes: randomBytes(100) });
    const before = target.data.fingerprint();
    const restore = (more: Record<string, string>) =>
      run(restoreVolume, {
        manifest: second.outputs['manifest'] ?? '',
        'allow-unsigned': 'true',
        volume: volume.id,
        ...more,
      });
    backup.status = 'error';
    const told = await restore({ to: target.id, overwrite: 'true' });
    expect([told.code, told.error]).toEqual([
      1,
      expect.stringContaining(`backup ${backup.id}, which others of that volume need, is error`),
    ]);
    expect(target.data.fingerprint()).toBe(before);
    backup.status = 'available';
    expect((await restore({ to: target.id, overwrite: 'true' })).code).toBe(0);
    expect(target.data.fingerprint()).not.toBe(before);
  });

  test('a restore of another backup to it is not taken for this one, whose request was lost', async () => {
    const { volume, backup, faults, restore } = await saved();
    const planted = faults.add({
      when: { method: 'POST', path: /\/restore$/, times: 1 },
      do: 'connection-reset',
    });
    const running = restore({ to: volume.id, overwrite: 'true' });
    while (planted.hits === 0) await setImmediate();
    // Somebody else began, and is done soon.
    volume.status = 'restoring-backup';
    const others = setTimeout(() => {
      volume.status = 'available';
    }, 3000);
    const told = await running;
    clearTimeout(others);
    expect([told.code, told.error]).toEqual([1, expect.stringContaining(volume.id)]);
    expect(told.outputs['volume-id']).toBeUndefined();
    expect(backup.status).toBe('available');
  });

  test('it is not over while the cloud is at it, and may still fail', async () => {
    const { volume, faults, restore } = await saved('standard', 100);
    const planted = faults.add({
      when: { method: 'POST', path: /\/restore$/, times: 1 },
      do: { failLater: 'error_restoring' },
    });
    const told = await restore({ to: volume.id, overwrite: 'true' });
    expect(planted.hits).toBe(1);
    expect([told.code, told.error]).toEqual([
      1,
      expect.stringContaining('and the volume is error_restoring'),
    ]);
  });

  test('it begins again where the request was lost', async () => {
    const { volume, faults, restore, digest } = await saved();
    volume.data.write(0, randomBytes(100));
    faults.add({ when: { method: 'POST', path: /\/restore$/, times: 1 }, do: 'connection-reset' });
    const told = await restore({ to: volume.id, overwrite: 'true' });
    expect([told.code, told.error]).toEqual([0, '']);
    expect(volume.data.fingerprint()).toBe(digest);
  });
});
