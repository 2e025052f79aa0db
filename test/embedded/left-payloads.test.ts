import { randomBytes, randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { apply } from '../../src/commands/apply.ts';
import { exportSecret } from '../../src/commands/export-secret.ts';
import { headOf, JOURNAL_FILE, JournalWriter, journalFile } from '../../src/manifest/journal.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import type { Liveness } from '../../src/ports/owner.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Keeper, makeKeeper, STORE } from '../scenarios/sealed.ts';
import { runnerOf } from '../support/faults.ts';
import type { Told } from '../support/in-process.ts';

jest.setTimeout(60_000);

const DEAD_RUN = '5f2c9a01-0000-4000-8000-000000000000';
let world: EmbeddedWorld;
let keeper: Keeper;

beforeEach(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1 << 20 });
  keeper = await makeKeeper();
  world.cloud.seed.addSecret(randomBytes(32), { name: 'golden' });
});
afterEach(() => world.close());

async function save(more: Record<string, string> = {}, others: Liveness = 'ended'): Promise<Told> {
  const given = {
    secrets: 'golden',
    recipients: keeper.recipient,
    store: 'directory:openstack-backups/payloads',
    ...more,
  };
  const told = await runnerOf(world)(exportSecret, given, { others });
  expect([told.code, told.error]).toEqual([0, '']);
  return told;
}

/** Saves, and leaves the note of a dead run on what was saved. @returns the payload's name, and its manifest's path */
async function saveAndNote(): Promise<{ name: string; path: string; manifest: Manifest }> {
  const path = (await save()).outputs['manifest'] ?? '';
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  const [point] = manifest.restorePoints;
  const name = point !== undefined && 'payload' in point ? (point.payload?.name ?? '') : '';
  await note(STORE(world), name);
  return { name, path, manifest };
}

async function note(store: string, name: string): Promise<void> {
  const own = join(store, `.partial-${DEAD_RUN}`);
  await mkdir(own);
  await writeFile(join(own, 'owner'), 'github:o/r:7:1');
  await writeFile(join(own, `${name}.whole`), '');
}

const hidden = async () => (await readdir(STORE(world))).filter((name) => name.startsWith('.'));
const linesOf = ({ log }: Told, name: string) =>
  log.split('\n').filter((line) => line.includes(name) && line.includes('it is kept'));

test('a note that lies costs nothing: what a manifest names stays, and nobody is told', async () => {
  const { name } = await saveAndNote();
  const before = await readFile(join(STORE(world), name));
  const told = await save();
  expect((await readFile(join(STORE(world), name))).equals(before)).toBe(true);
  expect(linesOf(told, name)).toEqual([]);
  expect(await hidden()).toEqual([]);
});

test('a run that died with its manifest still a journal has named what it names', async () => {
  const { name, path, manifest } = await saveAndNote();
  const journal = new JournalWriter(journalFile(join(dirname(path), JOURNAL_FILE)), undefined, undefined);
  const points = manifest.restorePoints.map((point) => ({ point }));
  await journal.add(headOf(manifest), { cloud: manifest.cloud }, ...points);
  for (const file of ['manifest.json', 'manifest.json.sha256', 'RESTORE.md'])
    await rm(join(dirname(path), file), { force: true });
  expect(linesOf(await save(), name)).toEqual([]);
  expect(await readdir(STORE(world))).toContain(name);
  expect(await hidden()).toEqual([]);
});

test('what a run left whole before a manifest named it stays, and each run tells how it is removed', async () => {
  const { name, path } = await saveAndNote();
  await rm(dirname(path), { recursive: true });
  for (const _run of ['first', 'second']) {
    const lines = linesOf(await save(), name);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /: it is kept\. No manifest in openstack-backups, \S+ names it; one of another project or workflow may\. /,
    );
    expect(lines[0]).toContain(`remove it with: rm ${join(STORE(world), name)}`);
  }
  expect(await readdir(STORE(world))).toContain(name);
  await rm(join(STORE(world), name));
  expect(linesOf(await save(), name)).toEqual([]);
  expect(await hidden()).toEqual([]);
});

test.each([
  ['manifest.json', 'no manifest', /is not a manifest|is not JSON|not valid/],
  ['manifest.json.age', 'age-encryption.org/v1\n', /sealed|identity|cannot be opened/],
])('of %s that cannot be read nobody knows what it names: that is said', async (file, text, why) => {
  const { name, path } = await saveAndNote();
  await rm(dirname(path), { recursive: true });
  await mkdir(dirname(path));
  await writeFile(join(dirname(path), file), text);
  const [line = '', ...more] = linesOf(await save(), name);
  expect(more).toEqual([]);
  expect(line).toMatch(why);
  expect(line).toContain(dirname(path));
  expect(line).toContain(`If no manifest names it, remove it with: rm ${join(STORE(world), name)}`);
  expect(await readdir(STORE(world))).toContain(name);
});

test('in a store that was restored elsewhere all stays, with or without its manifests', async () => {
  const { name } = await saveAndNote();
  await cp(join(world.directory, 'openstack-backups'), join(world.directory, 'copy'), { recursive: true });
  const store = 'directory:copy/payloads';
  const apart = await save({ store, publish: 'directory:elsewhere' });
  expect(linesOf(apart, name)).toHaveLength(1);
  expect(linesOf(await save({ store, publish: 'directory:copy' }), name)).toEqual([]);
  expect(await readdir(join(world.directory, 'copy', 'payloads'))).toContain(name);
});

test('what a run that lives has whole is its own: nothing is said of it', async () => {
  const { name, path } = await saveAndNote();
  await rm(dirname(path), { recursive: true });
  expect(linesOf(await save({}, 'alive'), name)).toEqual([]);
  expect(await hidden()).toHaveLength(1);
});

test('a run of several kinds tells it once', async () => {
  world.cloud.seed.addSecret(randomBytes(32), { name: 'backup-key' });
  const name = `secret-${randomUUID()}.key.age`;
  await mkdir(STORE(world), { recursive: true });
  await writeFile(join(STORE(world), name), 'sealed');
  await note(STORE(world), name);
  const { scope } = await world.session();
  const plan = [
    'version: 1',
    `project: ${scope.project.id}`,
    `recipients: [${keeper.recipient}]`,
    'store: directory:openstack-backups/payloads',
    'publish: ["directory:openstack-backups"]',
    'back-up: [{name: all, select: all, every: 1d}]',
  ];
  await writeFile(join(world.directory, 'plan.yml'), plan.join('\n'));
  const told = await runnerOf(world)(apply, { plan: 'plan.yml' });
  expect([told.code, told.error]).toEqual([0, '']);
  expect(JSON.parse(told.outputs['restore-points'] ?? '[]')).toHaveLength(2);
  expect(linesOf(told, name)).toHaveLength(1);
});
