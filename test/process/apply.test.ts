import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { commands } from '../../src/commands/index.ts';
import type { Raw } from '../../src/inputs/table.ts';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { isWrite } from '../support/every-request.ts';
import { fastClock, runInProcess, type Told } from '../support/in-process.ts';

const keeper = await makeKeeper();
const HOUR = 3_600_000;
let world: EmbeddedWorld;
let project: string;
let later = 0;

const PLAN = () => `version: 1
project: ${project}
recipients: [${keeper.recipient}]
store: directory:openstack-backups/payloads
publish: ["directory:openstack-backups"]
back-up:
  - {name: databases, select: "metadata:backup=db", kinds: [volume], method: cinder-backup, every: 6h}
  - {name: rest, select: all, method: cinder-backup, every: 1d}
exclude:
  - {select: "name:scratch-*", reason: rebuilt by CI}
`;

/** Lets so many hours pass, for the cloud and for the run. */
function pass(hours: number): void {
  later += hours * HOUR;
  world.cloud.clock.shift(hours * HOUR);
}

async function run(name: string, inputs: Raw, dryRun = false): Promise<Told> {
  const command = await commands[name]?.();
  if (command === undefined) throw new Error(`there is no command ${name}`);
  const fast = fastClock();
  const clock = { ...fast, now: () => Date.now() + later };
  const environment = world.environment('demo');
  const told = await runInProcess(command, inputs, {
    environment,
    directory: world.directory,
    clock,
    dryRun,
  });
  world.heard(told.log);
  return told;
}
const apply = (dryRun = false) => run('apply', { plan: 'plan.yml' }, dryRun);
const saved = ({ outputs }: Told) =>
  (JSON.parse(outputs['restore-points'] ?? '[]') as { kind: string; name: string; mode?: string }[])
    .map(({ kind, name, mode }) => `${kind} ${name}${mode === undefined ? '' : ` ${mode}`}`)
    .sort();

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const { seed } = world.cloud;
  project = (await world.session('demo')).scope.project.id;
  seed.addVolume({ name: 'db', size: 2, metadata: { backup: 'db' } });
  const root = seed.addVolume({ name: 'root', size: 1, bootable: true });
  seed.addServer({ name: 'shop', volumes: [root] });
  seed.addVolume({ name: 'scratch-1' });
  await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'golden' });
  seed.addSecret(randomBytes(32), { name: 'backup-key' });
  await writeFile(join(world.directory, 'plan.yml'), PLAN());
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
  await writeFile(join(world.directory, 'other.yml'), PLAN().replace(project, 'f'.repeat(32)));
  const from = world.cloud.requests.length;
  const other = await run('apply', { plan: 'other.yml' });
  expect([other.code, other.error]).toEqual([2, expect.stringContaining('the plan is for project ffff')]);
  const none = await run('apply', { plan: 'none.yml' });
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
  const listed = await run('list', { store: 'directory:openstack-backups/payloads' });
  const points = JSON.parse(listed.outputs['points'] ?? '[]') as { state: string; why: string }[];
  expect(points.filter(({ state }) => state !== 'whole')).toEqual([]);
}, 120_000);

test('the latest of an image that was made long before: its age says nothing of the clock', async () => {
  const given = {
    image: 'golden',
    manifest: 'latest',
    store: 'directory:openstack-backups/payloads',
    identity: keeper.environment['IDENTITY'] ?? '',
    'allow-unsigned': 'true',
  };
  const told = await run('restore-image', given, true);
  expect([told.code, told.error]).toEqual([0, '']);
  expect(told.log).not.toContain('clock');
}, 60_000);
