import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { apply as applyCommand } from '../../src/commands/apply.ts';
import { list } from '../../src/commands/list.ts';
import { restoreImage } from '../../src/commands/restore-image.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { isWrite } from '../support/every-request.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { fastClock, type Told } from '../support/in-process.ts';
import { openShop, type Shop } from '../support/shop.ts';

const HOUR = 3_600_000;
let shop: Shop;
let world: EmbeddedWorld;
let run: Runner;
let later = 0;

/** Lets so many hours pass, for the cloud and for the run. */
function pass(hours: number): void {
  later += hours * HOUR;
  world.cloud.clock.shift(hours * HOUR);
}

const apply = (dryRun = false) => run(applyCommand, { plan: 'plan.yml' }, { dryRun });
const saved = ({ outputs }: Told) =>
  (JSON.parse(outputs['restore-points'] ?? '[]') as { kind: string; name: string; mode?: string }[])
    .map(({ kind, name, mode }) => `${kind} ${name}${mode === undefined ? '' : ` ${mode}`}`)
    .sort();

beforeAll(async () => {
  shop = await openShop();
  world = shop.world;
  run = runnerOf(world, () => ({ ...fastClock(), now: () => Date.now() + later }));
}, 60_000);
afterAll(() => world.close());

const manifests = async () =>
  (await readdir(join(world.directory, 'openstack-backups'))).filter((name) => name !== 'payloads');

test('a dry run shows what is due, and changes nothing', async () => {
  const from = world.cloud.requests.length;
  const told = await apply(true);
  expect([told.code, told.error]).toEqual([0, '']);
  expect(told.summary).toContain('5 of 6 due');
  expect(world.cloud.requests.slice(from).filter(isWrite)).toEqual([]);
  await expect(manifests()).rejects.toThrow('ENOENT');
});

test('what is due is saved, all kinds into one manifest, and nothing twice', async () => {
  const told = await apply();
  expect([told.code, told.error]).toEqual([0, '']);
  expect(told.outputs['due']).toBe('4');
  expect(saved(told)).toEqual([
    'image golden',
    'secret backup-key',
    'server shop',
    'volume db full',
    'volume root full',
  ]);
  expect(await manifests()).toHaveLength(1);

  const from = world.cloud.requests.length;
  const again = await apply();
  expect([again.code, again.outputs]).toMatchObject([0, { due: '0', pruned: '[]' }]);
  expect(again.summary).toContain('Nothing was due');
  expect(again.summary).toContain('5 covered, 1 excluded');
  expect(world.cloud.requests.slice(from).filter(isWrite)).toEqual([]);
  expect(await manifests()).toHaveLength(1);
});

test('each entry has its own rhythm', async () => {
  pass(7);
  expect(saved(await apply())).toEqual(['volume db incremental']);
  pass(18);
  expect(saved(await apply())).toEqual([
    'image golden',
    'secret backup-key',
    'server shop',
    'volume db incremental',
    'volume root incremental',
  ]);
});

test('what cannot be saved fails alone, and is due again', async () => {
  pass(25);
  const when = { method: 'GET', path: /\/images\/[^/]+\/file$/, times: Number.POSITIVE_INFINITY };
  world.cloud.faults.add({ when, do: { status: 403 } });
  const told = await apply();
  world.cloud.faults.clear();
  expect(told.code).toBe(1);
  expect(JSON.parse(told.outputs['failed'] ?? '')).toMatchObject([{ name: 'golden' }]);
  expect(saved(told)).toHaveLength(4);
  expect(saved(await apply())).toEqual(['image golden']);
});

test('a part that cannot even be planned does not keep the others from being saved', async () => {
  pass(25);
  const when = { method: 'GET', path: /\/limits$/, times: Number.POSITIVE_INFINITY };
  world.cloud.faults.add({ when, do: { status: 403 } });
  const told = await apply();
  world.cloud.faults.clear();
  expect(told.code).toBe(1);
  expect(saved(told)).toEqual(['image golden', 'secret backup-key']);
  const failed = JSON.parse(told.outputs['failed'] ?? '') as { name: string }[];
  expect(failed.map(({ name }) => name).sort()).toEqual(['db', 'shop']);
});

test('a plan of another project is refused, and so is one that is not there', async () => {
  await writeFile(join(world.directory, 'other.yml'), shop.plan.replace(shop.project, 'f'.repeat(32)));
  const from = world.cloud.requests.length;
  const other = await run(applyCommand, { plan: 'other.yml' });
  expect([other.code, other.error]).toEqual([2, expect.stringContaining('the plan is for project ffff')]);
  const none = await run(applyCommand, { plan: 'none.yml' });
  expect([none.code, none.error]).toEqual([2, expect.stringContaining('plan init')]);
  expect(world.cloud.requests.slice(from).filter(isWrite)).toEqual([]);
});

test('what several kinds put into the store is in the manifest, and a later run leaves it there', async () => {
  const store = join(world.directory, 'openstack-backups', 'payloads');
  const stored = async () => (await readdir(store)).sort();
  pass(31 * 24);
  const told = await apply();
  expect([told.code, told.error]).toEqual([0, '']);
  const after = await stored();
  // Each later run would tell of what is still noted as in no manifest.
  expect(after.filter((name) => name.startsWith('.partial-'))).toEqual([]);
  expect(after.filter((name) => /^(image|secret)-/.test(name)).length).toBeGreaterThanOrEqual(2);
  pass(31 * 24);
  const next = await apply();
  expect([next.code, next.error]).toEqual([0, '']);
  expect(await stored()).toEqual(expect.arrayContaining(after));
  const listed = await run(list, { store: 'directory:openstack-backups/payloads' });
  const points = JSON.parse(listed.outputs['points'] ?? '[]') as { state: string; why: string }[];
  expect(points.filter(({ state }) => state !== 'whole')).toEqual([]);
}, 120_000);

test('the latest of an image that was made long before: its age says nothing of the clock', async () => {
  const given = {
    image: 'golden',
    manifest: 'latest',
    store: 'directory:openstack-backups/payloads',
    identity: shop.keeper.environment.IDENTITY,
    'allow-unsigned': 'true',
  };
  const told = await run(restoreImage, given, { dryRun: true });
  expect([told.code, told.error]).toEqual([0, '']);
  expect(told.log).not.toContain('clock');
}, 60_000);
