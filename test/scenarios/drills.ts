import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect } from '@jest/globals';
import { bootDisk } from '../support/boot-sector.ts';
import type { Ran } from '../support/tool.ts';
import { type Keeper, makeKeeper, STORE } from './sealed.ts';
import { backUp, expectExit, type Scenario } from './steps.ts';
import type { World } from './world.ts';

const AWAY = ['--store', 'directory:openstack-backups/payloads'];

/** The first MiB of a file system that its own tool made. */
function fileSystem(): Buffer {
  const path = join(import.meta.dirname, '../fixtures/disks/ext4.zst');
  return zstdDecompressSync(readFileSync(path));
}

/** Flips a bit in the first object that the store has of a volume. */
async function flip(world: World, id: string): Promise<void> {
  const folder = join(STORE(world), `volume-${id}`, 'data');
  const path = join(folder, readdirSync(folder)[0] ?? '');
  const bytes = await readFile(path);
  const at = bytes.length - 60;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

const everyKind: Scenario = {
  name: 'volumes, a server and an image are drilled at the same time: each is proved or not, and only the sources are left',
  async run(world) {
    const keeper = await makeKeeper();
    const content = fileSystem();
    const [plain, noise, vault, image] = await Promise.all([
      world.makeVolume({ name: 'd-plain', content }),
      world.makeVolume({ name: 'd-noise', content: randomBytes(content.length) }),
      world.makeVolume({ name: 'd-vault', type: 'luks', content }),
      world.makeImage({ name: 'd-image', bytes: content }),
    ]);
    const server = await world.makeServer({ name: 'd-server', image: true, volumes: [{ id: vault }] });
    await Promise.all([
      inStore(world, plain),
      ofImage(world, image),
      ofServer(world, server.id, keeper),
      ofNoise(world, noise),
    ]);
    const { volumes, images, snapshots, servers, secrets } = await world.leftBehind();
    expect({ volumes: volumes?.toSorted(), images, snapshots, servers, secrets }).toEqual({
      volumes: [noise, plain, vault].sort(),
      images: [image],
      servers: [server.id],
    });
  },
};

const SAME = expect.stringMatching(/^all (saved )?bytes are what was saved \(sha512\)$/);

async function inStore(world: World, id: string): Promise<void> {
  await backUp(world, [id], '--method', 'image', ...AWAY);
  const drill = (level: string, code: number) =>
    drilled(world, code, ['--volume', id, '--level', level, ...AWAY]);
  const both = (code: number) => Promise.all([drill('bytes', code), drill('volume', code)]);
  const [bytes, volume] = await both(0);
  expect(bytes.json).toMatchObject({ reached: 'L2', seen: [SAME, 'ext4'] });
  expect(volume.json).toMatchObject({ reached: 'L3', seen: [SAME, 'ext4'] });
  await flip(world, id);
  for (const { json } of await both(1)) expect(json).toMatchObject({ passed: false, result: 'failed' });
}

async function ofImage(world: World, id: string): Promise<void> {
  expectExit(await world.tool(['backup-image', '--images', id, ...AWAY, '--json']), 0);
  const { json } = await drilled(world, 0, ['--image', id, '--level', 'volume', ...AWAY]);
  expect(json).toMatchObject({ kind: 'image', reached: 'L3', seen: [SAME, 'ext4'] });
}

/** Its root disk is an image in the store, and its encrypted volume a Cinder backup. */
async function ofServer(world: World, id: string, { recipient, environment }: Keeper): Promise<void> {
  const sealed = [...AWAY, '--recipients', recipient];
  expectExit(
    await world.tool(['backup-server', '--servers', id, '--method', 'cinder-backup', ...sealed, '--json']),
    0,
  );
  const words = ['--server', id, '--level', 'volume', ...AWAY, '--identity', 'env:IDENTITY'];
  const { json } = await drilled(world, 0, words, environment);
  expect(json).toMatchObject({ kind: 'server', reached: 'L3' });
  const seen = json['seen'] as string[];
  expect(seen.filter((line) => line.startsWith('root disk: '))[0]?.slice('root disk: '.length)).toEqual(SAME);
  expect(seen.filter((line) => line.startsWith('/dev/')).map((line) => line.replace(/^\S+: /, ''))).toEqual([
    expect.stringMatching(/^LUKS.*, opened by its saved key$/),
    'ext4',
  ]);
  const listed = expectExit(await world.tool(['list', '--volume', 'd-vault', '--json']), 0);
  expect(listed.json['points']).toMatchObject([{ key: 'sealed, proved', drilled: { result: 'passed' } }]);
}

async function ofNoise(world: World, id: string): Promise<void> {
  await backUp(world, [id], '--method', 'cinder-backup');
  const { json } = await drilled(world, 1, ['--volume', id, '--level', 'volume']);
  expect(json['why']).toContain('nothing proves it');
}

const booted: Scenario = {
  name: 'a disk that boots is proved by its console and by a check, one that does not boot is not, a check that says no is a failure, and only the volumes are left',
  async run(world) {
    const greets = await world.makeVolume({
      name: 'd-greets',
      bootable: true,
      content: bootDisk('Welcome to d-greets'),
    });
    const dead = await world.makeVolume({ name: 'd-dead', bootable: true, content: randomBytes(4096) });
    await backUp(world, [greets, dead], '--method', 'cinder-backup');
    // The older releases of the test cloud have a stand-in for Neutron, which has no network.
    const network = process.env['CLOUD_RELEASE'] === undefined ? 'private' : 'none';
    const boot = (id: string, code: number, ...more: string[]) =>
      drilled(world, code, [
        ...['--volume', id, '--level', 'boot', '--network', network, '--expect', 'Welcome'],
        ...['--boot-timeout', '1', ...more],
      ]);
    const check = 'test -n "$OPENSTACK_BACKUP_SERVER_ID" && test -n "$OPENSTACK_BACKUP_VOLUME_ID"';
    // At the same time: neither takes what the other made for a leftover.
    const [[good, no], bad] = await Promise.all([
      (async () =>
        [await boot(greets, 0, '--check', check), await boot(greets, 1, '--check', 'exit 3')] as const)(),
      boot(dead, 0),
    ]);
    expect(good.json).toMatchObject({ passed: true, reached: 'L5' });
    expect(bad.json).toMatchObject({ passed: false, result: 'no output', reached: '' });
    expect(no.json).toMatchObject({ result: 'failed', why: 'the check said no (exit 3)' });
    expect((await world.leftBehind())['volumes']?.toSorted()).toEqual([greets, dead].sort());
    expect((await world.leftBehind())['servers']).toBeUndefined();
  },
};

async function drilled(
  world: World,
  code: number,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return expectExit(await world.tool(['drill', ...words, '--json'], { environment }), code);
}

export const drillScenarios = [everyKind];
export const bootScenarios = [booted];
