import { damaged } from './faults.ts';

/** Bytes of an inode that are looked at, as far as it has so many. */
export const INODE_HEAD = 160;
/** Bytes that every inode has. */
const OLD_INODE = 128;
/** Blocks of the largest file. */
const MOST_BLOCKS = 2 ** 32;
const FLAG = { encrypted: 0x800, extents: 0x80000, inline: 0x10000000 } as const;
const KINDS: Readonly<Record<number, Inode['kind']>> = { 4: 'directory', 8: 'file', 10: 'link' };

export interface Inode {
  readonly number: number;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Permissions with setuid, setgid and sticky. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly modified: number;
  readonly isEncrypted: boolean;
  /** Whether its data lies in the inode itself. */
  readonly isInline: boolean;
  readonly hasExtents: boolean;
  /** Where its data is, or the data itself. */
  readonly block: Buffer;
}

/**
 * https://docs.kernel.org/filesystems/ext4/inodes.html
 *
 * @param bytes {@link INODE_HEAD}, or all of a smaller one
 * @param blockBytes bytes of a block
 * @throws OperationError if it is larger than any file
 */
export function parseInode(number: number, bytes: Buffer, blockBytes: number): Inode {
  const mode = bytes.readUInt16LE(0);
  const flags = bytes.readUInt32LE(32);
  const size = bytes.readUInt32LE(4) + bytes.readUInt32LE(108) * 2 ** 32;
  if (size > MOST_BLOCKS * blockBytes) throw damaged(`inode ${number} has ${size} bytes`);
  return {
    number,
    kind: KINDS[mode >> 12] ?? 'other',
    mode: mode & 0o7777,
    size,
    uid: bytes.readUInt16LE(2) + bytes.readUInt16LE(120) * 2 ** 16,
    gid: bytes.readUInt16LE(24) + bytes.readUInt16LE(122) * 2 ** 16,
    modified: bytes.readInt32LE(16) + epochIn(bytes) * 2 ** 32,
    isEncrypted: (flags & FLAG.encrypted) !== 0,
    isInline: (flags & FLAG.inline) !== 0,
    hasExtents: (flags & FLAG.extents) !== 0,
    block: Buffer.from(bytes.subarray(40, 100)),
  };
}

/** How often 32 bits of seconds ran over; old inodes have no room for that. */
function epochIn(bytes: Buffer): number {
  const END = 140;
  if (bytes.length < END || OLD_INODE + bytes.readUInt16LE(OLD_INODE) < END) return 0;
  return bytes.readUInt32LE(END - 4) & 3;
}
