import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Container, type Image, SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import type { Person } from '../scenarios/world.ts';
import { runPrinted } from '../support/printed.ts';
import { standing } from '../support/standing.ts';

const DATA = SparseBytes.from(randomBytes(1_500_000));
let world: EmbeddedWorld;
let [own, others]: Container[] = [];
let image: Image;
const keeper = await makeKeeper();

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 4 * 1024 ** 2 });
  const { seed } = world.cloud;
  own = seed.addContainer('backups');
  others = seed.addContainer('elsewhere', 'small');
  image = await seed.addImage(DATA, { name: 'golden' });
  seed.addVolume({ name: 'db', bytes: randomBytes(1000) });
  // The variables are about `demo`; the file has `small`, and somebody whose password is wrong.
  const yaml = world.cloud.cloudsYaml('small');
  const wrong = yaml
    .replace('clouds:\n', '')
    .replace('small:', 'wrong:')
    .replace(/password: .*/, 'password: nope');
  await writeFile(join(world.directory, 'clouds.yaml'), yaml + wrong);
});
afterAll(async () => {
  // Nothing else may hold a password.
  await rm(join(world.directory, 'clouds.yaml'));
  await world.close();
});

const saving = ['backup-image', '--images', 'golden'];
const run = (words: readonly string[], user: Person = 'demo') => world.tool([...words, '--json'], { user });
const projectOf = (user: string) => world.cloud.state.project(user).id;

/** What was asked of object storage since then, of whose account. */
function asked(since: number): { readonly method: string; readonly account: string }[] {
  return world.cloud.requests.slice(since).flatMap(({ method, path }) => {
    const account = /^\/swift\/v1\/AUTH_([^/]+)/.exec(path)?.[1];
    return account === undefined ? [] : [{ method, account }];
  });
}

describe('a store in Swift', () => {
  test.each([
    ['in the same cloud', ['--store', 'swift://backups/nightly/'], 'swift://backups/nightly', 'demo'],
    [
      'in another cloud, at a rate',
      ['--store', 'swift://elsewhere', '--store-cloud', 'small', '--bandwidth', '50MiB'],
      'swift://elsewhere',
      'small',
    ],
  ])('%s takes an image and gives it back', async (_, store, name, user) => {
    const since = world.cloud.requests.length;
    const saved = await run([...saving, ...store, '--recipients', keeper.recipient]);
    expect([saved.code, saved.stderr]).toEqual([0, expect.stringContaining('logged in as demo')]);
    const objects = [...((user === 'demo' ? own : others)?.objects.keys() ?? [])];
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.every((object) => object.startsWith(user === 'demo' ? 'nightly/' : ''))).toBe(true);
    expect(JSON.stringify(saved.json)).toContain('"restore-points"');
    const manifest = ['--manifest', String(saved.json['manifest'])];

    const listed = await run(['list', ...store, '--image', 'golden']);
    expect(JSON.stringify(listed.json)).toMatch(/"state":"whole"/);

    const shown = await run(['show', ...store, '--image', 'golden']);
    const { restore } = shown.json['point'] as { readonly restore: readonly string[] };
    await writeFile(join(world.directory, 'identity.txt'), keeper.environment.IDENTITY);
    const copied = restore.map((line) => line.replace(/ #.*$/, ` --name "copied of ${user}"`));
    expect(
      await runPrinted(copied, { directory: world.directory, environment: world.cloud.openrc('demo') }),
    ).toMatchObject({ code: 0 });
    await rm(join(world.directory, 'identity.txt'));

    const restored = await world.tool(
      [
        'restore-image',
        ...manifest,
        ...store,
        '--identity',
        'env:IDENTITY',
        '--allow-unsigned',
        '--name',
        `of ${user}`,
        '--json',
      ],
      { environment: keeper.environment },
    );
    expect([restored.code, restored.stderr]).toEqual([0, expect.not.stringContaining('error')]);
    const made = [...world.cloud.state.images.values()].find((one) => one.name === `of ${user}`);
    expect(made?.data?.equals(DATA)).toBe(true);
    const other = [...world.cloud.state.images.values()].find((one) => one.name === `copied of ${user}`);
    expect(other?.data?.equals(DATA)).toBe(true);
    // Each account is asked only with the login of its own project, and nobody else's.
    expect(new Set(asked(since).map(({ account }) => account))).toEqual(new Set([projectOf(user)]));
    for (const { method } of asked(since)) expect(['GET', 'HEAD', 'PUT', 'DELETE']).toContain(method);
    expect(name).toMatch(/^swift:/);
  });

  test('is not asked at all offline, and a dry run writes nothing there', async () => {
    const since = world.cloud.requests.length;
    const store = ['--store', 'swift://backups/dry'];
    expect((await run(['list', '--offline', ...store])).code).toBe(0);
    expect(asked(since)).toEqual([]);
    expect((await run([...saving, ...store, '--dry-run'])).code).toBe(0);
    expect(asked(since)).toEqual([]);
  });

  test.each([
    [
      'a container that is not there',
      ['--store', 'swift://nowhere/a'],
      /there is no container nowhere in project demo \([0-9a-f]{32}\), so there is no store swift:\/\/nowhere\/a/,
      'Correct --store, or create it: openstack container create nowhere',
    ],
    [
      'a cloud that clouds.yaml does not have',
      ['--store', 'swift://backups', '--store-cloud', 'nowhere'],
      /clouds\.yaml has no cloud "nowhere"/,
      'It has: small, wrong.',
    ],
    [
      'a cloud whose password is wrong',
      ['--store', 'swift://backups', '--store-cloud', 'wrong'],
      /cannot log in to cloud "wrong" at .*: HTTP 401/,
      'password',
    ],
    [
      'a store of no such name',
      ['--store', 'swift://../a'],
      /store "swift:\/\/\.\.\/a": "\.\." is no container/,
      'Write swift://CONTAINER or swift://CONTAINER/PREFIX.',
    ],
    [
      'a cloud for a directory',
      ['--store', 'directory:a', '--store-cloud', 'small'],
      /--store-cloud is for a store like swift:\/\/…, and --store is "directory:a"/,
      'Leave it out, or correct --store.',
    ],
    [
      'a key of the store that is none',
      ['--store', 'swift://backups', '--store-key', 'env:OS_USERNAME'],
      /--store-key is not a key of 32 bytes/,
      'Give 32 bytes as 64 hex digits or as base64; openssl rand -hex 32 makes one.',
    ],
    [
      'a rate of no form',
      ['--store', 'swift://backups', '--bandwidth', '50MB'],
      /--bandwidth is "50MB"/,
      'Write bytes per second like 500KiB, 50MiB or 1GiB, at least 1KiB.',
    ],
  ])('%s is wrong input, and nothing is changed', async (_, store, message, hint) => {
    const before = standing(world.cloud);
    const objects = [...(own?.objects.keys() ?? [])];
    for (const command of [saving, ['backup-volume', '--volumes', 'db', '--method', 'image']]) {
      const told = await run([...command, ...store]);
      expect([told.code, told.stderr]).toEqual([2, expect.stringMatching(message)]);
      expect(told.stderr).toContain(hint);
      expect(told.stderr.match(/^error: /gm)).toHaveLength(1);
    }
    expect(standing(world.cloud)).toEqual(before);
    expect([...(own?.objects.keys() ?? [])]).toEqual(objects);
    expect([...world.cloud.state.containers.values()]).toHaveLength(2);
  });

  test('that the user may not use is wrong input', async () => {
    const before = standing(world.cloud);
    const told = await run([...saving, '--store', 'swift://backups'], 'reader');
    expect([told.code, told.stderr]).toEqual([
      2,
      expect.stringContaining('cannot write payloads into swift://backups: HTTP 403: AccessDenied'),
    ]);
    expect(told.stderr).toContain('The user lacks a role');
    expect(standing(world.cloud)).toEqual(before);
  });

  test('that is full fails what does not fit, and leaves nothing of it', async () => {
    if (own === undefined) throw new Error('there is no container');
    const objects = [...own.objects.keys()];
    own.quota = [...own.objects.values()].reduce((sum, { bytes }) => sum + bytes.length, 100_000);
    const told = await run([...saving, '--store', 'swift://backups/full']);
    own.quota = undefined;
    expect([told.code, told.stderr]).toEqual([
      1,
      expect.stringMatching(
        /cannot write .* into swift:\/\/backups\/full: the quota of the container or the account is used up, or the store is full: QuotaExceeded/,
      ),
    ]);
    expect(told.stderr).toContain('openstack container show backups');
    expect([...own.objects.keys()]).toEqual(objects);
    expect(image.status).toBe('active');
  });
});
