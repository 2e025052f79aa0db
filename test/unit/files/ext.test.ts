import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  fstatSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
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
import { type Entry, entriesIn } from '../../../src/files/directory.ts';
import { Ext, type Readable } from '../../../src/files/ext.ts';
import { DamagedFiles } from '../../../src/files/faults.ts';
import type { Inode } from '../../../src/files/inode.ts';
import { stoppable } from '../../../src/stream/stoppable.ts';
import { describeWith } from '../../support/installed.ts';
import { seeded } from '../../support/random.ts';

const FILES: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  small: Buffer.from('small\n'),
  'deep/er/file': randomBytes(70_001),
};
/** A file with holes. Single, double and, with blocks of 1 KiB, triple indirect blocks. */
const LARGE = 70 << 20;
const LARGE_AT = [0, 11_000, 13_000, 200_000, 300_000, 5_000_000, 40_000_000, 67_000_000, 68_500_000];
/** Files in a directory: enough for an index. */
const MANY = 1000;
const LONG = 'x'.repeat(100);
let directory: string;
const path = (name: string) => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ext-'));
  for (const folder of ['tree/deep/er', 'tree/many']) mkdirSync(path(folder), { recursive: true });
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(path(`tree/${name}`), bytes);
  for (let nth = 0; nth < MANY; nth += 1) writeFileSync(path(`tree/many/number-${nth}`), `${nth}`);
  const large = openSync(path('tree/large'), 'w');
  for (const at of LARGE_AT) writeSync(large, randomBytes(70_000), 0, 70_000, at);
  ftruncateSync(large, LARGE);
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

/** @returns where it is */
function made(type: string, ...options: string[]): string {
  const image = path(`${type}.img`);
  rmSync(image, { force: true });
  writeFileSync(image, '');
  truncateSync(image, 400 << 20);
  execFileSync('mke2fs', ['-q', '-F', '-t', type, '-d', path('tree'), ...options, image], {
    stdio: 'pipe',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  });
  return image;
}

function firstOf(file: string, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  readSync(openSync(file, 'r'), bytes, 0, count, 0);
  return bytes;
}

const diskOf = (bytes: Buffer): Readable => ({
  size: bytes.length,
  readAt: async (offset, length) => bytes.subarray(offset, offset + length),
});

/** The file as a disk, with that many bytes before it. */
function diskIn(file: string, start: number): Readable {
  const opened = openSync(file, 'r');
  return {
    size: start + fstatSync(opened).size,
    async readAt(offset, length) {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(opened, bytes, 0, length, offset - start));
    },
  };
}

async function openedAt(disk: Buffer | string, start = 0): Promise<Ext> {
  const ext = await Ext.at(typeof disk === 'string' ? diskIn(disk, start) : diskOf(disk), start);
  if (ext === undefined) throw new Error('there is none');
  return ext;
}

async function contentOf(ext: Ext, name: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const bytes of ext.content(await ext.find(name))) parts.push(bytes);
  return Buffer.concat(parts);
}

async function entriesOf(ext: Ext, inode: Inode): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of ext.entries(inode)) all.push(entry);
  return all;
}

/** Looks at what the root has, files up to 4 MiB. */
async function walked(bytes: Buffer): Promise<void> {
  const ext = await openedAt(bytes);
  for (const { name } of (await entriesOf(ext, await ext.find('/'))).slice(0, 20)) {
    const inode = await ext.find(name.toString());
    if (inode.kind === 'directory') await entriesOf(ext, inode);
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

test('an entry of a directory that reaches beyond its block is damage', () => {
  const block = Buffer.alloc(1024);
  block.writeUInt32LE(12);
  block.writeUInt16LE(1024, 4);
  block.writeUInt8(4, 6);
  block.write('name', 8);
  expect(entriesIn(block)).toMatchObject([{ inode: 12 }]);
  block.writeUInt16LE(1028, 4);
  expect(() => entriesIn(block)).toThrow('makes no sense');
});

describeWith('mke2fs', 'debugfs')('a file system', () => {
  test.each([
    ['ext4', []],
    ['ext4', ['-b', '1024']],
    ['ext4', ['-O', '^64bit', '-I', '128']],
    ['ext3', ['-b', '1024']],
    ['ext2', ['-b', '4096']],
    ['ext2', ['-b', '1024']],
    ['ext2', ['-r', '0']],
    ['ext4', ['-b', '65536']],
    // The first group begins before the superblock.
    ['ext4', ['-O', 'bigalloc', '-b', '1024', '-C', '16384']],
    ['ext4', ['-O', 'bigalloc', '-C', '65536']],
    // Descriptors lie all over the disk, as they do once one has grown much.
    ['ext4', ['-O', 'meta_bg,^resize_inode', '-b', '1024', '-g', '1024']],
    ['ext4', ['-O', 'meta_bg,^resize_inode,sparse_super2', '-b', '1024']],
    ['ext4', ['-O', 'large_dir,casefold,encrypt,verity,metadata_csum_seed,^flex_bg', '-I', '512']],
  ])('%s %p gives its files back', async (type, options) => {
    const image = made(type, ...options);
    const ext = await openedAt(image, 1 << 20);
    expect(ext.inUse).toBe(false);
    expect((await contentOf(ext, 'large')).equals(readFileSync(path('tree/large')))).toBe(true);
    for (const [name, bytes] of Object.entries(FILES))
      expect((await contentOf(ext, `/${name}`)).equals(bytes)).toBe(true);
    expect((await contentOf(ext, 'sparse')).equals(readFileSync(path('tree/sparse')))).toBe(true);
    expect((await contentOf(ext, 'deep/link')).toString()).toBe('small\n');
    expect(
      (await contentOf(ext, 'deep/../absolute/./file')).equals(FILES['deep/er/file'] ?? Buffer.alloc(0)),
    ).toBe(true);
    expect((await contentOf(ext, 'long/end')).toString()).toBe('end');
    expect((await contentOf(ext, `../../many/number-${MANY - 1}`)).toString()).toBe(String(MANY - 1));
    const root = (await entriesOf(ext, await ext.find('/'))).map(({ name }) => name.toString());
    expect(root.toSorted()).toEqual(
      [
        ...['absolute', 'deep', 'empty', 'large', 'long', 'loop', 'lost+found'],
        ...['many', 'small', 'sparse', LONG],
      ].toSorted(),
    );
    expect(await entriesOf(ext, await ext.find('many'))).toHaveLength(MANY);
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
    const image = firstOf(made('ext4'), 2048);
    const features = image.readUInt32LE(1024 + 96);
    image.writeUInt32LE(features | 4, 1024 + 96);
    expect((await openedAt(image)).inUse).toBe(true);
    image.writeUInt32LE((features | 0x8) >>> 0, 1024 + 96);
    await expect(openedAt(image)).rejects.toThrow('features that are not understood: 0x8');
    // Without a journal its state says it.
    image.writeUInt32LE(features, 1024 + 96);
    image.writeUInt16LE(0, 1024 + 58);
    expect((await openedAt(image)).inUse).toBe(true);
  });

  test('tells what debugfs has changed in its inodes', async () => {
    const image = made('ext4', '-O', 'encrypt');
    const set = (commands: string[]) => {
      writeFileSync(path('commands'), `${commands.join('\n')}\n`);
      execFileSync('debugfs', ['-w', '-f', path('commands'), image], {
        stdio: 'pipe',
        env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
      });
    };
    set([
      'set_inode_field deep/er mtime @0x123456789',
      'set_inode_field small size 0x400000000001',
      `set_inode_field ${LONG}/end flags 0x10000000`,
      'set_inode_field absolute flags 0x800',
      'set_inode_field large flags 0x80800',
    ]);
    const ext = await openedAt(image);
    expect((await ext.find('deep/er')).modified).toBe(0x123456789);
    await expect(ext.find('small')).rejects.toThrow('has 70368744177665 bytes');
    await expect(contentOf(ext, `${LONG}/end`)).rejects.toThrow('lies within it');
    await expect(contentOf(ext, 'large')).rejects.toThrow('is encrypted by its file system');
    await expect(ext.find('absolute/file')).rejects.toThrow('is encrypted by its file system');
    const damagedOne = (await entriesOf(ext, await ext.find('/'))).find(({ name }) =>
      name.equals(Buffer.from('small')),
    );
    await expect(ext.inodeOf(damagedOne as Entry)).rejects.toThrow(DamagedFiles);
  });

  test('is read in its time: one file of zeros keeps nothing waiting', async () => {
    const image = made('ext4');
    execFileSync('debugfs', ['-w', '-R', 'set_inode_field empty size 0x40000000', image], {
      stdio: 'pipe',
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    });
    const ext = await openedAt(image);
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error('stopped')), 1);
    const reading = (async () => {
      for await (const _ of stoppable(ext.content(await ext.find('empty')), stopping.signal));
    })();
    await expect(reading).rejects.toThrow('stopped');
  });

  test('whose extents are more than their node holds, or lead to themselves, is damaged, and is told so', async () => {
    const image = firstOf(made('ext4', '-b', '1024'), 30 << 20);
    const [size, itself] = [1024, 20_000];
    const node = (bytes: number, depth: number, entries: readonly (readonly [number, number])[]) => {
      const made = Buffer.alloc(bytes);
      made.writeUInt16LE(0xf30a);
      made.writeUInt16LE(entries.length, 2);
      made.writeUInt16LE(depth, 6);
      for (const [nth, [first, at]] of entries.entries()) {
        if (12 + 12 * nth + 12 > bytes) break;
        made.writeUInt32LE(first, 12 + 12 * nth);
        if (depth === 0) made.writeUInt16LE(1, 16 + 12 * nth);
        made.writeUInt32LE(at, (depth === 0 ? 20 : 16) + 12 * nth);
      }
      return made;
    };
    node(size, 1, [[0, itself]]).copy(image, itself * size);
    const ext = await openedAt(image);
    const small = await ext.find('small');
    const read = (block: Buffer) => head(ext, { ...small, size: 100_000, block });
    const five = [0, 1, 2, 3, 4].map((first) => [first, 1] as const);
    await read(node(60, 0, five.slice(0, 4)));
    await expect(read(node(60, 0, five))).rejects.toThrow('make no sense');
    await expect(read(node(60, 1, [[0, itself]]))).rejects.toThrow('make no sense');
  });

  test('does not give out what lies behind its end on the disk', async () => {
    const start = firstOf(made('ext4', '-b', '1024'), 30 << 20);
    const behind = Buffer.alloc(1024, 'secret');
    const ext = await Ext.at(
      {
        size: 2 ** 40,
        readAt: async (offset, length) =>
          offset + length <= start.length ? start.subarray(offset, offset + length) : behind,
      },
      0,
    );
    const small = await ext?.find('small');
    if (ext === undefined || small === undefined) throw new Error('there is none');
    const block = Buffer.from(small.block);
    // It has 400 MiB.
    block.writeUInt32LE(400 << 10, 20);
    await expect(head(ext, { ...small, block })).rejects.toThrow('past its end');
  });

  test('with room that was never written gives zeros, not what the disk had there before', async () => {
    const image = firstOf(made('ext4', '-b', '1024'), 30 << 20);
    const ext = await openedAt(image);
    const small = await ext.find('small');
    const block = Buffer.from(small.block);
    block.writeUInt16LE(block.readUInt16LE(16) + 32_768, 16);
    const parts: Buffer[] = [];
    for await (const bytes of ext.content({ ...small, block })) parts.push(bytes);
    expect(Buffer.concat(parts)).toEqual(Buffer.alloc(small.size));
  });

  test('that anybody may have written does no harm: it is read or refused, in time', async () => {
    const random = seeded(4);
    const image = firstOf(made('ext4', '-b', '1024'), 30 << 20);
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
