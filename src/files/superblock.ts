import { damaged, notUnderstood } from './faults.ts';

/** Where it begins, and how long it is. Bytes. */
export const SUPER = 1024;
const MAGIC = 0xef53;
const COMPATIBLE = { sparse2: 0x200 } as const;
const INCOMPATIBLE = { journalNeeded: 0x4, metaGroups: 0x10, wide: 0x80 } as const;
const READ_ONLY = { sparse: 0x1 } as const;
/**
 * Features that change how a file is found, and are understood: file types, recovery, groups of descriptors, extents, 64
 * bits, mount protection, flexible groups, attributes in inodes, checksum seeds, large directories, inline data,
 * encryption, case.
 */
const KNOWN =
  0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000;
/** Of its state: it was left as it should be. */
const LEFT_WELL = 1;

/** How a file system is laid out. */
export interface Layout {
  /** Bytes of a block. */
  readonly block: number;
  readonly blocks: number;
  readonly inodes: number;
  readonly inodesPerGroup: number;
  readonly inodeBytes: number;
  /** Bytes of a group's descriptor. */
  readonly descriptorBytes: number;
  /** Whether it was in use when it was saved: what its journal holds, or nobody wrote yet, is missing. */
  readonly inUse: boolean;
  /** Where a group's descriptor is. Bytes. */
  descriptorAt(group: number): number;
}

/**
 * https://docs.kernel.org/filesystems/ext4/super.html
 *
 * @param head {@link SUPER} bytes
 * @returns undefined if it is none
 * @throws PlainError for features that are not understood, and for nonsense
 */
export function parseSuperblock(head: Buffer): Layout | undefined {
  if (head.readUInt16LE(56) !== MAGIC) return undefined;
  const features = head.readUInt32LE(96);
  const unknown = (features & ~KNOWN) >>> 0;
  if (unknown !== 0)
    throw notUnderstood(
      `the ext file system has features that are not understood: 0x${unknown.toString(16)}`,
    );
  const wide = (features & INCOMPATIBLE.wide) !== 0;
  const layout = {
    block: SUPER * 2 ** Math.min(head.readUInt32LE(24), 7),
    blocks: head.readUInt32LE(4) + (wide ? head.readUInt32LE(336) * 2 ** 32 : 0),
    inodes: head.readUInt32LE(0),
    inodesPerGroup: head.readUInt32LE(40),
    inodeBytes: head.readUInt32LE(76) === 0 ? 128 : head.readUInt16LE(88),
    descriptorBytes: wide ? head.readUInt16LE(254) : 32,
    inUse: (features & INCOMPATIBLE.journalNeeded) !== 0 || (head.readUInt16LE(58) & LEFT_WELL) === 0,
  };
  if (head.readUInt32LE(24) > 6 || layout.inodesPerGroup === 0 || layout.inodeBytes < 128)
    throw damaged('its superblock makes no sense');
  if (layout.descriptorBytes < (wide ? 64 : 32) || layout.descriptorBytes > layout.block)
    throw damaged('its groups make no sense');
  return { ...layout, descriptorAt: descriptorsOf(head, layout) };
}

/** The kernel's `descriptor_loc`. */
function descriptorsOf(
  head: Buffer,
  { block, descriptorBytes }: Pick<Layout, 'block' | 'descriptorBytes'>,
): Layout['descriptorAt'] {
  const inBlock = Math.floor(block / descriptorBytes);
  const hasMetaGroups = (head.readUInt32LE(96) & INCOMPATIBLE.metaGroups) !== 0;
  const firstMeta = hasMetaGroups ? head.readUInt32LE(260) : Number.POSITIVE_INFINITY;
  const [firstBlock, perGroup] = [head.readUInt32LE(20), head.readUInt32LE(32)];
  const superBlock = Math.floor(SUPER / block);
  const blockOf = (nth: number) => {
    if (nth < firstMeta) return superBlock + 1 + nth;
    const group = nth * inBlock;
    // With clusters and blocks of 1 KiB the first group begins before the superblock.
    const before = nth === 0 ? superBlock - firstBlock : 0;
    return firstBlock + group * perGroup + before + Number(hasCopy(head, group));
  };
  return (group) => blockOf(Math.floor(group / inBlock)) * block + (group % inBlock) * descriptorBytes;
}

/** Whether a group begins with a copy of the superblock. The kernel's `ext4_bg_has_super`. */
function hasCopy(head: Buffer, group: number): boolean {
  if (group === 0) return true;
  if ((head.readUInt32LE(92) & COMPATIBLE.sparse2) !== 0)
    return group === head.readUInt32LE(588) || group === head.readUInt32LE(592);
  if (group === 1 || (head.readUInt32LE(100) & READ_ONLY.sparse) === 0) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}
