import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backupImage } from '../../src/commands/backup-image.ts';
import { backupServer } from '../../src/commands/backup-server.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { drill } from '../../src/commands/drill.ts';
import { list } from '../../src/commands/list.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { DRILL_NAME } from '../../src/temporaries/lists.ts';
import { writeTemporary } from '../../src/temporaries/tags.ts';
import { type Server, SparseBytes } from '../fakes/cloud/index.ts';
import { makePort } from '../fakes/cloud/neutron/ports.ts';
import type { SecurityGroup } from '../fakes/cloud/neutron/tables.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { isWrite } from '../support/every-request.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { newIn, standing } from '../support/standing.ts';

const keeper = await makeKeeper();
const { IDENTITY: identity } = keeper.environment;
const sealed = { store: 'directory:openstack-backups/payloads', recipients: keeper.recipient };

let world: EmbeddedWorld;
let run: Runner;
let before: ReadonlyMap<string, string>;

/** With the label of swap space. */
function swap(length = 50_000): Buffer {
  const disk = randomBytes(length);
  disk.write('SWAPSPACE2', 4086);
  return disk;
}

function disks(name: string, ...types: string[]) {
  return types.map((type, at) =>
    world.cloud.seed.addVolume({ name: `${name}-${at}`, type, bootable: at === 0, bytes: swap() }),
  );
}

async function imageServer(name: string): Promise<Server> {
  const { seed } = world.cloud;
  const image = await seed.addImage(new SparseBytes(SMALL_GIB), { name: `base of ${name}` });
  const server = seed.addServer({ name, image, volumes: disks(name, 'luks') });
  server.root?.write(0, swap());
  return server;
}

/** As an older Glance took it: a present one takes a boot sector without partitions only inside a qcow2. */
async function addUnsafe(name: string): Promise<void> {
  const image = await world.cloud.seed.addImage(SparseBytes.from(swap(1 << 20)), { name });
  image.data?.write(446, Buffer.concat([Buffer.alloc(64), Buffer.of(0x55, 0xaa)]));
  const [md5 = '', sha512 = ''] = (await image.data?.digests('md5', 'sha512')) ?? [];
  Object.assign(image, { checksum: md5, hashValue: sha512 });
}

/** Flips a bit of the last object of a resource; what it returns flips it back. */
async function flip(resource: string): Promise<() => Promise<void>> {
  const folder = join(world.directory, 'openstack-backups/payloads', resource, 'data');
  const path = join(folder, (await readdir(folder))[0] ?? '');
  const deed = async () => {
    const bytes = await readFile(path);
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };
  await deed();
  return deed;
}

const saved = async (command: unknown, given: Record<string, string>) => {
  const told = await run(command, given);
  expect([told.code, told.error]).toEqual([0, '']);
};

/** A drill to `volume`, after which the project is as it was before. */
async function drilled(code: number, given: Record<string, string>) {
  const told = await run(drill, { level: 'volume', store: sealed.store, pick: 'latest', ...given });
  await world.cloud.ticks.settle();
  expect([told.code, told.error]).toEqual([code, '']);
  expect(newIn(world.cloud, before)).toEqual([]);
  const { reached, why, result, kind, manifest = '' } = told.outputs;
  return {
    ...{ reached, why, result, kind, manifest },
    log: told.log,
    seen: JSON.parse(told.outputs['seen'] ?? '[]') as string[],
    seconds: JSON.parse(told.outputs['seconds'] ?? '{}') as object,
  };
}

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB, capabilities: { luksHeaderInside: true } });
  run = runnerOf(world);
  const { seed } = world.cloud;
  seed.addServer({ name: 'by-cinder', volumes: disks('by-cinder', 'standard', 'luks') });
  await imageServer('by-store');
  await imageServer('kept-root');
  await seed.addImage(SparseBytes.from(swap(300_000)), { name: 'plain' });
  await addUnsafe('unsafe');
  const vault = seed.addVolume({ name: 'vault', type: 'luks', bytes: swap() });
  const { payload } = world.cloud.state.secrets.get(vault.encryptionKeyId ?? '') ?? {};
  const key = seed.addSecret(payload ?? Buffer.of(), {
    secretType: 'symmetric',
    algorithm: 'aes',
    bitLength: 256,
  });
  await seed.addImage(vault.data.clone(), {
    name: 'locked',
    properties: {
      cinder_encryption_key_id: key.id,
      cinder_encryption_key_deletion_policy: 'on_image_deletion',
    },
  });
  await saved(backupServer, { servers: 'by-cinder', method: 'cinder-backup', ...sealed });
  await saved(backupServer, { servers: 'by-store', method: 'image', ...sealed });
  await saved(backupServer, { servers: 'kept-root' });
  await saved(backupImage, { images: 'plain\nlocked\nunsafe', ...sealed });
  await saved(backupVolume, { volumes: 'vault', method: 'image', ...sealed });
  before = standing(world.cloud);
}, 60_000);
afterAll(() => world.close());

const SAME = 'all bytes are what was saved (sha512)';
const OPENED = 'LUKS1, aes-xts-plain64, opened by its saved key';
const of = (device: string, ...words: string[]) => words.map((line) => `${device}: ${line}`);

describe('a server: its disks, one after the other', () => {
  test('as Cinder backups: what it shows holds for each disk', async () => {
    const common = {
      level: 'volume',
      result: 'passed',
      reached: 'L3',
      seconds: { restored: expect.any(Number), checked: expect.any(Number), removed: expect.any(Number) },
    };
    const { seen, seconds, reached, manifest } = await drilled(0, { server: 'by-cinder', identity });
    expect(reached).toBe('L3');
    expect(seen).toEqual([...of('/dev/vda', 'swap space'), ...of('/dev/vdb', OPENED, 'swap space')]);
    expect(Object.keys(seconds).sort()).toEqual(['checked', 'found', 'removed', 'restored']);
    const { drilled: records } = JSON.parse(await readFile(manifest, 'utf8')) as Manifest;
    expect(records?.map(({ key }) => key)).toEqual(['proved', undefined, 'proved']);
    expect(records).toMatchObject([
      { level: 'volume', result: 'passed', reached: 'L3', seconds, seen, key: 'proved' },
      { ...common, seen: ['swap space'] },
      { ...common, seen: [OPENED, 'swap space'], key: 'proved' },
    ]);
    const listed = await run(list, { volume: 'by-cinder-1' });
    expect(JSON.parse(listed.outputs['points'] ?? '[]')).toMatchObject([
      { key: 'sealed, proved', drilled: { result: 'passed', level: 'volume' } },
    ]);
  });

  test('a Cinder backup that is another than at its last drill fails it', async () => {
    const asBefore = expect.stringMatching(
      /^\/dev\/vda: all bytes are what the drill of .* read \(sha256\)$/,
    );
    const again = await drilled(0, { server: 'by-cinder', identity });
    expect(again.seen).toContainEqual(asBefore);
    const backup = [...world.cloud.state.backups.values()].find(({ name }) =>
      name?.startsWith('by-cinder-0'),
    );
    const data = backup?.saved?.data;
    const good = data?.read(40_000, 1) ?? Buffer.of();
    data?.write(40_000, Buffer.of((good[0] ?? 0) ^ 1));
    const { why } = await drilled(1, { server: 'by-cinder', identity });
    data?.write(40_000, good);
    expect(why).toMatch(/^\/dev\/vda: what came back is not what the drill of .* read: its sha256 is/);
    expect((await drilled(0, { server: 'by-cinder', identity })).seen).toContainEqual(asBefore);
  });

  test('in a store, its root disk as an image', async () => {
    const { seen, log } = await drilled(0, { server: 'by-store', identity });
    expect(seen).toEqual([
      ...of('root disk', SAME, 'swap space'),
      ...of('/dev/vdb', SAME, OPENED, 'swap space'),
    ]);
    expect(log).toContain('2 disks, restored one after the other; a quota for the largest is enough: 1 GiB');
  });

  test('with the image of its root disk in the cloud, which is read', async () => {
    const { seen } = await drilled(0, { server: 'kept-root' });
    expect(seen).toEqual([
      ...of('root disk', SAME, 'swap space'),
      ...of('/dev/vdb', "LUKS1, aes-xts-plain64, opened by the cloud's key", 'swap space'),
      ...of('/dev/vdb', 'its key was not saved'),
    ]);
  });

  test('flipped bytes of one disk in the store fail it', async () => {
    const volume = [...world.cloud.state.volumes.values()].find(({ name }) => name === 'by-store-0');
    const mend = await flip(`volume-${volume?.id}`);
    const { why, result } = await drilled(1, { server: 'by-store', identity });
    await mend();
    expect([result, why]).toEqual(['failed', expect.stringMatching(`volume-${volume?.id}.*SHA-256`)]);
  });

  test('a disk that cannot be restored fails it, is named, and ends it', async () => {
    world.cloud.faults.add({
      when: { method: 'GET', path: /\/images\/[^/]+\/file$/, times: Number.POSITIVE_INFINITY },
      do: { status: 403 },
    });
    const { why, seen } = await drilled(1, { server: 'kept-root' });
    world.cloud.faults.clear();
    expect([why, seen]).toEqual([expect.stringMatching(/^root disk: .*403/), []]);
  });

  test('an image in the cloud with other bytes than were saved fails it', async () => {
    const name = 'kept-root';
    const image = [...world.cloud.state.images.values()].find((one) => one.name?.startsWith(`${name} `));
    const good = image?.data?.read(1000, 1) ?? Buffer.of();
    image?.data?.write(1000, Buffer.of((good[0] ?? 0) ^ 1));
    const { why } = await drilled(1, { server: name });
    image?.data?.write(1000, good);
    expect(why).toMatch(/^root disk: what came back is not what was saved: its sha512 is/);
  });

  test('a quota that holds only its largest disk is enough, and one that does not refuses it', async () => {
    const { state } = world.cloud;
    const project = [...state.projects.values()].find(({ name }) => name === 'demo');
    if (project === undefined) throw new Error('there is no project');
    const { volumes, gigabytes } = project.quota;
    const used = [...state.volumes.values()].reduce((sum, { size }) => sum + size, 0);
    Object.assign(project.quota, { volumes: state.volumes.size + 1, gigabytes: used + 1 });
    await drilled(0, { server: 'by-cinder', identity });
    Object.assign(project.quota, { volumes: state.volumes.size });
    const told = await run(drill, { level: 'volume', server: 'by-cinder', store: sealed.store, identity });
    Object.assign(project.quota, { volumes, gigabytes });
    expect([told.code, told.error]).toEqual([
      1,
      expect.stringContaining('the quota is too small for the restored volume'),
    ]);
    expect(newIn(world.cloud, before)).toEqual([]);
  });
});

describe('an image', () => {
  test.each([
    ['plain', [SAME, 'swap space']],
    ['locked', [SAME, OPENED, 'swap space']],
    ['unsafe', [SAME, 'swap space']],
  ])('%s is restored and downloaded', async (image, seen) => {
    const found = await drilled(0, { image, identity });
    expect([found.reached, found.seen]).toEqual(['L3', seen]);
  });

  test('without the identity, none that is sealed is drawn', async () => {
    const told = await run(drill, { level: 'volume', store: sealed.store, image: 'locked' });
    expect([told.code, told.error]).toEqual([2, expect.stringContaining('sealed, and no')]);
  });

  test('flipped bytes fail it', async () => {
    const image = [...world.cloud.state.images.values()].find(({ name }) => name === 'plain');
    const mend = await flip(`image-${image?.id}`);
    const { why } = await drilled(1, { image: 'plain', identity });
    await mend();
    expect(why).toContain('SHA-256');
  });

  test('that Glance changes after it took it fails', async () => {
    const { faults } = world.cloud;
    faults.add({ when: { method: 'GET', path: /\/images\/[^/]+\/file$/ }, do: 'flipped-bit' });
    const { why } = await drilled(1, { image: 'plain', identity });
    faults.clear();
    expect(why).toContain('what came back is not what was saved');
  });
});

test('a key is restored as a secret, and read back', async () => {
  const vault = [...world.cloud.state.volumes.values()].find(({ name }) => name === 'vault');
  const { kind, seen } = await drilled(0, { secret: vault?.encryptionKeyId ?? '', identity });
  expect([kind, seen]).toEqual(['secret', ['all bytes of the key are what was saved']]);
});

test('a dry run tells each disk, and makes nothing', async () => {
  const asked = world.cloud.requests.length;
  const told = await run(
    drill,
    { level: 'volume', server: 'by-store', store: sealed.store, identity },
    { dryRun: true },
  );
  expect(told.plan).toMatchObject({
    kind: 'server',
    restore: {
      largestGigabytes: 1,
      disks: [
        { device: 'root disk', restore: { kind: 'image' } },
        { device: '/dev/vdb', restore: { kind: 'volume' } },
      ],
    },
  });
  expect(world.cloud.requests.slice(asked).filter(isWrite)).toEqual([]);
});

test('a port and a group that a killed boot left alone go with the next drill once its run is over, and no others', async () => {
  const { state } = world.cloud;
  const { ports, securityGroups, networks } = state.network;
  const [network] = networks.values();
  const [group] = securityGroups.values();
  const now = Math.floor(Date.now() / 1000) * 1000;
  const record = (id: string) =>
    writeTemporary({
      ...{ purpose: 'scratch', tag: 'left', id, made: now, expires: now + 3_600_000 },
      owner: 'github:o/r:1:1',
    });
  const make = (describe: (id: string) => string) => {
    const { projectId = '' } = group ?? {};
    const port = makePort(state.network, { projectId, networkId: network?.id ?? '', name: DRILL_NAME });
    port.description = describe(port.id);
    const id = randomUUID();
    securityGroups.set(id, { ...(group as SecurityGroup), id, name: DRILL_NAME, description: describe(id) });
    return [port.id, id];
  };
  const left = make(record);
  const foreign = make(() => 'of somebody else');
  const isThere = (id: string) => ports.has(id) || securityGroups.has(id);
  const words = { level: 'volume', store: sealed.store, image: 'plain', identity };
  expect((await run(drill, words, { others: 'alive' })).code).toBe(0);
  expect([...left, ...foreign].map(isThere)).toEqual([true, true, true, true]);
  expect((await run(drill, words)).code).toBe(0);
  expect([...left, ...foreign].map(isThere)).toEqual([false, false, true, true]);
  for (const id of foreign) ports.delete(id) || securityGroups.delete(id);
});
