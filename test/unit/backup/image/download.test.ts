import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { inQcow2, qcow2Size } from '../../../../src/restore/image/qcow2.ts';
import { INSPECTED, unsafe } from '../../../../src/restore/image/unsafe.ts';
import { SparseBytes } from '../../../fakes/cloud/bytes.ts';
import { inspect } from '../../../fakes/cloud/glance/inspect.ts';

interface Partition {
  readonly type: number;
  readonly flag?: number;
  readonly chs?: number;
  readonly start?: number;
}

function bootSector(...partitions: Partition[]): Buffer {
  const sector = Buffer.alloc(INSPECTED);
  sector.writeUInt16LE(0xaa55, 510);
  for (const [index, { type, flag = 0, chs = 0, start = 2048 }] of partitions.entries()) {
    const at = 446 + 16 * index;
    sector.writeUInt8(flag, at);
    sector.writeUIntBE(chs, at + 1, 3);
    sector.writeUInt8(type, at + 4);
    sector.writeUInt32LE(start, at + 8);
  }
  return sector;
}

function beginning(hex: string): Buffer {
  const head = Buffer.alloc(INSPECTED);
  head.write(hex, 'hex');
  return head;
}

function with16(sector: Buffer, at: number, value: number): Buffer {
  sector.writeUInt8(value, at);
  return sector;
}

const guard = { type: 0xee, chs: 0x000200, start: 1 };
const linux = { type: 0x83 };
const iso = bootSector({ ...guard, chs: 0 }, linux);
iso.write('CD001', 0x8001, 'latin1');

/** Seen on Glance 33.0.0. */
const RAW: [what: string, head: Buffer, why: string | undefined][] = [
  ['zeros', Buffer.alloc(INSPECTED), undefined],
  ['nothing', Buffer.alloc(0), undefined],
  ['less than a sector', Buffer.alloc(100), undefined],
  ['partitions', bootSector(linux, linux), undefined],
  ['a partition to boot from', bootSector({ ...linux, flag: 0x80 }), undefined],
  ['a boot sector without partitions, as of NTFS', bootSector(), 'has no partitions'],
  ['a boot sector of code', bootSector({ ...linux, flag: 0x12 }), 'no valid partition table'],
  ['FAT on the whole disk', with16(with16(bootSector(), 0x10, 2), 0x15, 0xf8), undefined],
  ['a GPT', bootSector(guard), undefined],
  ['a GPT whose guard begins elsewhere', bootSector({ ...guard, start: 2 }), 'in an odd place'],
  ['a GPT whose guard has another CHS', bootSector({ ...guard, chs: 0x000100 }), 'in an odd place'],
  ['a GPT with other partitions', bootSector(guard, linux), 'partitions beside the protective one'],
  [
    'a GPT guarded by the second entry',
    bootSector({ type: 0 }, guard),
    'partitions beside the protective one',
  ],
  ['LUKS 1', beginning('4c554b53babe0001'), undefined],
  ['LUKS 2', beginning('4c554b53babe0002'), 'LUKS version 2'],
  ['a qcow2 with a backing file', beginning('514649fb000000030000000000000200'), 'a backing file'],
];

describe('data that a Glance of today refuses', () => {
  test.each(RAW)('raw: %s', (_, head, why) => {
    expect(unsafe(head, 'raw', 'bare')).toEqual(why === undefined ? undefined : expect.stringContaining(why));
    // The embedded cloud says what the real one said.
    expect(inspect(SparseBytes.from(head), 'raw') !== undefined).toBe(why !== undefined);
  });

  test.each([
    ['an ISO that is a disk too', iso, 'raw'],
    ['an ISO', iso, 'iso'],
    ['a kernel', bootSector(), 'aki'],
    ['qcow2, version 2', beginning('514649fb00000002'), 'qcow2'],
    ['qcow2, version 3, lazy and compressed', with16(beginning('514649fb00000003'), 79, 0b1001), 'qcow2'],
  ])('%s is taken', (_, head, format) => {
    expect(unsafe(head, format, 'bare')).toBeUndefined();
  });

  test.each([
    ['version 1', beginning('514649fb00000001'), 'version 1'],
    ['data in another file', with16(beginning('514649fb00000003'), 79, 0b0100), 'features'],
    ['unknown features', with16(beginning('514649fb00000003'), 79, 0b10000), 'features'],
    ['features far beyond', with16(beginning('514649fb00000003'), 72, 0x80), 'features'],
  ])('qcow2 with %s', (_, head, why) => {
    expect(unsafe(head, 'qcow2', 'bare')).toContain(why);
  });

  test('is looked for in bare images only', () => {
    expect(unsafe(beginning('4c554b53babe0002'), 'raw', 'ovf')).toBeUndefined();
  });
});

/** Where a reader of qcow2 finds each of the guest's clusters, by two tables; every cluster must be counted once. */
function clustersOf(tables: Buffer, fileSize: number): number[] {
  const cluster = 2 ** tables.readUInt32BE(20);
  const size = Number(tables.readBigUInt64BE(24));
  const offset = (at: number) => Number(tables.readBigUInt64BE(at) & 0x00ffffffffffff00n);
  const [first, counts] = [offset(40), offset(48)];
  for (let index = 0; index < fileSize / cluster; index += 1) {
    const block = offset(counts + Math.floor(index / (cluster / 2)) * 8);
    if (tables.readUInt16BE(block + (index % (cluster / 2)) * 2) !== 1)
      throw new Error(`cluster ${index} is not counted`);
  }
  return Array.from({ length: Math.ceil(size / cluster) }, (_, index) =>
    offset(offset(first + Math.floor(index / (cluster / 8)) * 8) + (index % (cluster / 8)) * 8),
  );
}

async function* inPieces(bytes: Buffer, size: number, times = 1): AsyncGenerator<Buffer> {
  for (let time = 0; time < times; time += 1)
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const CLUSTER = 65_536;

describe('a disk inside a qcow2', () => {
  test.each([512, CLUSTER, CLUSTER + 512, 5 * 2 ** 20])('of %i bytes', async (size) => {
    const disk = randomBytes(size);
    const pieces: Uint8Array[] = [];
    for await (const piece of inQcow2(inPieces(disk, 300_000), size)) pieces.push(piece);
    const file = Buffer.concat(pieces);
    expect(file.length).toBe(qcow2Size(size));
    expect(file.readBigUInt64BE(24)).toBe(BigInt(size));
    const found = clustersOf(file, file.length).map((at) => file.subarray(at, at + CLUSTER));
    expect(Buffer.concat(found).subarray(0, size).equals(disk)).toBe(true);
    expect(unsafe(file.subarray(0, INSPECTED), 'qcow2', 'bare')).toBeUndefined();
  });

  test('so large that a table has a second cluster', async () => {
    const piece = Buffer.alloc(8 * CLUSTER);
    const size = 513 * 2 ** 20;
    const start = qcow2Size(size) - size;
    const tables: Uint8Array[] = [];
    let written = 0;
    for await (const bytes of inQcow2(inPieces(piece, piece.length, size / piece.length), size)) {
      if (written < start) tables.push(bytes);
      written += bytes.length;
    }
    expect(written).toBe(qcow2Size(size));
    const expected = Array.from({ length: size / CLUSTER }, (_, index) => start + index * CLUSTER);
    expect(clustersOf(Buffer.concat(tables), written)).toEqual(expected);
  });

  test('is counted without making it: a tebibyte', () => {
    const size = 2 ** 40;
    const more = qcow2Size(size) - size;
    expect(more).toBeGreaterThan(2 ** 27);
    expect(more / size).toBeLessThan(0.001);
  });
});
