import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { expectExit, inventory } from '../scenarios/steps.ts';
import { limitBackups, writePlan } from '../support/shop.ts';

let world: EmbeddedWorld;
const report = (...words: string[]) => world.tool(['report', '--plan', 'plan.yml', ...words]);

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const { seed } = world.cloud;
  await limitBackups(world);
  seed.addVolume({ name: 'db', size: 2 });
  seed.addVolume({ name: 'scratch-1' });
  await writePlan(
    world,
    `back-up: [{name: all, select: "name:db*", kinds: [volume], every: 1d}]
exclude: [{select: "name:scratch-*", reason: rebuilt by CI}]
`,
  );
}, 60_000);
afterAll(() => world.close());

test('before and after: stale, covered, and an uncovered volume that appears', async () => {
  const first = expectExit(await report('--json'), 1);
  expect(first.json['counts']).toEqual({ failing: 0, uncovered: 0, stale: 1, covered: 0, excluded: 1 });
  expectExit(await world.tool(['backup-volume', '--volumes', 'db']), 0);
  const before = await inventory(world);
  const second = expectExit(await report(), 0);
  expect(second.stdout).toMatch(/^1 covered, 1 excluded in project demo \([0-9a-f]{32}\)\n/);
  expect(second.stdout).toMatch(
    /\n\| volume \| db +\| all +\| covered +\| 1 of 7 \| 0 min old, every 1d +\|\n/,
  );
  expect(second.stdout).toContain(
    '1 of 10 backups used, 1 a night: enough for 9 nights if nothing is deleted\n',
  );
  expect(await inventory(world)).toEqual(before);
  world.cloud.seed.addVolume({ name: 'new' });
  const third = expectExit(await report('--json'), 1);
  expect(third.json['coverage']).toEqual([
    expect.objectContaining({ name: 'new', status: 'uncovered', entry: '' }),
    expect.objectContaining({ name: 'db', status: 'covered' }),
    expect.objectContaining({ name: 'scratch-1', status: 'excluded', why: 'rebuilt by CI' }),
  ]);
  for (const words of [
    ['--fail-on', 'stale'],
    ['--fail-on', 'none'],
  ])
    expectExit(await report(...words), 0);
  expect(expectExit(await report('--fail-on', 'red'), 2).stderr).toContain(
    'error: --fail-on is "red": use uncovered, stale, failing, unsaved-key, unproved, or none',
  );
}, 60_000);

test('what could not be saved is failing, with why', async () => {
  const [volume] = [...world.cloud.state.volumes.values()].filter(({ name }) => name === 'db');
  if (volume === undefined) throw new Error('no volume');
  const { status } = volume;
  volume.status = 'error';
  expectExit(await world.tool(['backup-volume', '--volumes', 'db,new']), 1);
  volume.status = status;
  const [line] = expectExit(await report('--json'), 1).json['coverage'] as { status: string; why: string }[];
  expect(line).toMatchObject({
    name: 'db',
    status: 'failing',
    why: expect.stringMatching(/^\d+ min old; .*error/),
  });
}, 60_000);

test('apply ends with the same table, and not with its JSON', async () => {
  world.cloud.seed.addVolume({ name: 'db-2' });
  const applied = expectExit(await world.tool(['apply', '--plan', 'plan.yml']), 1);
  expect(applied.stdout).toMatch(
    /^manifest: .*manifest\.json\n1 due, all saved\n1 failing, 1 uncovered, 1 covered, 1 excluded in project/,
  );
  expect(applied.stdout).toMatch(
    /\n\| volume \| db-2 +\| all +\| covered +\| 1 of 7 \| \d+ min old, every 1d/,
  );
  expect(applied.stdout).toMatch(/\nfailed: 1 not covered, 1 failing\n$/);
  expect(applied.stdout).not.toContain('{"');
  const reported = expectExit(await report(), 1);
  expect(applied.stdout.replace(/\d+ min/g, 'min')).toContain(reported.stdout.replace(/\d+ min/g, 'min'));
  const { json } = expectExit(await world.tool(['apply', '--plan', 'plan.yml', '--json']), 1);
  expect(json).toMatchObject({
    due: '0',
    pruned: [],
    coverage: [{ name: 'db' }, { name: 'new' }, { name: 'db-2' }, {}],
  });
}, 60_000);

test('a badge: whole, for everybody to read, also of a red report; one that cannot be written is told', async () => {
  const badge = async () => JSON.parse(await readFile(join(world.directory, 'site/backups.json'), 'utf8'));
  expectExit(await report('--badge', 'site/backups.json', '--dry-run'), 1);
  await expect(badge()).rejects.toThrow('ENOENT');
  expectExit(await report('--badge', 'site/backups.json'), 1);
  const day = new Date().toISOString().slice(0, 10);
  const written = {
    schemaVersion: 1,
    label: 'backups',
    message: expect.stringMatching(`^1 not covered, 1 failing \\(${day}\\)$`),
    color: 'red',
  };
  expect(await badge()).toEqual(written);
  expectExit(await report('--badge', 'site/backups.json', '--fail-on', 'none'), 0);
  expect(await badge()).toMatchObject({ color: 'yellow' });
  expect(await readdir(join(world.directory, 'site'))).toEqual(['backups.json']);
  expect((await stat(join(world.directory, 'site/backups.json'))).mode & 0o444).toBe(0o444);

  await mkdir(join(world.directory, 'taken'));
  const refused = expectExit(await report('--badge', 'taken', '--fail-on', 'none'), 1);
  expect(refused.stderr).toContain('error: cannot write the badge taken: ');
  expect(refused.stdout).toContain('1 failing');
  expect(await readdir(world.directory)).not.toContainEqual(expect.stringMatching(/^taken\./));
}, 60_000);

test("a volume that the cloud makes for a while, and its key, are nobody's to cover", async () => {
  const before = expectExit(await report('--json', '--fail-on', 'none'), 0).json['coverage'];
  const passing = world.cloud.seed.addVolume({ name: 'clone', type: 'luks' });
  passing.consumesQuota = false;
  expect(passing.encryptionKeyId).not.toBeNull();
  const after = expectExit(await report('--json', '--fail-on', 'none'), 0).json['coverage'] as unknown[];
  expect(after).toHaveLength((before as unknown[]).length);
  world.cloud.seed.removeVolume(passing);
}, 60_000);
