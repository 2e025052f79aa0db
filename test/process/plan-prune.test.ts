import { generateKeyPairSync, sign } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { apply } from '../../src/commands/apply.ts';
import { planShow } from '../../src/commands/plan-show.ts';
import { prune } from '../../src/commands/prune.ts';
import { isWrite } from '../support/every-request.ts';
import type { Told } from '../support/in-process.ts';
import { type Applied, appliedWorld } from '../support/trials/apply.ts';

const PLAN = { plan: 'plan.yml', 'allow-unsigned': 'true' };
let applied: Applied;
let file: string;
let text: string;

beforeAll(async () => {
  applied = await appliedWorld();
  file = join(applied.world.directory, 'plan.yml');
  // Of three nights the oldest goes now, and not only when the next is saved.
  text = (await readFile(file, 'utf8')).replace('within: 60h', 'within: 30h');
}, 120_000);
afterAll(() => applied.world.close());
beforeEach(async () => {
  await applied.reset();
  await writeFile(file, text);
});

const digestOf = ({ summary }: Told) => /Digest: ([0-9a-f]{64})/.exec(summary)?.[1];

test('plan show, apply --dry-run and prune --plan --dry-run show the same that goes, and why', async () => {
  const from = applied.world.cloud.requests.length;
  const shown = await applied.run(planShow, PLAN);
  const dry = await applied.run(apply, PLAN, { dryRun: true });
  const pruned = await applied.run(prune, PLAN, { dryRun: true });
  expect([shown.code, dry.code, pruned.code]).toEqual([0, 0, 0]);
  expect(applied.world.cloud.requests.slice(from).filter(isWrite)).toEqual([]);
  expect(digestOf(shown)).toBeDefined();
  expect([digestOf(dry), digestOf(pruned)]).toEqual([digestOf(shown), digestOf(shown)]);
  const { points } = JSON.parse(shown.outputs['prune'] ?? '{}') as {
    points: { keep: boolean; data: string; reasons: string[] }[];
  };
  expect(points.filter(({ keep }) => !keep)).toMatchObject([
    { data: `backup ${applied.goes}`, reasons: ['no rule keeps it'] },
  ]);
  expect(shown.summary).toContain(`backup ${applied.goes} | delete&#58; no rule keeps it`);
});

test('a job of a matrix, and a plan that keeps everything, show nothing that goes', async () => {
  const only = await applied.run(planShow, { ...PLAN, only: `volume:${applied.volume}` });
  expect([only.code, only.outputs['prune']]).toEqual([0, undefined]);
  await writeFile(file, text.replace(/^keep: .*\n/m, ''));
  const all = await applied.run(planShow, PLAN);
  expect([all.code, all.outputs['prune']]).toEqual([0, undefined]);
});

test('of manifests that are not signed it says so, and shows the rest', async () => {
  const told = await applied.run(planShow, { plan: 'plan.yml' });
  expect([told.code, told.outputs['prune']]).toEqual([0, undefined]);
  expect(told.log).toMatch(/warning: cannot find out what would be deleted: .*is not signed/);
  expect(told.summary).toContain('1 of 2 due');
});

test('apply fails of manifests that are not signed once something has to go, and warns before', async () => {
  await writeFile(file, text.replace('within: 30h', 'within: 30d'));
  const early = await applied.run(apply, { plan: 'plan.yml' });
  expect([early.code, early.error, JSON.parse(early.outputs['pruned'] ?? '')]).toEqual([0, '', []]);
  expect(early.log).toMatch(/warning: nothing has to be deleted now; .*is not signed/);
  await writeFile(file, text);
  const before = applied.backups();
  const late = await applied.run(apply, { plan: 'plan.yml' });
  expect(late.code).toBe(1);
  expect(late.log).toMatch(/error: nothing was pruned: .*is not signed/);
  expect([...before].filter((id) => !applied.backups().has(id))).toEqual([]);
}, 60_000);

describe('where nothing has to go, apply stays green only of manifests that bear no signature at all', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const signKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const stranger = generateKeyPairSync('ed25519').privateKey;
  const changeOldest = async (change: (directory: string) => Promise<void>) => {
    const home = join(applied.world.directory, 'openstack-backups');
    const [oldest] = (await readdir(home)).toSorted();
    await change(join(home, oldest ?? ''));
  };
  const alter = (directory: string) =>
    writeFile(join(directory, 'manifest.json.sha256'), `${'0'.repeat(64)}  manifest.json\n`);
  const signAsStranger = async (directory: string) => {
    const signature = sign(null, await readFile(join(directory, 'manifest.json')), stranger);
    await writeFile(join(directory, 'manifest.json.sig'), `${signature.toString('base64')}\n`);
  };
  const cutShort = (directory: string) => writeFile(join(directory, 'manifest.json'), '{');

  test.each<[string, ((directory: string) => Promise<void>) | undefined, boolean, RegExp]>([
    ['one was altered', alter, false, /was altered: its SHA-256/],
    ['one is signed, and nobody gave a key', signAsStranger, false, /no `verify-key` was given/],
    ['one cannot be read', cutShort, false, /is not JSON|was altered/],
    ['a key was given, and none is signed', undefined, true, /is not signed/],
    ['a key was given, and one is signed with another', signAsStranger, true, /is not signed|a key other/],
  ])('%s', async (_, change, withKey, what) => {
    await writeFile(file, text.replace('within: 30h', 'within: 30d'));
    await writeFile(join(applied.world.directory, 'key.pub'), pem);
    if (change !== undefined) await changeOldest(change);
    const keys = withKey ? { 'verify-key': 'key.pub', 'sign-key': signKey } : {};
    const told = await applied.run(apply, { plan: 'plan.yml', ...keys });
    expect([told.code, told.log]).toEqual([1, expect.stringMatching(/error: nothing was pruned: /)]);
    expect(told.log).toMatch(what);
  });
});

test('nothing goes where some of the manifests cannot be read from here', async () => {
  await writeFile(
    file,
    text.replace(/^publish: .*$/m, (line) => line.replace('[', '[artifact, ')),
  );
  const told = await applied.run(planShow, PLAN);
  expect([told.code, told.outputs['prune']]).toEqual([0, undefined]);
  expect(told.log).toMatch(/warning: cannot find out what would be deleted: artifacts and releases/);
});

test('what fits only when something is deleted before is due, and apply does so', async () => {
  const { cloud } = applied.world;
  const project = [...cloud.state.projects.values()].find(({ name }) => name === 'demo');
  if (project === undefined) throw new Error('no project');
  const { quota } = project;
  const before = applied.backups();
  project.quota = { ...quota, backups: before.size };
  const shown = await applied.run(planShow, PLAN);
  expect([shown.code, shown.error]).toEqual([0, '']);
  expect(JSON.parse(shown.outputs['quota'] ?? '')).toMatchObject({
    before: expect.arrayContaining(['4 of 4 backups']),
    after: expect.arrayContaining(['4 of 4 backups']),
  });
  const done = await applied.run(apply, PLAN);
  project.quota = quota;
  expect([done.code, done.error]).toEqual([0, '']);
  expect(applied.backups().has(applied.goes)).toBe(false);
  const told = (JSON.parse(done.outputs['pruned'] ?? '') as { id: string }[]).map(({ id }) => id);
  expect(told.sort()).toEqual([...before].filter((id) => !applied.backups().has(id)).sort());
  expect([...applied.backups()].filter((id) => !before.has(id))).toHaveLength(1);
}, 60_000);
