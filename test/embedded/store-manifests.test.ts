import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';

jest.setTimeout(120_000);

const nights = [1, 2, 3].map(() => randomBytes(5000));
const STORE = ['--store', 'directory:far/away'];
let world: EmbeddedWorld;
let id: string;
/** Of each night, as its run gave them. */
const manifests: string[] = [];

const tool = async (code: number, ...words: string[]) =>
  expectExit(await world.tool([...words, ...STORE, '--json']), code).json;
const runsIn = (...path: string[]) => readdir(join(world.directory, 'far', 'away', 'manifests', ...path));

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  id = world.cloud.seed.addVolume({ name: 'db', bootable: true }).id;
  for (const content of nights) {
    await world.write(id, 0, content);
    const words = ['--volumes', 'db', '--method', 'image', '--publish', 'store'];
    manifests.push(String((await tool(0, 'backup-volume', ...words))['manifest']));
  }
});
afterAll(() => world.close());

async function restored(...words: string[]): Promise<number> {
  const json = await tool(
    0,
    'restore-volume',
    '--allow-unsigned',
    '--volume',
    'db',
    '--name',
    'back',
    ...words,
  );
  const bytes = await world.content(String(json['volume-id']), 5000);
  return nights.findIndex((night) => night.equals(bytes));
}

test('each run has its own folder there, with all that a directory has', async () => {
  const runs = await runsIn();
  expect(runs).toHaveLength(3);
  expect(manifests).toEqual(runs.map((run) => join(world.directory, 'far/away/manifests', run)));
  for (const run of runs)
    expect((await runsIn(run)).sort()).toEqual(['RESTORE.md', 'manifest.json', 'manifest.json.sha256']);
});

test('a list and a page show what is there', async () => {
  const { points } = await tool(0, 'list', '--manifest', 'store', '--sort', 'time');
  expect(points).toMatchObject(manifests.map((manifest) => ({ name: 'db', manifest, state: 'whole' })));
  const shown = await tool(0, 'show', '--manifest', 'store', '--volume', 'db');
  expect(JSON.stringify(shown)).toContain(manifests[2]);
});

test('the newest comes back, one by its name, and one as of a time', async () => {
  expect(await restored('--manifest', 'latest:store')).toBe(2);
  expect(await restored('--manifest', manifests[0] ?? '')).toBe(0);
  const { points } = await tool(0, 'list', '--manifest', 'store', '--sort', 'time');
  const { time } = (points as { time: string }[])[1] ?? {};
  expect(await restored('--manifest', 'store', '--at', time ?? '')).toBe(1);
});

test('without a store it is an error before anything is touched', async () => {
  const words = ['restore-volume', '--manifest', 'latest:store', '--volume', 'db'];
  const { stderr } = expectExit(await world.tool(words), 2);
  expect(stderr).toContain('openstack-backups/payloads');
});

test('sealed ones show nothing, and open with the identity', async () => {
  const keeper = await makeKeeper();
  const store = ['--store', 'directory:sealed', '--json'];
  const words = [
    '--volumes',
    'db',
    '--method',
    'image',
    '--publish',
    'store',
    '--recipients',
    keeper.recipient,
  ];
  const { manifest } = expectExit(await world.tool(['backup-volume', ...words, ...store]), 0).json;
  expect(await readdir(String(manifest))).toEqual(
    expect.arrayContaining(['envelope.json', 'manifest.json.age']),
  );
  const restore = ['restore-volume', '--manifest', 'latest:store', '--volume', 'db', '--name', 'back'];
  const opened = [...restore, '--allow-unsigned', '--identity', 'env:IDENTITY', ...store];
  const { json } = expectExit(await world.tool(opened, { environment: keeper.environment }), 0);
  expect((await world.content(String(json['volume-id']), 5000)).equals(nights[2] ?? Buffer.of())).toBe(true);
});

describe('a plan that publishes there', () => {
  const plan = () => {
    const [project] = [...world.cloud.state.projects.values()].filter(({ name }) => name === 'demo');
    return writeFile(
      join(world.directory, 'plan.yaml'),
      [
        'version: 1',
        `project: ${project?.id}`,
        'publish: [store]',
        'store: directory:by-plan',
        'report: {fail-on: [stale]}',
        'back-up: [{name: all, select: name:db, kinds: [volume], every: 1h}]',
      ].join('\n'),
    );
  };
  const run = async (...words: string[]) => expectExit(await world.tool([...words, '--json']), 0).json;

  test('is applied before there is one, finds it again, and reports it', async () => {
    await plan();
    await run('apply', '--plan', 'plan.yaml');
    expect(await readdir(join(world.directory, 'by-plan', 'manifests'))).toHaveLength(1);
    expect(JSON.stringify(await run('apply', '--plan', 'plan.yaml', '--dry-run'))).not.toContain('"due"');
    await run('report', '--plan', 'plan.yaml');
    await rm(join(world.directory, 'by-plan'), { recursive: true });
  });
});

test('pruned, the record is there, and manifests go once their points are gone', async () => {
  const rules = ['--keep-last', '1', '--min-copies', '1', '--allow-unsigned', '--allow-over-half'];
  const prune = () => tool(0, 'prune', '--manifest', 'store', ...rules);
  const { manifest: record } = await prune();
  const nights = manifests.map((path) => basename(path));
  expect(await runsIn()).toEqual([...nights, basename(String(record))]);
  await prune();
  expect(await runsIn()).toEqual([nights[2], basename(String(record))]);
  await prune();
  expect(await runsIn()).toEqual([nights[2]]);
  const { points } = await tool(0, 'list', '--manifest', 'store');
  expect(points).toHaveLength(1);
  expect(await restored('--manifest', 'latest:store')).toBe(2);
});
