import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type FakeS3, startS3 } from '../fakes/s3/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';
import { runPrinted } from '../support/printed.ts';
import type { RunOptions } from '../support/tool.ts';

jest.setTimeout(180_000);

const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const AWS = { AWS_ACCESS_KEY_ID: KEYS.id, AWS_SECRET_ACCESS_KEY: KEYS.secret };
let world: EmbeddedWorld;
let s3: FakeS3;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  world.cloud.seed.addContainer('backups');
  s3 = await startS3('backups', [KEYS]);
});
afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await world.close();
});

/** What lies in a store, by the name of the place. */
const kinds: Record<string, (store: string) => Promise<string[]>> = {
  'directory:far/away': async (store) => {
    const folder = join(world.directory, store.slice('directory:'.length));
    const all = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    return all
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
  },
  's3://backups/far': async (store) => inFolder(s3.objects.keys(), store, 's3://backups/'),
  'swift://backups/far': async (store) =>
    inFolder(
      [...world.cloud.state.containers.values()].flatMap(({ objects }) => [...objects.keys()]),
      store,
      'swift://backups/',
    ),
};

function inFolder(keys: Iterable<string>, store: string, root: string): string[] {
  const folder = `${store.slice(root.length)}/`;
  return [...keys].filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length));
}

describe.each(Object.entries(kinds))('in %s', (place, look) => {
  const nights = [1, 2, 3].map(() => randomBytes(5000));
  const volume = `db-${place.slice(0, 2)}`;
  let id: string;
  /** Of each night, as its run gave them. */
  const manifests: string[] = [];

  const given = (store = place) => [
    ...['--store', store, '--json'],
    ...(store.startsWith('s3:') ? ['--s3-endpoint', s3.url] : []),
  ];
  const run = (words: readonly string[], more: Partial<RunOptions> = {}) =>
    world.tool(words, { ...more, environment: { ...AWS, ...more.environment } });
  const tool = async (code: number, ...words: string[]) =>
    expectExit(await run([...words, ...given()]), code).json;
  const saving = (...names: string[]) => [
    ...['backup-volume', '--volumes', names.join(','), '--method', 'image', '--publish', 'store'],
  ];
  const runsIn = async (store = place) => [
    ...new Set((await look(store)).flatMap((name) => /^manifests\/([^/]+)\//.exec(name)?.[1] ?? []).sort()),
  ];

  beforeAll(async () => {
    id = world.cloud.seed.addVolume({ name: volume, bootable: true }).id;
    for (const content of nights) {
      await world.write(id, 0, content);
      manifests.push(String((await tool(0, ...saving(volume)))['manifest']));
    }
  });

  async function restored(code: number, ...words: string[]): Promise<number> {
    const back = ['restore-volume', '--allow-unsigned', '--volume', volume, '--name', 'back'];
    const json = await tool(code, ...back, ...words);
    const bytes = await world.content(String(json['volume-id']), 5000);
    return nights.findIndex((night) => night.equals(bytes));
  }

  test('each run has its own folder there, with all that a directory has', async () => {
    const runs = await runsIn();
    const at = place.replace('directory:', `${world.directory}/`);
    expect(manifests).toEqual(runs.map((run) => `${at}/manifests/${run}`));
    expect((await look(place)).filter((name) => name.startsWith('manifests/')).sort()).toEqual(
      runs.flatMap((run) =>
        ['RESTORE.md', 'manifest.json', 'manifest.json.sha256'].map((name) => `manifests/${run}/${name}`),
      ),
    );
  });

  test('a list and a page show what is there', async () => {
    const { points } = await tool(0, 'list', '--manifest', 'store', '--sort', 'time');
    expect(points).toMatchObject(manifests.map((manifest) => ({ name: volume, manifest, state: 'whole' })));
    const shown = await tool(0, 'show', '--manifest', 'store', '--volume', volume);
    expect(JSON.stringify(shown)).toContain(manifests[2]);
    const { restore } = shown['point'] as { readonly restore: readonly string[] };
    const environment = { ...world.environment('demo'), ...AWS };
    const copied = restore.map((line) => line.replace(/ #.*$|$/, ` --name copied-${volume}`));
    expect(await runPrinted(copied, { directory: tmpdir(), environment })).toMatchObject({ code: 0 });
    const back = [...world.cloud.state.volumes.values()].find(({ name }) => name === `copied-${volume}`);
    expect((await world.content(back?.id ?? '', 5000)).equals(nights[2] ?? Buffer.of())).toBe(true);
  });

  test('the newest comes back, one by its name, and one as of a time', async () => {
    expect(await restored(0, '--manifest', 'latest:store')).toBe(2);
    expect(await restored(0, '--manifest', manifests[0] ?? '')).toBe(0);
    const { points } = await tool(0, 'list', '--manifest', 'store', '--sort', 'time');
    const { time } = (points as { time: string }[])[1] ?? {};
    expect(await restored(0, '--manifest', 'store', '--at', time ?? '')).toBe(1);
    if (!place.startsWith('directory:')) expect(await restored(0, '--manifest', `latest:${place}`)).toBe(2);
  });

  test('what a killed run had saved is found, and the next run goes on', async () => {
    const store = `${place}-killed`;
    const other = `other-${volume}`;
    world.cloud.seed.addVolume({ name: other });
    const killed = await run([...saving(volume, other), '--concurrency', '1', ...given(store)], {
      onOutput: (text, kill) => {
        if (text.includes(' saved as ')) kill('SIGKILL');
      },
    });
    expect(killed.code).toBeNull();
    expect((await look(store)).filter((name) => name.endsWith('manifest.json'))).toEqual([]);
    const names = async () => {
      const { json } = expectExit(await run(['list', '--manifest', 'store', ...given(store)]), 0);
      return (json['points'] as { name: string; state: string }[]).map(
        ({ name, state }) => `${name} ${state}`,
      );
    };
    const saved = await names();
    expect([[`${volume} whole`], [`${other} whole`]]).toContainEqual(saved);
    expectExit(await run([...saving(volume, other), ...given(store)]), 0);
    expect(await names()).toHaveLength(3);
  });

  test('sealed ones show nothing, and open with the identity', async () => {
    const keeper = await makeKeeper();
    const store = `${place}-sealed`;
    expectExit(await run([...saving(volume), '--recipients', keeper.recipient, ...given(store)]), 0);
    const names = (await look(store)).map((name) => basename(name));
    expect(names).toEqual(expect.arrayContaining(['envelope.json', 'manifest.json.age', 'RESTORE.md.age']));
    const words = ['--manifest', 'latest:store', '--volume', volume, '--name', 'back', '--allow-unsigned'];
    const opened = ['restore-volume', ...words, '--identity', 'env:IDENTITY', ...given(store)];
    const { json } = expectExit(await run(opened, { environment: keeper.environment }), 0);
    expect((await world.content(String(json['volume-id']), 5000)).equals(nights[2] ?? Buffer.of())).toBe(
      true,
    );
  });

  test('a plan that publishes there is applied before there is one, finds it again, and reports it', async () => {
    const [project] = [...world.cloud.state.projects.values()].filter(({ name }) => name === 'demo');
    const store = `${place}-by-plan`;
    const query = place.startsWith('s3:') ? `?endpoint=${s3.url}` : '';
    await writeFile(
      join(world.directory, 'plan.yaml'),
      [
        'version: 1',
        `project: ${project?.id}`,
        'publish: [store]',
        `store: ${store}${query}`,
        'report: {fail-on: [stale]}',
        `back-up: [{name: all, select: "name:${volume}", kinds: [volume], every: 1h}]`,
      ].join('\n'),
    );
    const carryOut = async (...words: string[]) =>
      expectExit(await run([...words, '--plan', 'plan.yaml', '--json']), 0).json;
    await carryOut('apply');
    expect(await runsIn(store)).toHaveLength(1);
    await carryOut('apply');
    expect(await runsIn(store)).toHaveLength(1);
    await carryOut('report');
  });

  test('pruned, the record is there, and manifests go once their points are gone', async () => {
    const rules = ['--keep-last', '1', '--min-copies', '1', '--allow-unsigned', '--allow-over-half'];
    const prune = () => tool(0, 'prune', '--manifest', 'store', ...rules);
    const runs = manifests.map((path) => basename(path));
    const { manifest: record } = await prune();
    expect(await runsIn()).toEqual([...runs, basename(String(record))]);
    await prune();
    expect(await runsIn()).toEqual([runs[2], basename(String(record))]);
    await prune();
    expect(await runsIn()).toEqual([runs[2]]);
    const { points } = await tool(0, 'list', '--manifest', 'store');
    expect(points).toHaveLength(1);
    expect(await restored(0, '--manifest', 'latest:store')).toBe(2);
  });
});

test('the default of a terminal is looked into, and is named where it is not there', async () => {
  await rm(join(world.directory, 'openstack-backups'), { recursive: true, force: true });
  const words = ['restore-volume', '--manifest', 'latest:store', '--volume', 'db'];
  expect(expectExit(await world.tool(words), 2).stderr).toContain('openstack-backups/payloads');
});
