import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import type { ImagePoint } from '../../src/manifest/schema.ts';
import { getImage } from '../../src/openstack/image/v2/images.ts';
import { SparseBytes } from '../fakes/cloud/bytes.ts';
import { toQcow2 } from '../fakes/cloud/qcow2.ts';
import { sha256 } from '../support/payloads.ts';
import type { Ran } from '../support/tool.ts';
import { bringBack, makeKeeper, manifestIn } from './sealed.ts';
import { expectExit, type Scenario } from './steps.ts';
import type { World } from './world.ts';

const KEY = ['--store-key', 'env:STORE_KEY'];
const STORE_KEY = 'cd'.repeat(32);

/** No whole number of GiB, nor of blocks. */
const SIZE = 5 * 2 ** 20 + 3 * 512;

function qcow2Of(disk: Uint8Array): Buffer {
  const file = toQcow2(SparseBytes.from(disk));
  return file.read(0, file.size);
}

function disk(): Buffer {
  const bytes = randomBytes(SIZE);
  bytes.fill(0, 0, SIZE >> 1);
  return bytes;
}

async function imagePointIn(ran: Ran): Promise<ImagePoint> {
  const point = (await manifestIn(ran)).restorePoints.find(({ method }) => method === 'download');
  if (point?.method !== 'download') throw new Error('no image was saved');
  return point;
}

const sentIn = (ran: Ran) => {
  const points = ran.json['restore-points'] as { readonly sent?: number }[];
  return points.find(({ sent }) => sent !== undefined)?.sent ?? Number.NaN;
};

/** The opinion of qemu-img, where the cloud has one. */
async function expectSameAsQemu(world: World, qcow2: Buffer, bytes: Buffer): Promise<void> {
  if (world.kind === 'embedded') return;
  const [from, to] = [join(world.directory, 'image.qcow2'), join(world.directory, 'image.raw')];
  await writeFile(from, qcow2);
  await promisify(execFile)('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', from, to]);
  expect(sha256([await readFile(to)])).toBe(sha256([bytes]));
}

const rawImage: Scenario = {
  name: 'a qcow2 with `raw`: its disk is stored, cut to its size, converted once, and comes back as a raw image from the manifest alone',
  async run(world) {
    const keeper = await makeKeeper();
    const bytes = disk();
    const qcow2 = qcow2Of(bytes);
    await expectSameAsQemu(world, qcow2, bytes);
    const wish = {
      name: 'guest',
      properties: { hw_disk_bus: 'scsi' },
      tags: ['nightly'],
      minDisk: 1,
      minRam: 64,
    };
    const id = await world.makeImage({ ...wish, diskFormat: 'qcow2', bytes: qcow2 });
    const { hash, checksum } = await getImage(await (await world.session()).service('image'), id);
    const save = async (...more: string[]) =>
      expectExit(
        await world.tool(
          ['backup-image', '--images', id, '--recipients', keeper.recipient, ...KEY, '--json', ...more],
          { environment: { STORE_KEY } },
        ),
        0,
      );
    const dry = await world.tool(['backup-image', '--images', id, '--raw', '--dry-run'], {});
    expect(expectExit(dry, 0).stderr).toContain('by a temporary volume of 1 GiB');
    const asItWas = await save();
    // Maps are in order by the second; the next one is to be the last.
    await setTimeout(1_000);
    const first = await save('--raw');
    expect(sentIn(first)).toBeGreaterThan(SIZE / 2);
    // Everything is elsewhere in the other format, and nobody wiped or encrypted it.
    expect(first.stderr).not.toContain('may have been');
    const point = await imagePointIn(first);
    const original = { diskFormat: 'qcow2', size: qcow2.length, checksum, hash };
    expect(point.resource).toMatchObject({
      ...{ diskFormat: 'raw', size: SIZE, virtualSize: SIZE, checksum: null, hash: null },
      converted: original,
    });
    const sha512 = createHash('sha512').update(bytes).digest('hex');
    expect(point.payload).toMatchObject({ size: SIZE, digest: { algorithm: 'sha512', value: sha512 } });
    expect(await world.leftBehind()).toEqual({ images: [expect.stringContaining(id)] });

    const again = await save('--raw');
    expect(again.stderr).toContain('is not converted again');
    expect(sentIn(again)).toBeLessThan(20_000);
    if (world.kind === 'embedded') {
      // All of it is sent again, for which it is converted again.
      const refreshed = await save('--raw', '--refresh', '1');
      expect(refreshed.stderr).not.toContain('is not converted again');
      expect(sentIn(refreshed)).toBeGreaterThan(SIZE / 2);
    }
    await world.removeImage(id);

    const back = expectExit(await bringBack(world, keeper, 'restore-image', again), 0);
    const newId = String(back.json['image-id']);
    expect(await getImage(await (await world.session()).service('image'), newId)).toMatchObject({
      ...wish,
      diskFormat: 'raw',
      size: SIZE,
      hash: { algorithm: 'sha512', value: sha512 },
    });
    expect(await world.imageDigest(newId)).toBe(sha256([bytes]));
    expect(back.stderr).toContain('differs from the original: disk format qcow2');
    await world.removeImage(newId);
    const restored = expectExit(await bringBack(world, keeper, 'restore-image', asItWas), 0);
    expect(await world.imageDigest(String(restored.json['image-id']))).toBe(sha256([qcow2]));
  },
};

const asTheyAre: Scenario = {
  name: 'images of which the cloud makes no raw disk, with `raw`: stored as they are, with the reason, and nothing left',
  async run(world) {
    const keeper = await makeKeeper();
    const qcow2 = qcow2Of(disk());
    // Encrypted: qemu-img asks for a key.
    const sealed = Buffer.from(qcow2);
    sealed.writeUInt32BE(1, 32);
    const signed = { img_signature_key_type: 'RSA-PSS' };
    const wishes = [
      { name: 'signed', bytes: qcow2, properties: signed, why: 'stored as it is: it is signed' },
      { name: 'boxed', bytes: qcow2, containerFormat: 'ovf', why: 'its container format is ovf' },
      { name: 'sealed', bytes: sealed, why: 'no raw disk was made of it' },
    ];
    const ids = new Map<string, (typeof wishes)[number]>();
    for (const wish of wishes) {
      const { why: _, ...image } = wish;
      ids.set(await world.makeImage({ ...image, diskFormat: 'qcow2' }), wish);
    }
    const images = [...ids.keys()].flatMap((id) => ['--images', id]);
    const ran = expectExit(await world.tool(['backup-image', ...images, '--raw', '--json']), 0);
    const { restorePoints } = await manifestIn(ran);
    for (const [id, { why }] of ids) {
      const told = ran.stderr.split('\n').filter((line) => line.includes(id));
      expect(told.join('\n')).toContain(why);
      const point = restorePoints.find(({ resource }) => resource.id === id);
      expect(point).toMatchObject({ method: 'download', resource: { diskFormat: 'qcow2' } });
      expect(point?.resource).not.toHaveProperty('converted');
    }
    expect(Object.keys(await world.leftBehind())).toEqual(['images']);
    expect((await world.leftBehind())['images']).toHaveLength(ids.size);
    for (const id of ids.keys()) await world.removeImage(id);
    const restored = expectExit(await bringBack(world, keeper, 'restore-image', ran, '--image', 'sealed'), 0);
    expect(await world.imageDigest(String(restored.json['image-id']))).toBe(sha256([sealed]));
  },
};

const rawRoot: Scenario = {
  name: 'a server whose root disk is qcow2, with `raw`: the next backup sends only what changed, and it comes back with the same bytes',
  async run(world) {
    const keeper = await makeKeeper();
    const server = await world.makeServer({ name: 'rooted', image: true });
    await world.writeRoot(server.id, 16 << 20, randomBytes(3 << 20));
    const save = async (...more: string[]) =>
      expectExit(
        await world.tool(
          [
            ...['backup-server', '--servers', 'rooted', '--store', 'directory:payloads', ...KEY, '--json'],
            ...['--recipients', keeper.recipient, ...more],
          ],
          { environment: { STORE_KEY } },
        ),
        0,
      );
    const homeless = await world.tool(['backup-server', '--servers', 'rooted', '--raw']);
    expect(expectExit(homeless, 2).stderr).toContain('no --store is given');
    if (world.kind === 'embedded') {
      const plain = await save();
      expect(plain.stderr).toContain('its root disk is stored as qcow2, in which little stays in its place');
      expect(plain.stderr).toContain('--raw has the cloud convert it');
    }
    const first = await save('--raw');
    expect(sentIn(first)).toBeGreaterThan(3 << 20);
    await world.writeRoot(server.id, 17 << 20, randomBytes(100_000));
    const digest = await world.rootDigest(server.id);
    const second = await save('--raw');
    expect(sentIn(second)).toBeLessThan(1 << 20);
    expect((await imagePointIn(second)).resource).toMatchObject({
      diskFormat: 'raw',
      converted: { diskFormat: 'qcow2' },
    });
    expect(Object.keys(await world.leftBehind())).toEqual(['servers']);
    await server.remove();

    const words = ['--store', 'directory:payloads'];
    const restored = expectExit(await bringBack(world, keeper, 'restore-server', second, ...words), 0);
    expect(await world.rootDigest(String(restored.json['server-id']))).toBe(digest);
  },
};

export const rawScenarios: readonly Scenario[] = [rawImage, asTheyAre, rawRoot];
