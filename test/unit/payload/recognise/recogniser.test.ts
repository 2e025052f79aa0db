import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { MOST_PARTITIONS } from '../../../../src/payload/recognise/partition.ts';
import { Recogniser } from '../../../../src/payload/recognise/recogniser.ts';
import { isProof, recognisedWords } from '../../../../src/payload/recognise/words.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures');
const MIB = 2 ** 20;

/** The first MiB of a disk that a tool of its format made. */
function headOf(name: string): Buffer {
  return zstdDecompressSync(readFileSync(join(FIXTURES, 'disks', `${name}.zst`)));
}

/** A disk of 16 MiB with these bytes at these places. */
function diskOf(...parts: readonly [at: number, bytes: Buffer][]): Buffer {
  const disk = Buffer.alloc(16 * MIB);
  for (const [at, bytes] of parts) disk.set(bytes, at);
  return disk;
}

function recognised(disk: Buffer, piece: number) {
  const recogniser = new Recogniser();
  for (let at = 0; at < disk.length; at += piece) recogniser.push(disk.subarray(at, at + piece));
  return recogniser.finish();
}

/** An entry of a boot record, in sectors. */
function entry(type: number, start: number, count: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(start, 8);
  bytes.writeUInt32LE(count, 12);
  return bytes;
}

function bootRecord(...entries: readonly Buffer[]): Buffer {
  const sector = Buffer.alloc(512);
  entries.forEach((one, nth) => {
    sector.set(one, 446 + 16 * nth);
  });
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** Two primary partitions, one of them before the first MiB ends, and two logical ones. */
function mbrDisk(): Buffer {
  const [extended, second] = [8192, 16_384];
  return diskOf(
    [0, bootRecord(entry(0x83, 63, 1024), entry(0x83, 2048, 4096), entry(0x0f, extended, 24_576))],
    [63 * 512, headOf('ext2').subarray(0, 1024 * 512)],
    [2048 * 512, headOf('xfs')],
    [extended * 512, bootRecord(entry(0x83, 2048, 4096), entry(0x05, second - extended, 8192))],
    [(extended + 2048) * 512, headOf('btrfs')],
    [second * 512, bootRecord(entry(0x82, 63, 4096))],
    [(second + 63) * 512, headOf('swap-64k').subarray(0, 4096 * 512)],
  );
}

const pieces = [16 * MIB, MIB, 65_536, 65_521];

describe.each(pieces)('in pieces of %i bytes', (piece) => {
  test('a GPT disk is told with what its partition holds', () => {
    const seen = recognised(diskOf([0, headOf('gpt')], [MIB, headOf('ext4')]), piece);
    expect(seen).toEqual({
      what: 'a GPT partition table',
      blank: false,
      partitions: [{ number: 1, start: MIB, size: 7 * MIB, what: 'ext4' }],
      faults: [],
      size: 16 * MIB,
    });
    expect(isProof(seen)).toBe(true);
    expect(recognisedWords(seen)).toBe('a GPT partition table with 1 partition: 1 ext4 (7.00 MiB)');
  });

  test('primary and logical partitions of an MBR are told', () => {
    const { partitions, faults } = recognised(mbrDisk(), piece);
    expect(partitions.map(({ number, what }) => [number, what])).toEqual([
      [1, 'ext2'],
      [2, 'XFS'],
      [5, 'btrfs'],
      [6, 'swap space'],
    ]);
    expect(faults).toEqual([]);
  });

  test.each([
    ['ntfs', 'NTFS'],
    ['lvm', 'an LVM physical volume'],
    ['fat32', 'FAT'],
  ])('%s without a table is %s', (name, what) => {
    expect(recognised(headOf(name), piece)).toMatchObject({ what, partitions: [], faults: [] });
  });
});

test.each([
  ['of the entries', 1024 + 40, 'the checksum of its entries is wrong'],
  ['of the header', 512 + 40, 'the checksum of its header is wrong'],
])('a flipped bit %s of a GPT is no proof', (_where, at, fault) => {
  const disk = diskOf([0, headOf('gpt')], [MIB, headOf('ext4')]);
  disk[at] = (disk[at] ?? 0) ^ 1;
  const seen = recognised(disk, MIB);
  expect(seen.faults).toEqual([fault]);
  expect(isProof(seen)).toBe(false);
});

test('a disk that was cut short is no proof', () => {
  const seen = recognised(diskOf([0, headOf('gpt')], [MIB, headOf('ext4')]).subarray(0, 5 * MIB), MIB);
  expect(seen.faults).toEqual(['partition 1 ends beyond the end of the disk']);
  expect(isProof(seen)).toBe(false);
});

test.each<[string, Buffer, string]>([
  ['a table whose partition holds nothing known', diskOf([0, headOf('gpt')]), '1 nothing known'],
  ['zeros', Buffer.alloc(2 * MIB), 'empty: its first MiB is zeros'],
  ['nothing', Buffer.alloc(0), 'empty'],
  ['noise', randomBytes(2 * MIB), 'no known partition table or file system'],
])('%s is no proof', (_what, disk, words) => {
  const seen = recognised(disk, MIB);
  expect(isProof(seen)).toBe(false);
  expect(recognisedWords(seen)).toContain(words);
});

test('a chain of logical partitions that goes in a circle ends', () => {
  const disk = diskOf(
    [0, bootRecord(entry(0x0f, 2048, 24_576))],
    [2048 * 512, bootRecord(entry(0x83, 63, 64), entry(0x05, 4096, 64))],
    [6144 * 512, bootRecord(entry(0x83, 63, 64), entry(0x05, 4096, 64))],
  );
  expect(recognised(disk, MIB).partitions.map(({ number }) => number)).toEqual([5, 6]);
});

test('a chain that names what is no boot record is a fault', () => {
  const seen = recognised(diskOf([0, bootRecord(entry(0x0f, 2048, 24_576))]), MIB);
  expect(seen.faults).toEqual(['there is no boot record for logical partition 5']);
});

test('a chain without an end costs no more than the most partitions', () => {
  const disk = diskOf([0, bootRecord(entry(0x0f, 64, 30_000))]);
  for (let nth = 0; nth < 400; nth++)
    disk.set(bootRecord(entry(0x83, 1, 1), entry(0x05, nth + 1, 2)), (64 + nth) * 512);
  expect(recognised(disk, 65_536).partitions.length).toBeLessThanOrEqual(MOST_PARTITIONS);
});
