import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Manifest } from '../../src/manifest/schema.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { endAt } from '../scenarios/interrupted.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit, inventory } from '../scenarios/steps.ts';
import { describeWith } from '../support/installed.ts';
import { CLIENT, handRoom } from '../support/openstack-client/index.ts';
import { sha256 } from '../support/payloads.ts';
import { waitFor } from '../support/wait.ts';

const keeper = await makeKeeper();
const sealed = ['--identity', 'env:IDENTITY'];
let world: EmbeddedWorld;
let environment: Readonly<Record<string, string>>;
let before: readonly string[];
let rooms: string;

const held = async () => (await inventory(world)).map((one) => one.replaceAll(/"updated_at":"[^"]*"/g, ''));
const run = (words: readonly string[], more: Partial<Parameters<typeof world.tool>[1]> = {}) =>
  world.tool(words, { environment, ...more });
const drill = async (code: number, ...words: string[]) =>
  expectExit(await run(['drill', '--by-hand', '--allow-unsigned', '--json', ...words]), code);
/** Changes a file beside the manifest of a volume until the returned function is called. */
async function changed(name: string, file: string, change: (text: string) => string) {
  const manifests = join(world.directory, 'openstack-backups');
  for (const entry of await readdir(manifests)) {
    const runbook = await readFile(join(manifests, entry, 'RESTORE.md'), 'utf8').catch(() => '');
    if (!runbook.includes(` Volume ${name}\n`)) continue;
    const path = join(manifests, entry, file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, change(text));
    return () => writeFile(path, text);
  }
  throw new Error(`no RESTORE.md has volume ${name}`);
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describeWith(
  'age',
  'zstd',
  'python3',
  join(CLIENT, 'openstack'),
)('a drill by hand', () => {
  beforeAll(async () => {
    world = await embeddedWorld({ gibBytes: SMALL_GIB, capabilities: { luksHeaderInside: true } });
    const room = await handRoom(world.directory);
    rooms = room.TMPDIR;
    environment = { ...keeper.environment, ...room };
    const disk = randomBytes(100_000);
    disk.write('SWAPSPACE2', 4086);
    for (const name of ['db', 'kept']) world.cloud.seed.addVolume({ name, bytes: disk });
    world.cloud.seed.addVolume({ name: 'vault', type: 'luks', bytes: disk });
    const away = ['--method', 'image', '--store', 'directory:openstack-backups/payloads'];
    expectExit(await run(['backup-volume', '--volumes', 'db', ...away]), 0);
    const keys = ['--recipients', keeper.recipient, '--publish', 'directory:openstack-backups'];
    expectExit(await run(['backup-volume', '--volumes', 'vault', ...away, ...keys]), 0);
    expectExit(await run(['backup-volume', '--volumes', 'kept', '--method', 'cinder-backup']), 0);
    before = await held();
  }, 120_000);
  afterAll(() => world.close());

  test.each([
    ['db', ['swap space']],
    ['vault', [expect.stringMatching(/^LUKS1.*, opened by its saved key$/), 'swap space']],
  ])('compares and opens volume %s with age, zstd and python3', async (name, seen) => {
    const { json } = await drill(0, '--volume', name, ...sealed);
    expect(json).toMatchObject({ passed: true, level: 'bytes', reached: 'L2' });
    expect(json['seen']).toEqual([
      expect.stringMatching(/^by hand: RESTORE\.md, carried out with bash, sha256sum, .*zstd.*python3$/),
      'all bytes are what was saved (sha512)',
      ...seen,
    ]);
    const record = JSON.parse(await readFile(String(json['manifest']), 'utf8')) as Manifest;
    expect(record.drilled).toMatchObject([{ by: 'hand', result: 'passed' }]);
    expect(await readdir(rooms)).toEqual([]);
  });

  test.each([
    ['db', [], ['all bytes are what was saved (sha512)', 'swap space']],
    ['kept', [], ['swap space']],
    ['vault', sealed, [expect.any(String), expect.stringContaining('opened by its saved key'), 'swap space']],
  ])(
    'restores volume %s with openstack, reads it back, and leaves nothing',
    async (name, keys, seen) => {
      const { json } = await drill(0, '--volume', name, '--level', 'volume', ...keys);
      expect(json).toMatchObject({ passed: true, level: 'volume', reached: 'L3', name });
      expect(json['seen']).toEqual([expect.stringMatching(/^by hand: .*openstack/), ...seen]);
      expect(await held()).toEqual(before);
      expect(await readdir(rooms)).toEqual([]);
    },
    60_000,
  );

  test('a flipped bit stops the commands, and is a failed drill', async () => {
    const id = [...world.cloud.state.volumes.values()].find(({ name }) => name === 'db')?.id;
    const folder = join(world.directory, 'openstack-backups/payloads', `volume-${id}`, 'data');
    const path = join(folder, (await readdir(folder))[0] ?? '');
    const good = await readFile(path);
    const bad = Buffer.from(good);
    bad[bad.length - 60] = (bad[bad.length - 60] ?? 0) ^ 1;
    await writeFile(path, bad);
    const { json } = await drill(1, '--volume', 'db');
    await writeFile(path, good);
    expect(json).toMatchObject({ passed: false, result: 'failed', reached: '' });
    expect(json['why']).toMatch(/^the commands of RESTORE\.md stopped \(exit 1\): .*SHA-256 differs/);
    expect(await readdir(rooms)).toEqual([]);
  });

  test('nothing of an altered RESTORE.md is carried out, and the drill fails', async () => {
    const taken = join(world.directory, 'taken');
    const back = await changed('db', 'RESTORE.md', (text) =>
      text.replace('set -euo pipefail', `touch ${taken}\nset -euo pipefail`),
    );
    const { json } = await drill(1, '--volume', 'db');
    await back();
    expect(json['why']).toContain('is not what its manifest says: it was altered');
    expect(await isThere(taken)).toBe(false);
  });

  test('one that another version wrote proves nothing, and is no failed drill', async () => {
    let digest = '';
    const back = await changed('db', 'manifest.json', (text) => {
      const other = text.replace(/"tool": "openstack-backup [^"]*"/, '"tool": "openstack-backup 0.0.9"');
      digest = sha256([Buffer.from(other)]);
      return other;
    });
    const listed = await changed('db', 'manifest.json.sha256', () => `${digest}  manifest.json\n`);
    const { stderr } = await drill(2, '--volume', 'db');
    // Either may be drawn first, and only one can be carried out.
    let again = '';
    for (let seed = 0; seed < 20 && again === ''; seed += 1) {
      const ran = await drill(0, '--volume', 'db,vault', '--seed', String(seed), ...sealed);
      expect(ran.json['name']).toBe('vault');
      if (ran.stderr.includes('drawn again')) again = ran.stderr;
    }
    await listed();
    await back();
    for (const said of [stderr, again])
      expect(said).toContain('is of openstack-backup 0.0.9, whose words differ');
  });

  test('an unsigned manifest is not carried out unless it is allowed', async () => {
    const { stderr } = expectExit(await run(['drill', '--by-hand', '--volume', 'db']), 2);
    expect(stderr).toContain('none can be trusted');
    expect(stderr).toContain('is not signed');
  });

  test('a program that is not installed is told before anything is made', async () => {
    const few = join(world.directory, 'few');
    await mkdir(few);
    for (const name of ['bash', 'sha256sum']) await symlink(`/usr/bin/${name}`, join(few, name));
    const words = ['drill', '--by-hand', '--allow-unsigned', '--volume', 'db'];
    const { stderr } = expectExit(await run(words, { environment: { ...environment, PATH: few } }), 2);
    expect(stderr).toMatch(/a drill by hand needs zstd, python3, .*apt-get install zstd/s);
    expect(await readdir(rooms)).toEqual([]);
  });

  test.each([
    ['SIGKILL', 1],
    ['SIGTERM', 143],
  ] as const)(
    '%s while it restores: nothing of it is left',
    async (signal, code) => {
      const words = ['drill', '--by-hand', '--allow-unsigned', '--volume', 'kept', '--level', 'volume'];
      const stopped = await run(words, { onOutput: endAt(' was made by the commands', signal) });
      if (signal === 'SIGTERM') expectExit(stopped, code);
      await waitFor('the private directory to go', async () => (await readdir(rooms)).length === 0);
      await world.cloud.ticks.settle();
      // What was killed waits for the next run.
      if (signal === 'SIGKILL') expectExit(await run(['drill', '--volume', 'db', '--level', 'volume']), 0);
      expect(await held()).toEqual(before);
    },
    60_000,
  );
});
