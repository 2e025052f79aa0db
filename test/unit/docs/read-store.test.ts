import { spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { sealer } from '../../../src/keys/age.ts';
import { type DiskOptions, type SavedDisk, saveBlocks } from '../../../src/payload/blocks/save.ts';
import { directoryPlace } from '../../../src/store/directory.ts';
import { once } from '../../../src/stream/chunks.ts';
import { changed, someDisk } from '../../support/blocks-store.ts';
import { describeWith } from '../../support/installed.ts';
import { seeded } from '../../support/random.ts';

/** The reader that needs nothing of ours, on stores that ours wrote. */
const READER = join(import.meta.dirname, '../../../docs/read-store.py');
const BLOCK = 65_536;
const directory = mkdtempSync(join(tmpdir(), 'read-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

const identity = join(directory, 'identity');
const secret = await generateIdentity();
writeFileSync(identity, secret);
const recipients = [await identityToRecipient(secret)];
const seal = { sealer: await sealer(recipients), recipients };
const kinds: [string, DiskOptions, string[]][] = [
  ['in clear', { compression: 'zstd' }, []],
  ['not compressed', { compression: 'none' }, []],
  ['sealed', { compression: 'zstd', seal, storeKey: Buffer.alloc(32, 3) }, ['-i', identity]],
];

let minute = 0;

/** A new store, or one more point in one. */
async function saved(disk: Buffer, options: DiskOptions, path = mkdtempSync(join(directory, 'store-'))) {
  const place = directoryPlace(path, {
    run: { id: randomUUID(), owner: 'nobody' },
    liveness: async () => 'alive',
    now: () => Date.now(),
  });
  await place.prepare();
  minute += 1;
  const taken = new Date(Date.UTC(2026, 10, 26, 0, minute)).toISOString();
  const facts = { resource: { kind: 'volume', id: 'v1' }, point: randomUUID(), taken } as const;
  return { path, disk, ...(await saveBlocks(place, facts, once(disk), options)) };
}

function read({ path, payload }: { path: string } & Pick<SavedDisk, 'payload'>, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/env',
    ['python3', READER, path, payload.name, '--sha256', payload.stored.sha256, ...words],
    { maxBuffer: 1 << 28 },
  );
  return { status, stdout, stderr: stderr.toString() };
}

const packed = (bytes: Buffer) => spawnSync('zstd', ['-c'], { input: bytes, maxBuffer: 1 << 28 }).stdout;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const noise = (blocks: number) => randomBytes(blocks * BLOCK);

describeWith('python3', 'zstd', 'age').each(kinds)(
  'docs/read-store.py, of a store %s,',
  (_kind, options, words) => {
    const disks: [string, Buffer][] = [
      ['of nothing', Buffer.alloc(0)],
      ['of zeros', Buffer.alloc(3 * BLOCK + 7)],
      ['with a short block', someDisk(seeded(1), 20, 77)],
    ];

    test.each(disks)('reads a disk %s', async (_what, disk) => {
      const { status, stdout, stderr } = read(await saved(disk, options), ...words);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout.equals(disk)).toBe(true);
    });

    test('reads each of some increments of a disk that grows', async () => {
      const random = seeded(2);
      let disk = someDisk(random, 40, 77);
      let store = await saved(disk, options);
      const points = [store];
      for (const grown of [0, 3 * BLOCK, 5]) {
        disk = changed(random, disk, 6, grown);
        store = await saved(disk, options, store.path);
        expect(store.base).toBe(points.at(-1)?.payload.name);
        points.push(store);
      }
      for (const point of points) expect(read(point, ...words).stdout.equals(point.disk)).toBe(true);
    });

    test('writes a new file, sparse, and none over another', async () => {
      const store = await saved(Buffer.concat([Buffer.alloc(64 * BLOCK), noise(2)]), options);
      const output = join(store.path, 'disk.raw');
      expect(read(store, '-o', output, ...words)).toMatchObject({ status: 0, stderr: '' });
      expect(readFileSync(output).equals(store.disk)).toBe(true);
      const { mode, blocks } = statSync(output);
      expect(mode & 0o777).toBe(0o600);
      expect(blocks * 512).toBeLessThan(10 * BLOCK);
      expect(read(store, '-o', output, ...words).stderr).toContain('FileExistsError');
      expect(readFileSync(output).equals(store.disk)).toBe(true);
    });

    test('says which object is damaged, missing, cut or another, and leaves nothing', async () => {
      const disk = noise(8);
      const store = await saved(disk, options);
      const more = await saved(Buffer.concat([disk, noise(8)]), options, store.path);
      const names = namesIn(more.path);
      expect(names.length).toBe(2);
      const [name = '', other = ''] = names;
      const file = join(more.path, name);
      const good = readFileSync(file);
      const flipped = Buffer.from(good);
      flipped.writeUInt8(flipped.readUInt8(1000) ^ 4, 1000);
      const output = join(store.path, 'disk.raw');
      const faults: [Buffer | undefined, string][] = [
        [flipped, 'its SHA-256 differs'],
        [good.subarray(0, -1), `it has ${good.length - 1} of ${good.length} bytes`],
        [readFileSync(join(more.path, other)), 'its SHA-256 differs'],
        [undefined, 'is missing'],
      ];
      for (const [bad, message] of faults) {
        rmSync(file);
        if (bad !== undefined) writeFileSync(file, bad);
        const { status, stderr } = read(more, '-o', output, ...words);
        expect(status).toBe(1);
        expect(stderr).toContain(`object ${name} `);
        expect(stderr).toContain(message);
        expect(statSync(output, { throwIfNoEntry: false })).toBeUndefined();
        expect(read(more, ...words)).toMatchObject({ status: 1, stdout: Buffer.alloc(0) });
      }
    });

    test('unpacks no more of an object than the map says', async () => {
      const store = await saved(noise(1), { compression: 'zstd' });
      const [name = ''] = namesIn(store.path);
      const large = packed(noise(4));
      writeFileSync(join(store.path, name), large);
      const file = join(store.path, store.payload.name);
      const lines = spawnSync('zstd', ['-dc', file]).stdout.toString().split('\n');
      const entry = { object: name, size: large.length, sha256: sha256(large), to: null };
      for (const [blocks, message] of [
        [1, `object ${name} is damaged: it is more than 65536 bytes`],
        [2 ** 50, `object ${name} is damaged: no object has`],
      ] as const) {
        lines[1] = JSON.stringify({ ...entry, blocks });
        const map = packed(Buffer.from(lines.join('\n')));
        writeFileSync(file, map);
        const stored = { size: map.length, sha256: sha256(map) };
        const { status, stderr } = read({ path: store.path, payload: { ...store.payload, stored } });
        expect(status).toBe(1);
        expect(stderr).toContain(message);
      }
    });

    test('reads no map but the one that the manifest means', async () => {
      const store = await saved(noise(2), options);
      const file = join(store.path, store.payload.name);
      const map = readFileSync(file);
      map.writeUInt8(map.readUInt8(40) ^ 1, 40);
      writeFileSync(file, map);
      expect(read(store, ...words)).toMatchObject({ status: 1, stdout: Buffer.alloc(0) });
    });
  },
);

describeWith(
  'python3',
  'zstd',
  'age',
)('docs/read-store.py, with another identity,', () => {
  test('says so', async () => {
    const [, , [, options] = []] = kinds;
    if (options === undefined) throw new Error('no kind');
    const store = await saved(noise(2), options);
    const other = join(directory, 'other');
    writeFileSync(other, await generateIdentity());
    expect(read(store, '-i', other)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no identity matched'),
    });
    expect(read(store).status).toBe(1);
  });
});

function namesIn(path: string): string[] {
  const { stdout } = spawnSync('find', ['.', '-path', '*/data/*', '-type', 'f', '-printf', '%P\n'], {
    cwd: path,
  });
  return stdout.toString().trim().split('\n').sort();
}
