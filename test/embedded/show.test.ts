import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';

interface Point {
  readonly time: string;
  readonly point: string;
  readonly data: string;
  readonly manifest: string;
}

interface Shown {
  readonly point: string;
  readonly chainMembers: readonly string[];
  readonly needs: readonly string[];
  readonly restore: readonly string[];
  readonly state: string;
  readonly manifest: readonly string[];
}

const keeper = await makeKeeper();
let world: EmbeddedWorld;
let id: string;
let chain: Point[];

const run = async (code: number, ...words: string[]) =>
  expectExit(await world.tool(words, { environment: { ...keeper.environment } }), code);
const show = async (...words: string[]) =>
  (await run(0, 'show', ...words, '--json')).json['point'] as Shown & Readonly<Record<string, unknown>>;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2 });
  const { seed } = world.cloud;
  const volume = seed.addVolume({ name: 'db', bootable: true });
  id = volume.id;
  seed.addServer({ name: 'shop', volumes: [volume] });
  seed.addVolume({ name: 'vault', type: 'luks' });
  seed.addVolume({ name: 'twin' });
  seed.addVolume({ name: 'twin' });
  await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'golden' });
  const sealed = ['--recipients', keeper.recipient];
  await run(0, 'backup-volume', '--volumes', 'db');
  await run(0, 'backup-volume', '--volumes', 'db');
  await run(0, 'backup-server', '--servers', 'shop');
  await run(0, 'backup-volume', '--volumes', 'name:twin');
  await run(
    0,
    'backup-volume',
    '--volumes',
    'vault',
    '--method',
    'image',
    '--store',
    'directory:openstack-backups/payloads',
    ...sealed,
  );
  await run(0, 'backup-image', '--images', 'golden', ...sealed);
  chain = (await run(0, 'list', '--volume', id, '--sort', 'time', '--json')).json['points'] as Point[];
}, 120_000);
afterAll(() => world.close());

const seconds = (time: string | undefined) => time?.replace(/\.\d+/, '');

test('its chain is drawn in order, and the one that is shown is marked', async () => {
  const [full, first, second] = chain;
  const shown = await show('--point', first?.point ?? '');
  expect(shown.chainMembers).toEqual([
    `full of ${seconds(full?.time)}, backup ${full?.data}`,
    `└ increment 1 of ${seconds(first?.time)}, backup ${first?.data} ← this one`,
    `  └ increment 2 of ${seconds(second?.time)}, backup ${second?.data}`,
  ]);
  expect([shown.state, shown.manifest]).toEqual(['whole', [first?.manifest]]);
});

test('by the id of its backup, its resource, or the time of it', async () => {
  const [full, first, second] = chain;
  expect((await show('--point', first?.data ?? '')).point).toBe(first?.point);
  expect((await show('--volume', 'db')).point).toBe(second?.point);
  expect((await show('--volume', id, '--at', full?.time ?? '')).point).toBe(full?.point);
});

test('a server needs its disks, and what left the cloud its saved key', async () => {
  const server = await show('--server', 'shop');
  expect(server.needs).toEqual([
    `disk "db", which it boots from: restore point ${chain.at(-1)?.point}, whole`,
  ]);
  const vault = await show('--volume', 'vault');
  expect(vault.needs).toEqual([expect.stringMatching(/^saved key: restore point [0-9a-f-]{36}, whole$/)]);
});

test.each([
  ['volume', 'db'],
  ['server', 'shop'],
  ['image', 'golden'],
])(
  'the command that it prints restores the %s "%s"',
  async (kind, name) => {
    const [command = '', ...more] = (await show(`--${kind}`, name)).restore;
    expect(more).toEqual([]);
    expect(command).toMatch(/^npx openstack-backup /);
    const words = command
      .replace(/^npx openstack-backup /, '')
      .replace(/ #.*$/, '')
      .replace('file:identity.txt', 'env:IDENTITY')
      .split(' ')
      .map((word) => word.replace(/^'(.*)'$/, '$1'));
    await run(0, ...words, '--name', `${name}-back`);
  },
  60_000,
);

test('what no manifest names is shown, with the command for its backup', async () => {
  const full = world.cloud.state.backups.get(chain[0]?.data ?? '');
  const shown = await world.tool(['show', '--point', full?.id ?? '', '--json'], { directory: '/' });
  const point = shown.json['point'] as Shown;
  expect([shown.code, point.restore, point.manifest]).toEqual([
    0,
    [`npx openstack-backup restore-volume --backup ${full?.id}`],
    [],
  ]);
});

describe('formats', () => {
  test('table: two columns, a line each of what has several', async () => {
    const { stdout } = await run(0, 'show', '--point', chain[1]?.point ?? '');
    expect(stdout).toMatch(/^\+-+\+-+\+\n\| Field +\| Value +\|\n/);
    expect(stdout).toMatch(
      /\n\| chain members \| full of .*\n\| {15}\| └ increment 1 of .* ← this one +\|\n/,
    );
    expect(stdout).toMatch(/\n\| size +\| 1\.00 GiB \(1073741824 bytes\) +\|\n/);
  });

  test('value, json, yaml', async () => {
    const words = ['show', '--point', chain[0]?.point ?? '', '--offline', '--format'];
    const json: Record<string, unknown> = JSON.parse((await run(0, ...words, 'json')).stdout);
    expect(json).toMatchObject({
      kind: 'volume',
      name: 'db',
      chain: 'full',
      size: 2 ** 30,
      state: 'unknown',
    });
    expect(parse((await run(0, ...words, 'yaml')).stdout)).toEqual(json);
    expect((await run(0, ...words, 'value')).stdout.split('\n').slice(0, 3)).toEqual([
      json['time'],
      'volume',
      'db',
    ]);
  });
});

describe('what is not found, or not one, lists what there is', () => {
  test.each([
    [['--volume', 'dd'], 'There are: '],
    [['--volume', 'dd'], '"db" ('],
    [['--volume', 'twin'], '2 volumes are called "twin"'],
    [
      ['--volume', 'db', '--at', '2020-01-01'],
      'no restore point of volume "db" up to 2020-01-01T00:00:00.000Z that is not broken',
    ],
    [['--point', 'nope'], '(volume "db", '],
    [[], 'Give one with --point'],
    [['--volume', 'db', '--server', 'shop'], 'several are given'],
    [['--point', 'x', '--at', '0h'], '--at chooses among the points of a resource'],
    [['--volume', 'db', '--at', 'x'], '--at is "x", which is not a time'],
  ])('%j', async (words, said) => {
    expect((await run(2, 'show', ...words)).stderr).toContain(said);
  });

  test('the times, where all are later', async () => {
    const { stderr } = await run(2, 'show', '--volume', 'db', '--at', '2020-01-01');
    expect(stderr).toContain(
      `There are: ${chain
        .map(({ time }) => time)
        .toReversed()
        .join(', ')}.`,
    );
  });
});

test('a broken one says why, its chain shows where, and --at passes over it', async () => {
  const { backups } = world.cloud.state;
  const [full, , last] = chain;
  const backup = backups.get(last?.data ?? '');
  if (backup === undefined) throw new Error('the last backup is not in the cloud');
  backups.delete(backup.id);
  const shown = await show('--volume', id);
  expect([shown.state, shown['why']]).toEqual(['broken', `backup ${backup.id} is gone`]);
  expect(shown.chainMembers.at(-1)).toContain(', broken ← this one');
  expect((await show('--volume', id, '--at', '0h')).point).toBe(chain[1]?.point);
  backups.set(backup.id, backup);
  expect((await show('--point', full?.point ?? '')).state).toBe('whole');
});
