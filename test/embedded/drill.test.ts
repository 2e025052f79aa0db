import { randomBytes } from 'node:crypto';
import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Manifest } from '../../src/manifest/schema.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit, inventory } from '../scenarios/steps.ts';

const keeper = await makeKeeper();
let world: EmbeddedWorld;
let backups: string;
let before: readonly string[];

const run = async (
  code: number,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) => expectExit(await world.tool(words, { environment }), code);
/** Without a word about a key, unless the words name one. */
const drill = (code: number, ...words: string[]) =>
  run(code, ['drill', ...words, '--json'], words.includes('--identity') ? keeper.environment : {});
const opened = ['--identity', 'env:IDENTITY'];
const away = ['--method', 'image', '--store', 'directory:openstack-backups/payloads'];
const sealed = ['--recipients', keeper.recipient];
const listed = async (...words: string[]) => {
  const { json } = await run(0, ['list', '--json', ...words]);
  return json['points'] as { name: string; kind: string; key: string; point: string; drilled?: object }[];
};

/** All that the project has, but for when it was last touched: a backup that is restored is. */
const held = async () => (await inventory(world)).map((one) => one.replaceAll(/"updated_at":"[^"]*"/g, ''));

/** A disk with the label of swap space. */
function swap(): Buffer {
  const disk = randomBytes(100_000);
  disk.write('SWAPSPACE2', 4086);
  return disk;
}

beforeAll(async () => {
  world = await embeddedWorld({
    tickMs: 2,
    gibBytes: SMALL_GIB,
    capabilities: { luksHeaderInside: true },
  });
  backups = join(world.directory, 'openstack-backups');
  const { seed } = world.cloud;
  seed.addVolume({ name: 'db', bytes: swap() });
  seed.addVolume({ name: 'kept', bytes: swap() });
  seed.addVolume({ name: 'raw', bytes: randomBytes(100_000) });
  seed.addVolume({ name: 'vault', type: 'luks', bytes: swap() });
  seed.addVolume({ name: 'chest', type: 'luks', bytes: swap() });
  seed.addVolume({ name: 'noise', bytes: randomBytes(100_000) });
  await run(0, ['backup-volume', '--volumes', 'db', ...away]);
  await run(0, ['backup-volume', '--volumes', 'vault', ...away, ...sealed]);
  await run(0, ['backup-volume', '--volumes', 'kept,noise', '--method', 'cinder-backup']);
  await run(0, [
    'backup-volume',
    '--volumes',
    'chest',
    '--method',
    'cinder-backup',
    ...away.slice(2),
    ...sealed,
  ]);
  await run(0, ['backup-volume', '--volumes', 'raw', '--method', 'image']);
  before = await held();
}, 120_000);
afterAll(() => world.close());

const copy = () => join(world.directory, 'copy');
beforeEach(() => cp(backups, copy(), { recursive: true }));
afterEach(async () => {
  await rm(backups, { recursive: true });
  await rename(copy(), backups);
});

/** Flips a bit of the last object of a volume. */
async function flip(name: string): Promise<void> {
  const volume = [...world.cloud.state.volumes.values()].find((one) => one.name === name);
  const folder = join(backups, 'payloads', `volume-${volume?.id}`, 'data');
  const [object = ''] = await readdir(folder);
  const bytes = await readFile(join(folder, object));
  bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
  await writeFile(join(folder, object), bytes);
}

describe('level bytes', () => {
  test.each([
    ['db', [], ['all bytes are what was saved (sha512)', 'swap space'], undefined],
    [
      'vault',
      opened,
      [
        'all bytes are what was saved (sha512)',
        'LUKS1, aes-xts-plain64, opened by its saved key',
        'swap space',
      ],
      'proved',
    ],
  ])('opens volume %s and tells what was seen', async (name, keys, seen, key) => {
    const { json } = await drill(0, '--volume', name, ...keys, '--seed', '7');
    expect(json).toMatchObject({ level: 'bytes', passed: true, reached: 'L2', seed: '7', name, seen });
    expect(json['seconds']).toEqual({ found: expect.any(Number), checked: expect.any(Number) });
    const record = JSON.parse(await readFile(String(json['manifest']), 'utf8')) as Manifest;
    expect(record.restorePoints).toEqual([]);
    expect(record.drilled).toEqual([
      {
        point: json['point'],
        resource: { kind: 'volume', id: json['id'] },
        level: 'bytes',
        result: 'passed',
        reached: 'L2',
        time: expect.any(String),
        seconds: json['seconds'],
        size: expect.any(Number),
        seed: 7,
        seen,
        ...(key && { key }),
      },
    ]);
  });

  test('flipped bytes are a failed drill, recorded and called so', async () => {
    await flip('db');
    const ran = await drill(1, '--volume', 'db');
    expect(ran.json).toMatchObject({ passed: false, result: 'failed', reached: '', seen: [] });
    expect(ran.json['why']).toContain('SHA-256');
    expect(ran.stderr).toContain('the drill of volume "db"');
    const [entry] = await listed('--volume', 'db', '--offline');
    expect(entry?.drilled).toMatchObject({ result: 'failed', level: 'bytes', keyProved: false });
  });

  test('draws only what can be opened, and says what it leaves out', async () => {
    const ran = await drill(0);
    expect(ran.json['name']).toBe('db');
    expect(ran.stderr).toContain('sealed, and no --identity is given');
    expect(ran.stderr).toContain('with data in the cloud');
  });
});

describe('level volume', () => {
  test.each([
    ['db', [], ['all bytes are what was saved (sha512)', 'swap space']],
    ['kept', [], ['swap space']],
    [
      'raw',
      [],
      [expect.stringContaining('bytes are what was saved'), 'no known partition table or file system'],
    ],
    [
      'vault',
      opened,
      [
        expect.stringContaining('bytes are what was saved'),
        expect.stringContaining('opened by its saved key'),
        'swap space',
      ],
    ],
  ])('restores volume %s, reads it back, and leaves nothing', async (name, keys, seen) => {
    const { json } = await drill(0, '--volume', name, '--level', 'volume', ...keys);
    expect(json).toMatchObject({ level: 'volume', passed: true, reached: 'L3', name });
    expect(json['seen']).toEqual(seen);
    expect(Object.keys(json['seconds'] as object).sort()).toEqual([
      'checked',
      'found',
      'removed',
      'restored',
    ]);
    expect(await held()).toEqual(before);
    const [entry] = await listed('--volume', name);
    expect(entry?.drilled).toMatchObject({ result: 'passed', level: 'volume', proved: { reached: 'L3' } });
  });

  test('proves the saved key of an encrypted Cinder backup on the header that came back', async () => {
    const key = async () => (await listed('--volume', 'chest'))[0]?.key;
    expect(await key()).toBe('sealed, unproved');
    const { json } = await drill(0, '--volume', 'chest', '--level', 'volume', ...opened);
    expect(json['seen']).toEqual(['LUKS1, aes-xts-plain64, opened by its saved key', 'swap space']);
    expect(await key()).toBe('sealed, proved');
    expect(await held()).toEqual(before);
  });

  test('without the identity the cloud opens it, and nothing is said of the saved key', async () => {
    const { json } = await drill(0, '--volume', 'chest', '--level', 'volume');
    expect(json['seen']).toEqual([
      "LUKS1, aes-xts-plain64, opened by the cloud's key",
      'swap space',
      expect.stringContaining('its saved key was not tried: '),
    ]);
    expect((await listed('--volume', 'chest'))[0]?.key).toBe('sealed, unproved');
  });

  test('a header that the saved key does not open is a failed drill', async () => {
    const backup = [...world.cloud.state.backups.values()].find(({ name }) => name?.startsWith('chest'));
    const good = backup?.saved?.data.read(0, 2048) ?? Buffer.of();
    backup?.saved?.data.write(112, randomBytes(20));
    const { json } = await drill(1, '--volume', 'chest', '--level', 'volume', ...opened);
    backup?.saved?.data.write(0, good);
    expect(json['why']).toBe("its LUKS header is not opened by its saved key or the cloud's key");
    expect(await held()).toEqual(before);
  });

  test('a volume of which nothing tells that it is right is not proved', async () => {
    const { json } = await drill(1, '--volume', 'noise', '--level', 'volume');
    expect(json).toMatchObject({ passed: false });
    expect(json['why']).toBe(
      'nothing proves it: no digest of it was recorded, and there is no known partition table or file system',
    );
    expect(await held()).toEqual(before);
  });

  test('flipped bytes are a failed drill, and leave nothing', async () => {
    await flip('db');
    const { json } = await drill(1, '--volume', 'db', '--level', 'volume');
    expect(json).toMatchObject({ passed: false, result: 'failed' });
    expect(await held()).toEqual(before);
  });

  test('a dry run says what would be restored, and changes nothing', async () => {
    const { json } = await drill(0, '--volume', 'db', '--level', 'volume', '--dry-run', '--seed', '3');
    expect(json['plan']).toMatchObject({ level: 'volume', seed: 3, name: 'db' });
    expect(await held()).toEqual(before);
    expect((await listed('--volume', 'db'))[0]?.drilled).toBeUndefined();
  });
});

describe('each resource', () => {
  test('is drilled once; one that fails does not keep the others from it, and nothing is left', async () => {
    const { json } = await drill(
      1,
      '--each',
      '--volume',
      'noise,db,raw',
      '--level',
      'volume',
      '--pick',
      'latest',
    );
    expect(json).toMatchObject({ passed: false, result: 'failed', left: [] });
    const drills = json['drills'] as { kind: string; name: string; result: string; reached: string }[];
    expect(drills.map(({ name, result }) => [name, result]).sort()).toEqual([
      ['db', 'passed'],
      ['noise', 'failed'],
      ['raw', 'passed'],
    ]);
    expect(await held()).toEqual(before);
    // Who waits longest comes first the next time.
    const next = await drill(0, '--each', '--volume', 'noise,db,vault', '--dry-run', ...opened);
    expect(next.json['plan']).toMatchObject({ drills: [{ name: 'vault' }, { level: 'bytes', name: 'db' }] });
  }, 60_000);

  test('that cannot be drilled is told; nothing at all is a wrong input', async () => {
    const some = await drill(0, '--each', '--volume', 'db,kept');
    expect(some.json['drills']).toMatchObject([{ name: 'db', result: 'passed', reached: 'L2' }]);
    expect(some.json['left']).toMatchObject([
      { name: 'kept', why: expect.stringContaining('with data in the cloud') },
    ]);
    expect((await drill(2, '--each', '--volume', 'kept')).stderr).toContain('with data in the cloud');
  });
});

test('the same seed draws the same', async () => {
  const drawn = async (seed: string) =>
    (await drill(0, '--level', 'volume', ...opened, '--seed', seed, '--dry-run')).json['plan'];
  expect(await drawn('11')).toEqual(await drawn('11'));
});

test.each([
  [['--seed', '-1'], '--seed is "-1"'],
  [['--each', '--plan', 'plan.yml'], '--each and --plan contradict each other'],
  [['--volume', 'nothing'], 'no manifest lists such a restore point'],
  [['--volume', 'vault'], 'sealed, and no --identity is given'],
  [['--volume', 'kept'], 'with data in the cloud'],
  [['--volume', 'db', '--level', 'volume', '--offline'], '--level volume restores to the cloud'],
])('%j is refused', async (words, said) => {
  expect((await drill(2, ...words)).stderr).toContain(said);
});
