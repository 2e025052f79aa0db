import { randomBytes } from 'node:crypto';
import { cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Manifest } from '../../src/manifest/schema.ts';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';

interface Verified {
  readonly kind: string;
  readonly name: string;
  readonly level: string | null;
  readonly sampled?: number;
  readonly fault?: string;
  readonly unsure?: string;
  readonly seen: readonly string[];
}

const keeper = await makeKeeper();
const stranger = await makeKeeper();
let world: EmbeddedWorld;
let backups: string;
let store: string;

const run = async (
  code: number,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) => expectExit(await world.tool(words, { environment }), code);
/** Without a word about a key, unless the words name one. */
const verify = (code: number, ...words: string[]) =>
  run(code, ['verify', ...words, '--json'], words.includes('--identity') ? keeper.environment : {});
const opened = ['--identity', 'env:IDENTITY'];
const verified = (ran: Awaited<ReturnType<typeof verify>>) => ran.json['verified'] as Verified[];
const levels = (ran: Awaited<ReturnType<typeof verify>>) =>
  Object.fromEntries(verified(ran).map(({ kind, name, level }) => [`${kind} ${name}`, level]));
const listed = async () => {
  const { json } = await run(0, ['list', '--json', '--offline']);
  return Object.fromEntries(
    (json['points'] as { kind: string; name: string; verified?: object }[]).map(
      ({ kind, name, verified: seen }) => [`${kind} ${name}`, seen],
    ),
  );
};

/** A disk with the label of swap space. */
function swap(): Buffer {
  const disk = randomBytes(100_000);
  disk.write('SWAPSPACE2', 4086);
  return disk;
}

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 9 << 18 });
  backups = join(world.directory, 'openstack-backups');
  store = join(backups, 'payloads');
  const { seed } = world.cloud;
  await seed.addImage(SparseBytes.from(swap()), { name: 'golden' });
  await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'noise' });
  seed.addVolume({ name: 'vault', type: 'luks' });
  seed.addVolume({ name: 'db' });
  const sealed = ['--recipients', keeper.recipient];
  await run(0, ['backup-image', '--images', 'golden']);
  await run(0, ['backup-image', '--images', 'noise', ...sealed]);
  const away = ['--method', 'image', '--store', 'directory:openstack-backups/payloads'];
  await run(0, ['backup-volume', '--volumes', 'vault', ...away, ...sealed]);
  await run(0, ['backup-volume', '--volumes', 'db', '--method', 'cinder-backup']);
}, 120_000);
afterAll(() => world.close());

const copy = () => join(world.directory, 'copy');
beforeEach(() => cp(backups, copy(), { recursive: true }));
afterEach(async () => {
  await rm(backups, { recursive: true });
  await rename(copy(), backups);
});

/** The object that holds the blocks of an image. */
async function objectOf(name: string): Promise<string> {
  const image = [...world.cloud.state.images.values()].find((one) => one.name === name);
  const folder = join(store, `image-${image?.id}`, 'data');
  const [object] = await readdir(folder);
  return join(folder, object ?? '');
}

describe('what is good', () => {
  test('is told to the level that was asked for, and no secret is needed below L1b', async () => {
    expect(levels(await verify(0, '--level', 'L0'))).toEqual({
      'image golden': 'L0',
      'image noise': 'L0',
      'volume vault': 'L0',
      'secret ': 'L0',
      'volume db': 'L0',
    });
    const ran = await verify(0);
    expect(levels(ran)).toEqual({
      'image golden': 'L1a',
      'image noise': 'L1a',
      'volume vault': 'L1a',
      'secret ': 'L1a',
      'volume db': 'L0',
    });
    expect(verified(ran).find(({ name }) => name === 'db')?.seen).toEqual([
      'in the cloud: only its state was looked at',
    ]);
  });

  test('is opened, and what cannot be recognized is not called so', async () => {
    expect(levels(await verify(0, '--level', 'L1b', ...opened, '--image', 'golden,noise'))).toEqual({
      'image golden': 'L1b',
      'image noise': 'L1b',
    });
    const deep = await verify(1, '--level', 'L2', ...opened, '--offline');
    expect(
      Object.fromEntries(verified(deep).map(({ name, level, seen }) => [name, [level, ...seen]])),
    ).toEqual({
      golden: ['L2', 'swap space'],
      noise: ['L1b', 'no known partition table or file system in its first MiB'],
      vault: ['L2', 'LUKS, opened by its saved key'],
      '': ['L1b'],
      db: [null, 'in the cloud: no cloud was asked'],
    });
    expect(deep.json['failed']).toEqual([
      expect.objectContaining({ name: 'noise', error: expect.stringContaining('no known partition table') }),
    ]);
  });

  test('is recorded, and shown by list and show', async () => {
    const { json } = await verify(0, '--image', 'golden');
    const record = JSON.parse(await readFile(String(json['manifest']), 'utf8')) as Manifest;
    expect(record.restorePoints).toEqual([]);
    expect(record.verified).toEqual([{ point: expect.any(String), level: 'L1a', time: expect.any(String) }]);
    expect(await listed()).toEqual({
      'image golden': { level: 'L1a', time: record.verified?.[0]?.time },
      'image noise': undefined,
      'volume vault': undefined,
      'secret ': undefined,
      'volume db': undefined,
    });
    const shown = await run(0, ['show', '--image', 'golden', '--offline', '--format', 'value']);
    expect(shown.stdout).toMatch(/^L1a of \d{4}-\d\d-\d\d$/m);
  });

  test('is recorded nowhere by a dry run', async () => {
    const before = await readdir(backups);
    const { json } = await verify(0, '--dry-run');
    expect(json['plan']).toMatchObject({ level: 'L1a', all: 5, drawn: 5 });
    expect(await readdir(backups)).toEqual(before);
  });
});

describe('a fault', () => {
  const flip = async (path: string, at = -1) => {
    const bytes = await readFile(path);
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };
  const golden = () => objectOf('golden');
  const swapped = async () => {
    const [one, other] = [await golden(), await objectOf('noise')];
    const { length } = await readFile(one);
    await writeFile(one, Buffer.concat([await readFile(other), Buffer.alloc(length)]).subarray(0, length));
  };

  test.each<[string, () => Promise<void>, string, string]>([
    ['one flipped bit', async () => flip(await golden()), 'L1a', 'was altered: its SHA-256 is'],
    ['bytes that are gone at the end', async () => truncate(await golden(), 10), 'L0', 'has 10 bytes, but'],
    ['a missing object', async () => rm(await golden()), 'L0', 'is not there'],
    ['other bytes of the same size', swapped, 'L1a', 'was altered: its SHA-256 is'],
  ])(
    '%s: found, not called good, and the others are told all the same',
    async (_what, plant, level, said) => {
      await plant();
      const shallow = await verify(level === 'L0' ? 1 : 0, '--level', 'L0');
      expect(verified(shallow).filter(({ fault }) => fault !== undefined)).toHaveLength(
        level === 'L0' ? 1 : 0,
      );
      const ran = await verify(1);
      const [odd, ...more] = verified(ran).filter(({ fault }) => fault !== undefined);
      expect([odd?.fault, more]).toEqual([expect.stringContaining(said), []]);
      expect(odd?.level).toBe(level === 'L0' ? null : 'L0');
      expect(ran.stderr).toMatch(/image "(golden|noise)" \(.*restore point .*Put an undamaged copy/);
      expect(verified(ran).filter((one) => one.level === 'L1a')).toHaveLength(3);
      const deep = await verify(1, '--level', 'L1b', ...opened);
      expect(verified(deep).filter(({ fault }) => fault !== undefined)).toHaveLength(1);
    },
  );

  test('is recorded, and only as much as found it takes it back', async () => {
    const path = await golden();
    const good = await readFile(path);
    await flip(path);
    await verify(1, '--image', 'golden');
    const seen = async () => (await listed())['image golden'];
    expect(await seen()).toMatchObject({ level: 'L0', fault: expect.stringContaining('was altered') });
    await verify(0, '--image', 'golden', '--level', 'L0');
    expect(await seen()).toMatchObject({ fault: expect.stringContaining('was altered') });
    await writeFile(path, good);
    await verify(0, '--image', 'golden');
    expect(await seen()).toEqual({ level: 'L1a', time: expect.any(String) });
  });

  test('in a manifest is found at L0', async () => {
    const { json } = await run(0, ['list', '--json', '--image', 'golden', '--offline']);
    const path = join((json['points'] as { manifest: string }[])[0]?.manifest ?? '', 'manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"golden"', '"gilded"'));
    const ran = await verify(1, '--level', 'L0', '--image', 'gilded');
    expect(verified(ran)).toMatchObject([{ level: null, fault: expect.stringContaining('was altered') }]);
    expect(ran.json['manifest']).toBeUndefined();
  });

  test('of the identity is none of the data', async () => {
    const words = ['verify', '--level', 'L1b', ...opened, '--json'];
    const ran = await run(1, [...words, '--image', 'noise'], stranger.environment);
    expect(verified(ran)).toMatchObject([
      { level: 'L1a', unsure: expect.stringContaining('is not sealed to this') },
    ]);
    expect((await listed())['image noise']).toMatchObject({ level: 'L1a' });
    expect((await listed())['image noise']).not.toHaveProperty('fault');
  });
});

test('of a sealed manifest what is stored is compared without the identity', async () => {
  const vaulted = ['--store', 'directory:vaulted'];
  await run(0, [
    'backup-image',
    '--images',
    'noise',
    '--publish',
    'store',
    ...vaulted,
    '--recipients',
    keeper.recipient,
  ]);
  const words = ['--manifest', 'store', ...vaulted, '--offline'];
  const ran = await verify(0, ...words);
  expect(verified(ran)).toMatchObject([{ kind: 'image', name: '', level: 'L1a' }]);
  expect(ran.json['manifest']).toBeUndefined();
  expect((await verify(2, ...words, '--level', 'L1b')).stderr).toContain('is sealed');
  const [folder = ''] = (await readdir(join(world.directory, 'vaulted'))).filter((name) =>
    name.startsWith('image-'),
  );
  const data = join(world.directory, 'vaulted', folder, 'data');
  const [object = ''] = await readdir(data);
  const bytes = await readFile(join(data, object));
  bytes[300] = (bytes[300] ?? 0) ^ 1;
  await writeFile(join(data, object), bytes);
  expect(verified(await verify(1, ...words))).toMatchObject([
    { level: 'L0', fault: expect.stringContaining('was altered') },
  ]);
});

test('a sample says what it proves, and the seed draws it again', async () => {
  const ran = await verify(0, '--sample', '30%', '--seed', '7', '--offline', '--image', 'golden,noise');
  expect(ran.stderr).toContain(
    '1 of 3 stored objects were read, drawn with seed 7. The chance to miss damage: 1 with',
  );
  expect(ran.json['seed']).toBe('7');
  const again = await verify(0, '--sample', '30%', '--seed', '7', '--offline', '--image', 'golden,noise');
  expect(levels(again)).toEqual(levels(ran));
  expect(Object.values(levels(ran)).sort()).toEqual(['L0', 'L1a']);
});

test.each([
  [['--level', 'L1b'], 'what --level L1b opens is sealed'],
  [['--level', 'L3'], '--level is "L3": use L0, L1a, L1b, L2'],
  [['--sample', '5'], '--sample is "5"'],
  [['--sample', '0%'], '--sample is "0%"'],
  [['--sample', '5%', '--seed', '-1'], '--seed is "-1"'],
  [['--image', 'nothing'], 'no manifest lists such a restore point'],
])('%j is refused', async (words, said) => {
  expect((await verify(2, ...words)).stderr).toContain(said);
});
