import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { DISK_HEAD, diskIn } from '../../../src/payload/disk-head.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** The first MiB of a disk that a tool of its format made. */
function headOf(path: string): Buffer {
  return zstdDecompressSync(readFileSync(join(FIXTURES, `${path}.zst`))).subarray(0, DISK_HEAD);
}

const made: Readonly<Record<string, string>> = {
  'disks/ext2': 'ext2',
  'disks/ext3': 'ext3',
  'disks/ext4': 'ext4',
  'disks/xfs': 'XFS',
  'disks/btrfs': 'btrfs',
  'disks/fat12': 'FAT',
  'disks/fat16': 'FAT',
  'disks/fat32': 'FAT',
  'disks/exfat': 'exFAT',
  'disks/ntfs': 'NTFS',
  'disks/swap': 'swap space',
  'disks/swap-64k': 'swap space',
  'disks/gpt': 'a GPT partition table',
  'disks/mbr': 'an MBR partition table',
  'disks/lvm': 'an LVM physical volume',
  'disks/iso': 'ISO 9660',
  'disks/qcow2': 'a qcow2 image',
  'luks/luks1.img': 'LUKS',
  'luks/luks2-4096.img': 'LUKS',
};

test('each fixture has a row', () => {
  const files = readdirSync(join(FIXTURES, 'disks')).filter((name) => name.endsWith('.zst'));
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) expect(Object.keys(made)).toContain(`disks/${file.replace('.zst', '')}`);
});

test.each(Object.entries(made))('%s is %s', (path, what) => {
  expect(diskIn(headOf(path))).toBe(what);
});

test.each(Object.keys(made))('%s is not known any more with its first MiB turned over', (path) => {
  expect(diskIn(headOf(path).map((byte) => byte ^ 0xff) as Buffer)).toBeUndefined();
});

test('a head that is cut anywhere is no error', () => {
  for (const path of Object.keys(made)) {
    const head = headOf(path);
    for (const length of [0, 1, 8, 511, 512, 513, 1023, 1080, 1123, 1124, 4096, 65_599])
      expect([undefined, ...Object.values(made)]).toContain(diskIn(head.subarray(0, length)));
  }
});

test.each([
  ['zeros', Buffer.alloc(DISK_HEAD)],
  ['a boot sector without a partition', bootSector(() => undefined)],
  ['two bytes of a boot sector on noise', bootSector((sector) => sector.fill(0xa5, 440, 510))],
  ['a partition of no length', bootSector((sector) => sector.writeUInt8(0x83, 450))],
])('%s is nothing', (_what, head) => {
  expect(diskIn(head)).toBeUndefined();
});

function bootSector(fill: (sector: Buffer) => unknown): Buffer {
  const head = Buffer.alloc(DISK_HEAD);
  fill(head);
  head.writeUInt16LE(0xaa55, 510);
  return head;
}
