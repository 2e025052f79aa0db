import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sealer } from '../../src/keys/age.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { packageOf } from '../../src/publish/package.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { expectExit, inventory } from '../scenarios/steps.ts';
import { limitBackups, openShop, type Shop } from '../support/shop.ts';

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly entry: string;
  readonly state: string;
  readonly way: string;
  readonly why: string;
}

let shop: Shop;
let world: EmbeddedWorld;

const write = (text: string, name = 'plan.yml') => writeFile(join(world.directory, name), text);
const show = (...words: string[]) => world.tool(['plan', 'show', 'plan.yml', ...words]);
const rows = async (code = 0) => expectExit(await show('--json'), code).json['resources'] as Row[];
const told = async (code = 0) =>
  (await rows(code))
    .map(
      ({ kind, name, entry, state, way, why }) =>
        `${kind} ${name}: ${[entry, state, way, why].filter(Boolean).join(', ')}`,
    )
    .sort();

beforeAll(async () => {
  shop = await openShop('keep: {last: 3}\n');
  world = shop.world;
  await limitBackups(world);
}, 60_000);
afterAll(() => world.close());

test('before the first run all is due, nothing is asked for but to be seen, and nothing changes', async () => {
  const before = await inventory(world);
  expect(await told()).toEqual([
    'image golden: rest, due, download, never saved',
    'secret backup-key: rest, due, sealed, never saved',
    'server shop: rest, due, full, never saved',
    'volume db: databases, due, full, never saved; the volume has no backup yet',
    'volume root: rest, due, with server shop, never saved',
    'volume scratch-1: excluded, rebuilt by CI',
  ]);
  expect(await inventory(world)).toEqual(before);
  const { stdout } = expectExit(await show(), 0);
  expect(stdout).toMatch(/^5 of 6 due in project demo \([0-9a-f]{32}\)\n/);
  expect(stdout).toMatch(
    /\nquota now: 0 of 10 backups, 0 of 1000 GB of backups; quota after this run: 2 of 10 backups, 3 of 1000 GB of backups, and during the run: 1 of 100 snapshots/,
  );
});

test('what was saved is not due, also where the manifest is lost', async () => {
  const save = (...words: string[]) =>
    world.tool([...words, '--publish', 'directory:openstack-backups', '--json']);
  expectExit(await save('backup-server', '--servers', 'shop'), 0);
  expectExit(await save('backup-volume', '--volumes', 'db'), 0);
  expectExit(
    await save('export-secret', '--secrets', 'backup-key', '--recipients', shop.keeper.recipient),
    0,
  );
  expect(await told()).toEqual([
    'image golden: rest, due, download, never saved',
    'secret backup-key: rest, not due, 0 min old, every 1d',
    'server shop: rest, not due, 0 min old, every 1d',
    'volume db: databases, not due, 0 min old, every 6h',
    'volume root: rest, not due, 0 min old, every 1d',
    'volume scratch-1: excluded, rebuilt by CI',
  ]);
  await write(shop.plan.replace('directory:openstack-backups"', 'directory:elsewhere"'));
  expect((await told()).filter((line) => line.startsWith('volume'))).toEqual([
    'volume db: databases, not due, 0 min old, every 6h',
    'volume root: rest, due, with server shop, 0 min old, every 1d',
    'volume scratch-1: excluded, rebuilt by CI',
  ]);
  await write(shop.plan);
});

test('manifests that are sealed to others say what was saved when on their envelopes', async () => {
  const names = await readdir(join(world.directory, 'openstack-backups'));
  const seal = await sealer([shop.keeper.recipient]);
  for (const name of names.filter((one) => /^\d{8}T/.test(one))) {
    const text = await readFile(join(world.directory, 'openstack-backups', name, 'manifest.json'), 'utf8');
    const { files } = await packageOf(JSON.parse(text) as Manifest, undefined, seal);
    await mkdir(join(world.directory, 'sealed', name), { recursive: true });
    for (const [file, bytes] of Object.entries(files))
      await writeFile(join(world.directory, 'sealed', name, file), bytes);
  }
  const plain = await told();
  await write(shop.plan.replace('directory:openstack-backups"', 'directory:sealed"'));
  expect(await told()).toEqual(plain);
  expect((await show()).stderr).toMatch(
    /3 manifests are sealed to others: what was saved when is read from their envelopes\n/,
  );
  await write(shop.plan);
});

test('a backup that is gone from the cloud is no restore point any more', async () => {
  for (const [id, { volumeId }] of world.cloud.state.backups)
    if (world.cloud.state.volumes.get(volumeId)?.name === 'db') world.cloud.state.backups.delete(id);
  expect((await told()).find((line) => line.startsWith('volume db'))).toBe(
    'volume db: databases, due, full, never saved; the volume has no backup yet',
  );
});

test('what the quota has no room for is refused by name, and the exit is 1', async () => {
  for (let count = 0; count < 12; count += 1) world.cloud.seed.addVolume({ name: `more-${count}`, size: 1 });
  const all = await rows(1);
  const refused = all.filter(({ state }) => state === 'refused');
  expect(refused.length).toBeGreaterThan(2);
  expect(refused[0]?.why).toMatch(
    /^the quota is too small for volume "more-\d+" \([^)]+\): 11 of 10 backups/,
  );
});

test('where nothing less than quiesced will do, what cannot be is refused', async () => {
  await write(shop.plan.replace('every: 1d', 'consistency: quiesced, every: 1d'));
  await rm(join(world.directory, 'openstack-backups'), { recursive: true });
  const lines = await told(1);
  expect(lines.find((line) => line.startsWith('server shop'))).toMatch(
    /^server shop: rest, refused, the file systems of server "shop" \([^)]+\) may not be frozen: its image does not have os_require_quiesce=yes/,
  );
  await write(shop.plan);
});

test('a matrix of what is due, whose parts are carried out alone', async () => {
  const { json } = await show('--matrix', '3', '--json');
  const { include } = json['matrix'] as { include: { name: string; only: string }[] };
  expect(include.map(({ name }) => name)).toEqual(['1 of 3', '2 of 3', '3 of 3']);
  const due = (json['resources'] as Row[]).filter(
    ({ state, way }) => ['due', 'refused'].includes(state) && !way.startsWith('with '),
  );
  expect(include.flatMap(({ only }) => only.split('\n'))).toHaveLength(due.length);
  const [part] = include;
  const { json: told } = await world.tool([
    'apply',
    '--plan',
    'plan.yml',
    '--only',
    part?.only ?? '',
    '--dry-run',
    '--json',
  ]);
  const planned = (told['plan'] as { resources: Row[] }).resources.filter(({ state }) =>
    ['due', 'refused'].includes(state),
  );
  expect(planned.length).toBeGreaterThan(0);
  expect(planned.length).toBeLessThan(due.length);
  expect(expectExit(await show('--only', 'volume:x'), 2).stderr).toContain(
    '--only has volume x, which no entry',
  );
});

test('an entry that finds nothing is told', async () => {
  await write(shop.plan.replace('backup=db', 'backup=database'));
  const { stderr } = await show();
  expect(stderr).toContain(
    'warning: "databases": metadata:backup=database matches no volume of the project\n',
  );
  await write(shop.plan);
});

test.each([
  [
    'another project',
    (text: string) => text.replace(/project: .*/, 'project: 0123456789abcdef0123456789abcdef'),
    [],
    'but the plan is for project 0123456789abcdef0123456789abcdef',
  ],
  [
    'the name of the project',
    (text: string) => text.replace(/project: .*/, 'project: demo'),
    [],
    'A plan has the id of the project, not its name: write project: ',
  ],
  [
    'another region',
    (text: string) => `${text}region: RegionOne\n`,
    ['--region', 'RegionTwo'],
    '--region is "RegionTwo", but the plan is for region "RegionOne"',
  ],
  ['a region that there is not', (text: string) => `${text}region: Nowhere\n`, [], 'Nowhere'],
  ['a plan that is none', () => 'version: 1\n', [], 'plan.yml:1:1: back-up is missing'],
])('%s: exit 2, and nothing is touched', async (_, change, words, said) => {
  const before = await inventory(world);
  await write(change(shop.plan));
  expect(expectExit(await show(...words), 2).stderr).toContain(said);
  expect(await inventory(world)).toEqual(before);
  await write(shop.plan);
});
