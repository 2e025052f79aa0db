import { randomBytes } from 'node:crypto';
import { cp, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';

interface Point {
  readonly time: string;
  readonly kind: string;
  readonly name: string;
  readonly id: string;
  readonly chain: string;
  readonly size: number;
  readonly manifest: string;
  readonly doubt: string;
}

const keeper = await makeKeeper();
let world: EmbeddedWorld;
/** Of the first volume, which shares its name with another. */
let id: string;
/** The manifests' directories, in their order. */
const manifests: string[] = [];
let asked: number;

const list = async (code: number, ...words: string[]) =>
  expectExit(await world.tool(['list', ...words], { environment: { ...keeper.environment } }), code);
const points = async (...words: string[]) => (await list(0, ...words, '--json')).json['points'] as Point[];

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const { seed } = world.cloud;
  const volume = seed.addVolume({ name: 'db', size: 2, bootable: true });
  id = volume.id;
  seed.addServer({ name: 'shop', volumes: [volume] });
  const other = seed.addVolume({ name: 'db', size: 3 });
  await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'golden' });
  seed.addSecret(randomBytes(32), { name: 'backup-key' });
  const saves = [
    ['backup-volume', '--volumes', id],
    ['backup-volume', '--volumes', `${id},${other.id}`],
    ['backup-server', '--servers', 'shop'],
    ['backup-image', '--images', 'golden', '--store', 'directory:payloads'],
    ['export-secret', '--secrets', 'backup-key', '--recipients', keeper.recipient],
  ];
  for (const words of saves) {
    const { json } = expectExit(await world.tool([...words, '--json']), 0);
    manifests.push(String(json['manifest']).replace(/\/manifest\.json.*$/, ''));
  }
  asked = world.cloud.requests.length;
}, 120_000);
afterAll(() => world.close());

test('every restore point of every manifest, the newest first, without a request to the cloud', async () => {
  const all = await points();
  expect(all.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    'image golden',
    'secret backup-key',
    'server shop',
    ...Array.from({ length: 4 }, () => 'volume db'),
  ]);
  const times = all.map(({ time }) => Date.parse(time));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  expect(all.find(({ kind }) => kind === 'server')?.size).toBe(2 * 2 ** 30);
  expect(all.find(({ kind }) => kind === 'image')?.size).toBe(1000);
  expect(world.cloud.requests).toHaveLength(asked);
});

test('a chain, with the manifests that restore it', async () => {
  const chain = await points('--volume', id, '--sort', 'time');
  expect(chain.map((point) => point.chain)).toEqual(['full', 'increment 1', 'increment 2']);
  expect(chain.map(({ manifest }) => manifest)).toEqual(manifests.slice(0, 3));
  expect(new Set(chain.map(({ doubt }) => doubt))).toEqual(new Set(['is not signed']));
});

test('a name that two share lists both', async () => {
  expect(new Set((await points('--volume', 'db')).map((point) => point.id)).size).toBe(2);
});

test('--at has the newest point of each that is not later, and a restore takes its manifest', async () => {
  const [first, second] = await points('--volume', id, '--sort', 'time');
  const [then, ...more] = await points('--volume', id, '--at', second?.time ?? '');
  expect([then?.time, more]).toEqual([second?.time, []]);
  const before = new Date(Date.parse(second?.time ?? '') - 1).toISOString();
  expect(await points('--volume', id, '--at', before)).toEqual([first]);
  expect(await points('--volume', id, '--since', second?.time ?? '')).toHaveLength(2);
  const restore = ['restore-volume', '--manifest', first?.manifest ?? '', '--volume', id, '--name', 'back'];
  expectExit(await world.tool([...restore, '--allow-unsigned', '--dry-run']), 0);
});

describe('formats', () => {
  const columns = ['--column', 'kind,name,size', '--server', 'shop', '--image', 'golden', '--sort', 'kind'];
  const size = 2 * 2 ** 30;

  test.each([
    ['value', `image golden 1000\nserver shop ${size}\n`],
    ['csv', `kind,name,size\nimage,golden,1000\nserver,shop,${size}\n`],
    [
      'table',
      [
        '+--------+--------+------------+',
        '| kind   | name   | size       |',
        '+--------+--------+------------+',
        '| image  | golden | 1000 bytes |',
        '| server | shop   | 2.00 GiB   |',
        '+--------+--------+------------+',
        '',
      ].join('\n'),
    ],
  ])('%s', async (format, printed) => {
    expect((await list(0, ...columns, '--format', format)).stdout).toBe(printed);
  });

  test.each([
    ['json', (text: string) => JSON.parse(text) as unknown],
    ['yaml', (text: string) => parse(text) as unknown],
  ] as const)('%s', async (format, read) => {
    expect(read((await list(0, ...columns, '--format', format)).stdout)).toEqual([
      { kind: 'image', name: 'golden', size: 1000 },
      { kind: 'server', name: 'shop', size },
    ]);
  });
});

test.each([
  [['--column', 'nope'], '--column is "nope": there is no such column'],
  [['--sort', 'size:up'], '--sort is "size:up": there is no such column'],
  [['--at', 'yesterday'], '--at is "yesterday": no time'],
  [['--since', '2026-02-31'], '--since is "2026-02-31": no time'],
  [['--manifest', 's3://x'], 'unsupported place "s3://x"'],
  [['--manifest', 'artifact'], 'only in a workflow on GitHub'],
  [['--manifest', 'directory:nowhere'], 'cannot look for manifests in'],
])('%j is refused', async (words, said) => {
  expect((await list(2, ...words)).stderr).toContain(said);
});

test('a manifest that cannot be read is named, the others are listed, and the exit is 1', async () => {
  const copies = join(world.directory, 'copies');
  for (const manifest of manifests.slice(0, 3))
    await cp(manifest, join(copies, manifest.split('/').at(-1) ?? ''), { recursive: true });
  const [broken = '', empty = ''] = manifests.map((path) => join(copies, path.split('/').at(-1) ?? ''));
  await truncate(join(broken, 'manifest.json'), 100);
  await writeFile(join(empty, 'manifest.json'), '');
  const { json, stderr } = await list(1, '--manifest', 'directory:copies', '--json');
  expect((json['points'] as Point[]).map(({ kind }) => kind).sort()).toEqual(['server', 'volume']);
  expect(json['unread']).toEqual([
    { manifest: empty, error: expect.any(String) },
    { manifest: broken, error: expect.any(String) },
  ]);
  expect(stderr).toContain(broken);
  await rm(copies, { recursive: true });
});

test('the same manifest in two places is one, with both', async () => {
  const copies = join(world.directory, 'more');
  const [first = ''] = manifests;
  const name = first.split('/').at(-1) ?? '';
  await cp(first, join(copies, name), { recursive: true });
  const places = ['--manifest', 'directory:openstack-backups', '--manifest', 'directory:more'];
  const all = await points(...places, '--volume', id, '--sort', 'time');
  expect(all.map(({ manifest }) => manifest)).toEqual([
    `${first}, ${join(copies, name)}`,
    ...manifests.slice(1, 3),
  ]);
});
