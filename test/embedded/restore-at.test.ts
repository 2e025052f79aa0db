import { randomBytes } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { expectExit } from '../scenarios/steps.ts';

interface Point {
  readonly time: string;
  readonly point: string;
  readonly data: string;
}

const nights = [1, 2, 3].map(() => randomBytes(5000));
let world: EmbeddedWorld;
/** Of the volume that is saved each night. */
let id: string;
let points: Point[];

const restore = async (code: number, ...words: string[]) =>
  expectExit(await world.tool([...words, '--allow-unsigned', '--json']), code);
const at = (night: number) => ['--at', points[night]?.time ?? ''];

/** The first bytes of a restored volume. */
async function restored(...words: string[]): Promise<Buffer> {
  const { json } = await restore(0, 'restore-volume', '--name', 'back', ...words);
  return world.content(String(json['volume-id']), 5000);
}

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const { seed } = world.cloud;
  const volume = seed.addVolume({ name: 'db', bootable: true });
  id = volume.id;
  seed.addServer({ name: 'shop', volumes: [volume] });
  for (const content of nights) {
    await world.write(id, 0, content);
    expectExit(await world.tool(['backup-server', '--servers', 'shop', '--json']), 0);
  }
  const { json } = expectExit(await world.tool(['list', '--volume', id, '--sort', 'time', '--json']), 0);
  points = json['points'] as Point[];
}, 120_000);
afterAll(() => world.close());

test.each([0, 1, 2])(
  'night %i comes back with its bytes',
  async (night) => {
    expect((await restored('--volume', 'db', ...at(night))).equals(nights[night] ?? Buffer.of())).toBe(true);
  },
  60_000,
);

test('an instant before, it is the night before; the place may be named', async () => {
  const before = new Date(Date.parse(points[2]?.time ?? '') - 1).toISOString();
  const place = ['--manifest', 'directory:openstack-backups'];
  expect((await restored('--volume', id, '--at', before, ...place)).equals(nights[1] ?? Buffer.of())).toBe(
    true,
  );
}, 60_000);

test('a server comes back as it was then', async () => {
  const { json } = await restore(0, 'restore-server', '--server', 'shop', '--name', 'shop-then', ...at(1));
  const server = world.cloud.state.servers.get(String(json['server-id']));
  const [disk] = [...world.cloud.state.volumes.values()].filter(({ attachments }) =>
    attachments.some((attachment) => attachment.serverId === server?.id),
  );
  expect((await world.content(disk?.id ?? '', 5000)).equals(nights[1] ?? Buffer.of())).toBe(true);
}, 60_000);

test('a broken one is skipped, which is told', async () => {
  const { state } = world.cloud;
  const lost = state.backups.get(points[2]?.data ?? '');
  if (lost === undefined) throw new Error('the third backup is not in the cloud');
  state.backups.delete(lost.id);
  const { json, stderr } = await restore(0, 'restore-volume', '--volume', id, '--name', 'back', '--at', '0h');
  const content = await world.content(String(json['volume-id']), 5000);
  expect(content.equals(nights[1] ?? Buffer.of())).toBe(true);
  expect(stderr).toContain(
    `restore point ${points[2]?.point} of volume "db", of ${points[2]?.time}, is skipped: backup ${lost.id} is gone`,
  );
  state.backups.set(lost.id, lost);
}, 60_000);

describe('what is not found lists what there is', () => {
  const volumes = ['restore-volume', '--name', 'back'];

  test('the times, where all are later', async () => {
    const { stderr } = await restore(2, ...volumes, '--volume', 'db', '--at', '2020-01-01');
    const times = points.map(({ time }) => time).toReversed();
    expect(stderr).toContain(`The manifests have volume "db" of: ${times.join(', ')}.`);
  });

  test.each([[['--at', '0h']], [['--manifest', 'latest']]])(
    'the names and ids, where it is misspelt: %j',
    async (words) => {
      const { stderr } = await restore(2, ...volumes, '--volume', 'dd', ...words);
      expect(stderr).toContain(`The manifests have: "db" (${id}).`);
    },
  );
});

test.each([
  [['--at', 'yesterday'], '--at is "yesterday", which is not a time'],
  [['--at', '0h', '--manifest', 'openstack-backups/x'], '--manifest names one: openstack-backups/x'],
  [['--at', '0h', '--backup', '11111111-1111-4111-8111-111111111111'], 'give either --manifest or --backup'],
  [['--at', '0h', '--manifest', 'release'], 'works only in a workflow on GitHub'],
])('%j is refused, and nothing is made', async (words, said) => {
  const from = world.cloud.requests.length;
  const { stderr } = await restore(2, 'restore-volume', '--volume', 'db', ...words);
  expect(stderr).toContain(said);
  const changed = world.cloud.requests
    .slice(from)
    .filter(({ method, path }) => method !== 'GET' && !/auth/.test(path));
  expect(changed).toEqual([]);
});

test('a bare backup that is not there: those that are', async () => {
  const none = '11111111-1111-4111-8111-111111111111';
  const { stderr } = await restore(2, 'restore-volume', '--backup', none);
  const [, , last] = points;
  expect(stderr).toContain(`there is no backup ${none} in project demo`);
  expect(stderr).toMatch(new RegExp(`It has: ${last?.data} \\("db .*", of volume ${id}, ${last?.time}\\), `));
});

test('neither a manifest nor a time is wrong input', async () => {
  const { stderr } = await restore(2, 'restore-server', '--server', 'shop');
  expect(stderr).toContain('--manifest is required to restore a server');
});

test('one that may be newer and cannot be read is not passed over in silence', async () => {
  const copies = join(world.directory, 'copies');
  await cp(join(world.directory, 'openstack-backups'), copies, { recursive: true });
  await mkdir(join(copies, '20991231T000000Z-00000000'));
  await writeFile(join(copies, '20991231T000000Z-00000000', 'manifest.json'), '');
  const words = [
    'restore-volume',
    '--name',
    'back',
    '--volume',
    'db',
    '--manifest',
    'directory:copies',
    '--at',
    '0h',
  ];
  const { stderr } = await restore(2, ...words, '--dry-run');
  expect(stderr).toContain('20991231T000000Z-00000000');
  expect(stderr).toContain('The newest that is certain is');
  await rm(copies, { recursive: true });
});
