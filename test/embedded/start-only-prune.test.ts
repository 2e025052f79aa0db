import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { makeKeeper } from '../scenarios/sealed.ts';
import { temporaries } from '../support/standing.ts';
import { type StartWorld, savedIn, startedIn, startWorld } from '../support/start-only.ts';

const keeper = await makeKeeper();
let at: StartWorld;
afterEach(() => at.world.close());

async function world(entries: string, keep: string): Promise<void> {
  at = await startWorld(`${entries}\nrecipients: [${keeper.recipient}]\nkeep: ${keep}`);
}

const ENTRY = '  - {name: all, select: all, kinds: [volume], method: cinder-backup, every: 1d, max-chain: 1}';
const CHAIN = ENTRY.replace('max-chain: 1', 'max-chain: 30');

/** What the last night started is recorded, and the next is started. */
async function night(expected = 0) {
  at.pass(25);
  const told = await at.flowing(at.startOnly());
  expect([told.code, told.error]).toEqual([expected, '']);
  await at.world.cloud.ticks.settle();
  return told;
}

const backupsOf = (volume: string) =>
  [...at.world.cloud.state.backups.values()].filter(({ volumeId }) => volumeId === volume).length;

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(join(at.world.directory, 'openstack-backups'), { recursive: true });
  return names.filter((name) => name.includes('payloads/') === (folder === 'payloads') && name.includes('.'));
}

test('a volume that is gone before its backup was recorded goes by the rules, with its chain', async () => {
  await world(CHAIN, '{last: 3, gone: 10d}');
  const { seed, state } = at.world.cloud;
  const gone = seed.addVolume({ name: 'gone', bytes: randomBytes(5000) }).id;
  const stays = seed.addVolume({ name: 'stays', bytes: randomBytes(5000) }).id;
  await night();
  const once = seed.addVolume({ name: 'once', bytes: randomBytes(5000) }).id;
  await night();
  expect([gone, once, stays].map(backupsOf)).toEqual([2, 1, 2]);
  const foreign = [...state.backups.values()].find(({ volumeId }) => volumeId === once);
  if (foreign === undefined) throw new Error('there is no backup');
  for (const id of [gone, once]) state.volumes.delete(id);
  at.pass(24 * 7);
  const soon = await night();
  expect([gone, once].map(backupsOf)).toEqual([2, 1]);
  expect(soon.log).toContain('is complete, but its volume is gone');
  // A copy of its tags is nobody's for sure: both stay.
  const copy = { ...foreign, id: '33333333-3333-4333-8333-333333333333', metadata: { ...foreign.metadata } };
  state.backups.set(copy.id, copy);
  at.pass(24 * 4);
  const dry = await at.run('plan show', { plan: 'plan.yml', 'allow-unsigned': 'true' });
  expect([dry.code, dry.error]).toEqual([0, '']);
  const told = await night();
  expect([gone, once].map(backupsOf)).toEqual([0, 2]);
  const pruned = JSON.parse(told.outputs['pruned'] ?? '[]') as { id: string }[];
  expect(pruned.length).toBe(2);
  state.backups.delete(copy.id);
  await night();
  expect([gone, once].map(backupsOf)).toEqual([0, 0]);
  expect(backupsOf(stays)).toBeGreaterThan(2);
});

test('each night of an encrypted volume leaves nothing but its point: key and manifest go with it', async () => {
  await world(ENTRY, '{last: 2, min-copies: 2}');
  const vault = at.world.cloud.seed.addVolume({ name: 'vault', type: 'luks', bytes: randomBytes(5000) }).id;
  const counts: number[][] = [];
  for (let nights = 1; nights <= 12; nights += 1) {
    const told = await night();
    expect(startedIn(told)).toHaveLength(1);
    counts.push([backupsOf(vault), (await filesIn('payloads')).length, (await filesIn('manifests')).length]);
  }
  // Two recorded with a key of either night, and the one under way with its own.
  expect(counts.at(-1)?.slice(0, 2)).toEqual([3, 5]);
  expect(counts.at(-1)).toEqual(counts.at(-4));
});

test('the key of a backup that failed goes, and one whose backup is under way stays', async () => {
  await world(ENTRY, '{last: 2, min-copies: 1}');
  const { seed, faults } = at.world.cloud;
  seed.addVolume({ name: 'vault', type: 'luks', bytes: randomBytes(5000) });
  faults.add({ when: { method: 'POST', path: /\/backups$/, times: 1 }, do: { failLater: 'no disk' } });
  at.pass(25);
  expect((await at.startOnly()).code).toBe(0);
  await at.world.cloud.ticks.settle();
  const [failed] = await filesIn('payloads');
  await night(1);
  expect(await filesIn('payloads')).toContain(failed);
  for (let nights = 0; nights < 3; nights += 1) await night();
  expect(await filesIn('payloads')).not.toContain(failed);
  expect((await filesIn('payloads')).length).toBe(5);
});

test('what goes through an image is saved by the run that only starts, and restored with equal bytes', async () => {
  const image = ENTRY.replace('name: all, select: all', 'name: away, select: "name:away"');
  await world(
    `${image.replace('cinder-backup', 'image').replace(', max-chain: 1', '')}\n${ENTRY}`,
    '{last: 2, min-copies: 2}',
  );
  const id = at.world.cloud.seed.addVolume({ name: 'away', bytes: randomBytes(5000) }).id;
  at.world.cloud.seed.addVolume({ name: 'db', bytes: randomBytes(5000) });
  const digest = await at.world.digest(id);
  let manifest = '';
  for (let nights = 0; nights < 4; nights += 1) {
    const told = await night();
    manifest = told.outputs['manifest'] ?? '';
    expect(startedIn(told).map(({ name }) => name)).toEqual(['db']);
    expect(
      savedIn(told).flatMap(({ kind, name, backup }) => (backup === undefined ? [[kind, name]] : [])),
    ).toEqual(expect.arrayContaining([['volume', 'away']]));
    const underWay = new Set(startedIn(told).map(({ id: backup }) => `available ${backup}`));
    expect(temporaries(at.world.cloud).filter((line) => !underWay.has(line))).toEqual([]);
  }
  expect(backupsOf(id)).toBe(0);
  // The maps of the last two.
  const stored = await readdir(join(at.world.directory, 'openstack-backups/payloads'), { recursive: true });
  expect(stored.filter((name) => /\/maps\/[^/]+$/.test(name)).length).toBe(2);
  const restored = await at.flowing(
    at.run('restore-volume', {
      manifest,
      volume: 'away',
      name: 'back',
      store: 'directory:openstack-backups/payloads',
      identity: keeper.environment['IDENTITY'] ?? '',
      'allow-unsigned': 'true',
    }),
  );
  expect([restored.code, restored.error]).toEqual([0, '']);
  expect(await at.world.digest(restored.outputs['volume-id'] ?? '')).toBe(digest);
});

test('with a key to verify, a report and a plan name the manifests that are unsigned', async () => {
  await world(ENTRY, '{last: 2}');
  at.world.cloud.seed.addVolume({ name: 'db', bytes: randomBytes(5000) });
  for (let nights = 0; nights < 3; nights += 1) await night();
  const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  for (const name of ['report', 'plan show']) {
    const told = await at.run(name, { plan: 'plan.yml', 'verify-key': String(key) });
    expect(told.error).toBe('');
    expect(told.log).toMatch(
      /manifests are unsigned \(.*, although `verify-key` is given|although --verify-key is given/,
    );
    expect(JSON.parse(told.outputs['doubts'] ?? '[]')).toEqual([expect.stringContaining('unsigned')]);
    expect((await at.run(name, { plan: 'plan.yml' })).log).not.toContain('although');
  }
});
