import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PlainError } from '../../../src/errors.ts';
import { Ext, type Inode, type Readable } from '../../../src/files/ext.ts';
import { describeWith } from '../../support/installed.ts';
import { seeded } from '../../support/random.ts';

const FILES: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  small: Buffer.from('small\n'),
  'deep/er/file': randomBytes(70_001),
  // Single, double and, with blocks of 1 KiB, triple indirect blocks.
  large: randomBytes(70 << 20),
};
const LONG = 'x'.repeat(100);
let directory: string;
const path = (name: string) => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ext-'));
  for (const folder of ['tree/deep/er', 'tree/many']) mkdirSync(path(folder), { recursive: true });
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(path(`tree/${name}`), bytes);
  for (let nth = 0; nth < 3000; nth += 1) writeFileSync(path(`tree/many/number-${nth}`), `${nth}`);
  const sparse = openSync(path('tree/sparse'), 'w');
  for (const at of [0, 3_000_000, 9_000_000]) writeSync(sparse, 'here', at);
  symlinkSync('../small', path('tree/deep/link'));
  symlinkSync('/deep/er', path('tree/absolute'));
  symlinkSync('loop', path('tree/loop'));
  mkdirSync(path(`tree/${LONG}`));
  writeFileSync(path(`tree/${LONG}/end`), 'end');
  symlinkSync(`./${LONG}`, path('tree/long'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function made(type: string, ...options: string[]): Buffer {
  const image = path(`${type}.img`);
  writeFileSync(image, '');
  truncateSync(image, 200 << 20);
  execFileSync('mke2fs', ['-q', '-F', '-t', type, '-d', path('tree'), ...options, image], {
    stdio: 'pipe',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  });
  return readFileSync(image);
}

const diskOf = (bytes: Buffer): Readable => ({
  size: bytes.length,
  readAt: async (offset, length) => bytes.subarray(offset, offset + length),
});

async function openedAt(bytes: Buffer, start = 0): Promise<Ext> {
  const ext = await Ext.at(diskOf(bytes), start);
  if (ext === undefined) throw new Error('there is none');
  return ext;
}

async function contentOf(ext: Ext, name: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const bytes of ext.content(await ext.find(name))) parts.push(bytes);
  return Buffer.concat(parts);
}

/** Looks at what the root has, files up to 4 MiB. */
async function walked(bytes: Buffer): Promise<void> {
  const ext = await openedAt(bytes);
  for (const { name } of (await ext.entries(await ext.find('/'))).slice(0, 20)) {
    const inode = await ext.find(name.toString());
    if (inode.kind === 'directory') await ext.entries(inode);
    else if (inode.kind === 'file') await head(ext, inode);
  }
}

async function head(ext: Ext, inode: Inode): Promise<void> {
  let came = 0;
  for await (const bytes of ext.content(inode)) {
    came += bytes.length;
    if (came > 4 << 20) break;
  }
}

describeWith('mke2fs')('a file system', () => {
  test.each([
    ['ext4', []],
    ['ext4', ['-b', '1024']],
    ['ext4', ['-O', '^64bit', '-I', '128']],
    ['ext3', ['-b', '1024']],
    ['ext2', ['-b', '4096']],
    ['ext2', ['-b', '1024']],
  ])('%s %p gives its files back', async (type, options) => {
    const image = made(type, ...options);
    const ext = await openedAt(Buffer.concat([Buffer.alloc(1 << 20), image]), 1 << 20);
    expect(ext.inUse).toBe(false);
    for (const [name, bytes] of Object.entries(FILES))
      expect((await contentOf(ext, `/${name}`)).equals(bytes)).toBe(true);
    expect((await contentOf(ext, 'sparse')).equals(readFileSync(path('tree/sparse')))).toBe(true);
    expect((await contentOf(ext, 'deep/link')).toString()).toBe('small\n');
    expect((await contentOf(ext, 'deep/../absolute/./file')).equals(FILES['deep/er/file'] ?? image)).toBe(
      true,
    );
    expect((await contentOf(ext, 'long/end')).toString()).toBe('end');
    expect((await contentOf(ext, '../../many/number-2999')).toString()).toBe('2999');
    const root = (await ext.entries(await ext.find('/'))).map(({ name }) => name.toString());
    expect(root.toSorted()).toEqual(
      [
        ...['absolute', 'deep', 'empty', 'large', 'long', 'loop', 'lost+found'],
        ...['many', 'small', 'sparse', LONG],
      ].toSorted(),
    );
    expect(await ext.entries(await ext.find('many'))).toHaveLength(3000);
    expect((await ext.find('small')).kind).toBe('file');
    for (const wrong of ['no', 'small/x', 'deep/no/x'])
      await expect(ext.find(wrong)).rejects.toThrow('there is no');
    await expect(ext.find('loop')).rejects.toThrow('too many symbolic links');
  });

  test('is none where there is none', async () => {
    expect(await Ext.at(diskOf(Buffer.alloc(100)), 0)).toBeUndefined();
    expect(await Ext.at(diskOf(Buffer.alloc(1 << 20)), 0)).toBeUndefined();
  });

  test('that was in use says so, and one with features of others is refused', async () => {
    const image = made('ext4');
    const features = image.readUInt32LE(1024 + 96);
    image.writeUInt32LE(features | 4, 1024 + 96);
    expect((await openedAt(image)).inUse).toBe(true);
    image.writeUInt32LE((features | 0x10) >>> 0, 1024 + 96);
    await expect(openedAt(image)).rejects.toThrow('features that are not understood: 0x10');
  });

  test('that anybody may have written does no harm: it is read or refused, in time', async () => {
    const random = seeded(4);
    const image = made('ext4', '-b', '1024').subarray(0, 30 << 20);
    for (let round = 0; round < 150; round += 1) {
      const bad = Buffer.from(image);
      // Where superblock, groups, inodes and directories are.
      for (let change = 0; change < 300; change += 1)
        bad[1024 + random(round % 2 === 0 ? 4000 : 3 << 20)] = random(256);
      bad.writeUInt16LE(0xef53, 1024 + 56);
      const error = await walked(bad).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error === undefined || error instanceof PlainError).toBe(true);
    }
  });
});
