import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Backup } from '../fakes/cloud/index.ts';
import { type StartWorld, savedIn, startedIn, startWorld } from '../support/start-only.ts';

let at: StartWorld;
beforeAll(async () => {
  at = await startWorld('  - {name: all, select: all, kinds: [volume], method: cinder-backup, every: 1d}');
  at.world.cloud.seed.addVolume({ name: 'db', bytes: randomBytes(5000) });
}, 60_000);
afterAll(() => at.world.close());

/** A night: what the last one started is recorded, and the next is started. */
async function night(): Promise<Backup> {
  at.pass(25);
  const told = await at.startOnly();
  if (told.code !== 0) throw new Error(told.log);
  expect([told.code, told.error]).toEqual([0, '']);
  const backup = at.world.cloud.state.backups.get(startedIn(told)[0]?.id ?? '');
  if (backup === undefined) throw new Error('nothing was started');
  await at.world.cloud.ticks.settle();
  return backup;
}

const chainOf = ({ metadata }: Backup) => [
  metadata['openstack-backup:chain'],
  Number(metadata['openstack-backup:position']),
];

test('an increment that the cloud made full costs no other full: what follows is of its chain', async () => {
  const first = await night();
  const madeFull = await night();
  expect(madeFull.parentId).toBe(first.id);
  madeFull.parentId = null;
  const [after, last] = [await night(), await night()];
  expect([after.parentId, last.parentId]).toEqual([madeFull.id, after.id]);
  const [chain] = chainOf(madeFull);
  expect(chain).not.toBe(chainOf(first)[0]);
  expect([madeFull, after, last].map(chainOf)).toEqual([0, 1, 2].map((position) => [chain, position]));
});

test('two that one run records go by each other', async () => {
  await night();
  const madeFull = await night();
  madeFull.parentId = null;
  const stale = { ...madeFull.metadata };
  const [tagged, position] = chainOf(madeFull);
  const home = join(at.world.directory, 'openstack-backups');
  const before = new Set(await readdir(home));
  const next = await night();
  // Its machine is lost before it could publish or mark anything.
  for (const name of await readdir(home))
    if (!before.has(name)) await rm(join(home, name), { recursive: true });
  madeFull.metadata = stale;
  next.metadata['openstack-backup:chain'] = String(tagged);
  next.metadata['openstack-backup:position'] = String(Number(position) + 1);
  const last = await night();
  expect([next.parentId, last.parentId]).toEqual([madeFull.id, next.id]);
  const [chain] = chainOf(madeFull);
  expect([madeFull, next, last].map(chainOf)).toEqual([0, 1, 2].map((link) => [chain, link]));
});

test('an increment that was tagged before its parent was corrected is of the corrected chain', async () => {
  const full = await night();
  const madeFull = await night();
  madeFull.parentId = null;
  const stale = chainOf(madeFull);
  const next = await night();
  // As another run would have tagged it, which had listed the backups before.
  Object.assign(next.metadata, {
    'openstack-backup:chain': stale[0],
    'openstack-backup:position': String(Number(stale[1]) + 1),
  });
  const last = await night();
  expect([next.parentId, last.parentId]).toEqual([madeFull.id, next.id]);
  expect(full.id).not.toBe(next.id);
  expect([next, last].map(chainOf)).toEqual([1, 2].map((position) => [chainOf(madeFull)[0], position]));
  at.pass(25);
  const told = await at.flowing(at.apply());
  expect([told.code, savedIn(told).map(({ mode }) => mode)]).toEqual([0, ['incremental', 'incremental']]);
});
