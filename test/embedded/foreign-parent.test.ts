import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, jest, test } from '@jest/globals';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { VolumeBackupPoint } from '../../src/manifest/schema.ts';
import { createBackup, deleteBackup } from '../../src/openstack/blockstorage/v3/backups.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { backUp, expectExit, manifestOf, restore } from '../scenarios/steps.ts';

jest.setTimeout(120_000);

let world: EmbeddedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Volumes a and b with a chain of two each; b then has other bytes, and `deed` happens while a is backed up again. */
async function meanwhile(deed: (here: EmbeddedWorld, b: string) => Promise<unknown>) {
  const here = await embeddedWorld({ tickMs: 20, ticksPerGib: 40 });
  world = here;
  for (const name of ['a', 'b']) await here.makeVolume({ name, content: randomBytes(1000) });
  const b = [...here.cloud.state.volumes.values()].find(({ name }) => name === 'b')?.id ?? '';
  for (let link = 0; link < 2; link += 1) await backUp(here, ['a', 'b']);
  await here.write(b, 0, randomBytes(1000));
  let done: Promise<unknown> | undefined;
  const ran = await here.tool(['backup-volume', '--volumes', 'a,b', '--concurrency', '1', '--json'], {
    onOutput: (text) => {
      if (done === undefined && /of volume "a" .*started/.test(text)) done = deed(here, b);
    },
  });
  expectExit(ran, 0);
  if (done === undefined) throw new Error('nothing happened meanwhile');
  await done;
  const { restorePoints } = await parseManifest(await readFile(manifestOf(ran), 'utf8'), 'm');
  const point = restorePoints.find(({ resource }) => resource.name === 'b') as VolumeBackupPoint;
  const { backups } = here.cloud.state;
  const parent = backups.get(point.backup.id)?.parentId ?? null;
  return { here, b, ran, point, parent, digest: await here.digest(b) };
}

const newestOf = (here: EmbeddedWorld, volumeId: string) =>
  [...here.cloud.state.backups.values()].filter((backup) => backup.volumeId === volumeId).at(-1)?.id ?? '';

const cinderOf = async (here: EmbeddedWorld) => (await here.session()).service('block-storage');

async function comesBack({ here, ran, digest }: Awaited<ReturnType<typeof meanwhile>>) {
  const made = await restore(here, '--manifest', manifestOf(ran), '--volume', 'b', '--name', 'b2');
  expect(await here.digest(made)).toBe(digest);
}

test('a backup of somebody else that came in since the plan: full, and nothing of it is needed', async () => {
  let foreign = '';
  const all = await meanwhile(async (here, volumeId) => {
    const wish = { volumeId, name: "somebody else's", incremental: false, force: false };
    foreign = await createBackup(await cinderOf(here), wish);
  });
  expect([all.point.backup.incremental, all.point.chain.parent, all.parent]).toEqual([false, null, null]);
  await deleteBackup(await cinderOf(all.here), foreign);
  await all.here.cloud.ticks.settle();
  expect(all.here.cloud.state.backups.has(foreign)).toBe(false);
  await comesBack(all);
});

test('a backup of somebody else that carries a copy of our tags: full, and nothing of it is needed', async () => {
  let foreign = '';
  const all = await meanwhile(async (here, volumeId) => {
    const original = here.cloud.state.backups.get(newestOf(here, volumeId));
    // As a copy of a backup whose own id was not known yet.
    const { 'openstack-backup:backup': _own, ...metadata } = original?.metadata ?? {};
    expect(metadata).toHaveProperty('openstack-backup:point');
    const wish = { volumeId, name: "somebody else's", incremental: false, force: false, metadata };
    foreign = await createBackup(await cinderOf(here), wish);
  });
  expect([all.point.backup.incremental, all.point.chain.parent, all.parent]).toEqual([false, null, null]);
  await deleteBackup(await cinderOf(all.here), foreign);
  await all.here.cloud.ticks.settle();
  await comesBack(all);
});

test('the newest increment that was deleted since the plan: the one before is the parent, and said to be', async () => {
  let gone = '';
  const all = await meanwhile(async (here, volumeId) => {
    gone = newestOf(here, volumeId);
    await deleteBackup(await cinderOf(here), gone);
  });
  expect(all.here.cloud.state.backups.has(gone)).toBe(false);
  expect(all.parent).not.toBeNull();
  expect(all.point).toMatchObject({
    backup: { incremental: true },
    chain: { parent: all.parent, position: 1 },
  });
  await comesBack(all);
});

test('a recorded parent that is gone is a warning, and the backup comes back', async () => {
  const all = await meanwhile(async () => undefined);
  const { here, point, ran, digest } = all;
  // As where our records name another parent than Cinder has.
  const made = here.cloud.state.backups.get(point.backup.id);
  if (made === undefined) throw new Error('there is no backup');
  const absent = '00000000-0000-4000-8000-000000000000';
  made.metadata['openstack-backup:parent'] = absent;
  const words = [
    '--manifest',
    manifestOf(ran),
    '--volume',
    'b',
    '--name',
    'b3',
    '--allow-unsigned',
    '--json',
  ];
  const back = expectExit(await here.tool(['restore-volume', ...words]), 0);
  expect(back.stderr).toContain(`backup ${absent}, which ${point.backup.id} needs, is gone`);
  expect(await here.digest(String(back.json['volume-id']))).toBe(digest);
});
