import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type FakeS3, startS3 } from '../fakes/s3/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';

const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const AWS = { AWS_ACCESS_KEY_ID: KEYS.id, AWS_SECRET_ACCESS_KEY: KEYS.secret };
const keeper = await makeKeeper();
let world: EmbeddedWorld;
let s3: FakeS3;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  world.cloud.seed.addContainer('backups');
  s3 = await startS3('backups', [KEYS]);
  for (const name of ['db', 'web', 'mail']) world.cloud.seed.addVolume({ name, bytes: randomBytes(1000) });
});
afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await world.close();
});

interface Kind {
  readonly store: string;
  more(): readonly string[];
  /** The objects of which bytes were sent. */
  read(): number;
}

const kinds: readonly Kind[] = [
  {
    store: 's3://backups/nights',
    more: () => ['--s3-endpoint', s3.url],
    read: () =>
      s3.requests.filter(({ method, key }) => method === 'GET' && key.includes('/manifests/')).length,
  },
  {
    store: 'swift://backups/nights',
    more: () => [],
    read: () =>
      world.cloud.requests.filter(({ method, path }) => method === 'GET' && path.includes('/manifests/'))
        .length,
  },
];

describe.each(kinds)('manifests of $store', ({ store, more, read }) => {
  const tool = async (words: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    expectExit(
      await world.tool([...words, '--store', store, ...more(), '--json'], {
        environment: { ...AWS, ...keeper.environment, ...environment },
      }),
      0,
    ).json;
  /** How many objects a list reads, and what it tells. */
  async function listed(environment: Readonly<Record<string, string>> = {}) {
    const before = read();
    const { points } = await tool(['list', '--manifest', 'store', '--identity', 'env:IDENTITY'], environment);
    return { read: read() - before, names: (points as { name: string }[]).map(({ name }) => name).sort() };
  }
  const cache = () => join(world.directory, '.cache', 'openstack-backup');
  const ALL = ['db', 'mail', 'web'];

  beforeAll(async () => {
    await rm(cache(), { recursive: true, force: true });
    for (const [name, ...words] of [['db'], ['web'], ['mail', '--recipients', keeper.recipient]])
      await tool(['backup-volume', '--volumes', name ?? '', '--publish', 'store', ...words]);
  });

  test('are read once, and anew where a copy is damaged or gone', async () => {
    // A manifest and its digest each; of the sealed one also what others may know.
    expect(await listed()).toEqual({ read: 7, names: ALL });
    expect(await listed()).toEqual({ read: 0, names: ALL });
    const [first = '', second = ''] = await readdir(cache());
    const { size } = await stat(join(cache(), first));
    await writeFile(join(cache(), first), randomBytes(size));
    await rm(join(cache(), second));
    expect(await listed()).toEqual({ read: 2, names: ALL });
    expect(await listed()).toEqual({ read: 0, names: ALL });
  });

  test('only what is new is read, and what was sealed stays so', async () => {
    await listed();
    await tool(['backup-volume', '--volumes', 'db', '--publish', 'store', '--recipients', keeper.recipient]);
    expect(await listed()).toEqual({ read: 3, names: ['db', ...ALL] });
    for (const name of await readdir(cache()))
      expect((await readFile(join(cache(), name))).includes('"mail"')).toBe(false);
    expect((await stat(cache())).mode & 0o777).toBe(0o700);
  });

  test.each([
    ['no cache is wanted', { OPENSTACK_BACKUP_NO_CACHE: '1' }],
    ['there is no home', { HOME: '' }],
    ['the directory cannot be made', { XDG_CACHE_HOME: '/dev/null/x' }],
  ])('are read each time where %s, and nothing is told', async (_why, environment) => {
    const { read: all } = await listed(environment);
    expect(all).toBeGreaterThanOrEqual(7);
    expect((await listed(environment)).read).toBe(all);
    const words = ['list', '--manifest', 'store', '--identity', 'env:IDENTITY', '--store', store, ...more()];
    const { stderr } = await world.tool(words, {
      environment: { ...AWS, ...keeper.environment, ...environment },
    });
    expect(stderr).not.toContain('cache');
  });
});
