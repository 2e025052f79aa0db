import { isLuks } from '../keys/unlock.ts';

/** How many first bytes of a disk {@link diskIn} looks at. */
export const DISK_HEAD = 1 << 20;

/** Fixed bytes at a fixed place: magic numbers of the formats' own documents. */
const MAGICS: readonly (readonly [what: string, at: number, bytes: string])[] = [
  ['a qcow2 image', 0, 'QFI\xfb'],
  ['a GPT partition table', 512, 'EFI PART'],
  ['a GPT partition table', 4096, 'EFI PART'],
  ['XFS', 0, 'XFSB'],
  ['btrfs', 65_600, '_BHRfS_M'],
  ['NTFS', 3, 'NTFS    '],
  ['exFAT', 3, 'EXFAT   '],
  ['FAT', 54, 'FAT12   '],
  ['FAT', 54, 'FAT16   '],
  ['FAT', 82, 'FAT32   '],
  ['ISO 9660', 32_769, 'CD001'],
  // Swap space ends its first page so; pages have 4 to 64 KiB.
  ...[4096, 8192, 16_384, 65_536].map((page) => ['swap space', page - 10, 'SWAPSPACE2'] as const),
  // The label of LVM is in one of the first four sectors.
  ...[0, 512, 1024, 1536].map((at) => ['an LVM physical volume', at + 24, 'LVM2 001'] as const),
];

/**
 * The partition table or file system at the start of a disk, in words; undefined if none is known. Looks at the place
 * of one header only, so it says what the disk was made to be, not that all of it is sound.
 *
 * @param head its first bytes, {@link DISK_HEAD} or all of a smaller disk
 */
export function diskIn(head: Buffer): string | undefined {
  if (isLuks(head)) return 'LUKS';
  const known = MAGICS.find(([, at, bytes]) => head.toString('latin1', at, at + bytes.length) === bytes);
  return known?.[0] ?? extIn(head) ?? (hasPartitions(head) ? 'an MBR partition table' : undefined);
}

/** https://docs.kernel.org/filesystems/ext4/super.html */
function extIn(head: Buffer): string | undefined {
  const SUPER = 1024;
  if (head.length < SUPER + 100 || head.readUInt16LE(SUPER + 56) !== 0xef53) return undefined;
  const [compatible, incompatible] = [head.readUInt32LE(SUPER + 92), head.readUInt32LE(SUPER + 96)];
  // Extents, 64 bits and flexible groups came with ext4, the journal with ext3.
  if ((incompatible & (0x40 | 0x80 | 0x200)) !== 0) return 'ext4';
  return (compatible & 4) === 0 ? 'ext2' : 'ext3';
}

/** Boot sectors without a table end in the same two bytes, so one entry must make sense. */
function hasPartitions(head: Buffer): boolean {
  if (head.length < 512 || head.readUInt16LE(510) !== 0xaa55) return false;
  const entries = [446, 462, 478, 494].map((at) => head.subarray(at, at + 16));
  return (
    entries.every((entry) => ((entry[0] ?? 0) & 0x7f) === 0) &&
    entries.some((entry) => entry[4] !== 0 && entry.readUInt32LE(12) > 0)
  );
}
