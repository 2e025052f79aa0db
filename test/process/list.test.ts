import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { cp, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
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
  readonly data: string;
  readonly state: string;
  readonly why: string;
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
const statesOf = (all: readonly Point[]) =>
  all.map(({ state, why }) => (why === '' ? state : `${state}: ${why}`));

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
    ['backup-image', '--images', 'golden'],
    ['export-secret', '--secrets', 'backup-key', '--recipients', keeper.recipient],
  ];
  for (const words of saves) {
    const { json } = expectExit(await world.tool([...words, '--json']), 0);
    manifests.push(String(json['manifest']).replace(/\/manifest\.json.*$/, ''));
  }
  asked = world.cloud.requests.length;
}, 120_000);
afterAll(() => world.close());

test('every restore point of every manifest, the newest first; offline without a request to the cloud', async () => {
  const all = await points('--offline');
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
  [['--at', 'yesterday'], '--at is "yesterday", which is not a time'],
  [['--since', '2026-02-31'], '--since is "2026-02-31", which is not a time'],
  [['--manifest', 'ftp://x'], 'unsupported place "ftp://x"'],
  [['--manifest', 'my/backups'], '--manifest store or --manifest directory:my/backups.'],
  [['--manifest', 's3://x/..'], 'cannot be a part of the prefix'],
  [['--manifest', 's3://bucket'], 'no credentials for S3'],
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
  const { json, stderr } = await list(1, '--manifest', 'directory:copies', '--offline', '--json');
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

describe('whether they are whole', () => {
  test('all are, for a backup list and one each of images; nothing is written in the cloud', async () => {
    const from = world.cloud.requests.length;
    const all = await points();
    expect([...new Set(statesOf(all))]).toEqual(['whole']);
    const asked = world.cloud.requests.slice(from).map(({ method, path }) => `${method} ${path}`);
    expect(asked.filter((line) => !line.startsWith('GET'))).toEqual(['POST /identity/v3/auth/tokens']);
    expect(asked.filter((line) => /detail|images$/.test(line))).toHaveLength(3);
  });

  test('offline, or without credentials, nobody knows of what lies in the cloud, and that is no error', async () => {
    const offline = await list(0, '--offline', '--json');
    const kinds = Object.groupBy(offline.json['points'] as Point[], ({ state }) => state);
    expect(kinds['whole']?.map(({ kind }) => kind).sort()).toEqual(['image', 'secret']);
    expect(new Set(kinds['unknown']?.map(({ why }) => why))).toContain('no cloud was asked');
    const environment = Object.fromEntries(Object.keys(world.environment('demo')).map((key) => [key, '']));
    const ran = await world.tool(['list'], { environment });
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('no cloud was asked')]);
    expect(ran.stdout).toMatch(/\| unknown +\|/);
  });

  test('credentials that are refused, and a cloud that is down, do not hide the manifests', async () => {
    const wrong = await world.tool(['list', '--json'], { environment: { OS_PASSWORD: 'wrong' } });
    expect([wrong.code, (wrong.json['points'] as Point[]).length]).toEqual([1, 7]);
    expect(wrong.stderr).toContain('cannot log in to cloud');
    world.cloud.faults.add({ when: { path: '/backups/detail', times: 5 }, do: { status: 503 } });
    const down = await list(1, '--volume', id, '--json');
    expect(new Set(statesOf(down.json['points'] as Point[]))).toEqual(
      new Set([expect.stringMatching(/^unknown: cannot list the backups: HTTP 503/)]),
    );
    expect(down.stderr).toContain('warning: cannot list the backups: HTTP 503');
  }, 60_000);

  test.each([
    [['--cloud', 'nope'], 'no clouds.yaml to find cloud "nope" in'],
    [['--project', 'other'], '--project says other'],
  ])('%j is wrong input', async (words, said) => {
    expect((await list(2, ...words)).stderr).toContain(said);
  });

  test('points of another project are unknown, and those of this one are seen', async () => {
    const ran = await world.tool(['list', '--json', '--volume', id], { user: 'small' });
    const [one] = statesOf(ran.json['points'] as Point[]);
    expect(one).toMatch(/^unknown: it is in project "demo" \([0-9a-f]{32}\), which was not checked$/);
  });

  test('a payload that is gone, and a store that is another', async () => {
    const elsewhere = await points('--image', 'golden', '--store', 'directory:elsewhere');
    expect(statesOf(elsewhere)).toEqual([expect.stringMatching(/^unknown: cannot look into .*elsewhere/)]);
    await mkdir(join(world.directory, 'other'));
    expect(statesOf(await points('--image', 'golden', '--store', 'directory:other'))).toEqual([
      expect.stringMatching(/^unknown: payload image-.* was stored in .*payloads, but .*other$/),
    ]);
    const [golden] = await points('--image', 'golden');
    const payloads = join(world.directory, 'openstack-backups', 'payloads');
    const file = join(payloads, golden?.data ?? '');
    await rename(file, `${file}.aside`);
    expect(statesOf(await points('--image', 'golden'))).toEqual([
      `broken: payload ${golden?.data} is not in ${payloads}`,
    ]);
    await rename(`${file}.aside`, file);
    expect(statesOf(await points('--image', 'golden'))).toEqual(['whole']);
  });

  test('what no manifest names is listed all the same', async () => {
    const empty = join(world.directory, 'empty');
    await mkdir(empty);
    const known = (await points('--volume', id)).map(({ time, kind, name, data, chain, size }) => {
      return { time, kind, name, data, chain, size, manifest: '', state: 'whole' };
    });
    expect(await points('--manifest', 'directory:empty', '--volume', id)).toEqual(
      known.map((point) => expect.objectContaining(point)),
    );
    // The usual place is lost as well.
    const ran = await world.tool(['list', '--volume', id, '--json'], { directory: empty });
    expect([ran.code, (ran.json['points'] as Point[]).length]).toEqual([0, 3]);
    expect(ran.stderr).toContain('only what the cloud has is listed');
    expect((await world.tool(['list', '--offline'], { directory: empty })).code).toBe(2);
  });

  test('a chain whose full backup is gone is broken, the server that needs it too, and --at passes over them', async () => {
    const [full, ...increments] = await points('--volume', id, '--sort', 'time');
    const backup = world.cloud.state.backups.get(full?.data ?? '');
    world.cloud.state.backups.delete(full?.data ?? '');
    const after = await points('--sort', 'time');
    const gone = `backup ${full?.data}, which ${increments[0]?.data} needs, is gone`;
    expect(statesOf(after.filter((point) => point.id === id))).toEqual([
      `broken: backup ${full?.data} is gone`,
      `broken: ${gone}`,
      `broken: ${gone}`,
    ]);
    expect(statesOf(after.filter(({ kind }) => kind === 'server'))).toEqual([
      `broken: its disk "db": ${gone}`,
    ]);
    expect(await points('--volume', id, '--at', '0h')).toEqual([]);
    if (backup === undefined) throw new Error('the full backup was not in the cloud');
    world.cloud.state.backups.set(backup.id, backup);
    expect((await points('--volume', id, '--at', '0h')).map(({ data }) => data)).toEqual([
      increments.at(-1)?.data,
    ]);
  });
});

test('with a key to verify, the table also says which manifests are not signed', async () => {
  const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  await writeFile(join(world.directory, 'verify.pem'), String(key));
  const words = ['--volume', id];
  expect((await list(0, ...words)).stdout).not.toContain('is not signed');
  const { stdout } = await list(0, ...words, '--verify-key', 'verify.pem');
  expect(stdout.split('\n')[1]).toMatch(/manifest +\| doubt/);
  expect(stdout.match(/is not signed/g)?.length).toBeGreaterThan(0);
});
