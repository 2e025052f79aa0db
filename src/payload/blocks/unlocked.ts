import type { OpenedLuks } from '../../keys/unlock.ts';
import type { DiskAt } from './at.ts';

/**
 * The plain disk in a LUKS disk, read anywhere. What was never written to it is noise, as with any LUKS disk.
 *
 * @throws OperationError if the disk was cut short
 */
export function unlockedAt(disk: DiskAt, opened: OpenedLuks): DiskAt {
  const { payloadOffset, sectorBytes } = opened;
  const { size, open } = opened.sectors(disk.size);
  return {
    size,
    async readAt(offset, length) {
      const end = Math.min(offset + length, size);
      if (end <= offset) return Buffer.alloc(0);
      const from = Math.floor(offset / sectorBytes) * sectorBytes;
      const to = Math.ceil(end / sectorBytes) * sectorBytes;
      const plain = open(await disk.readAt(payloadOffset + from, to - from), from);
      return plain.subarray(offset - from, end - from);
    },
    extentAt: () => ({ hole: false, end: size }),
  };
}
