import { isLuks } from '../../keys/unlock.ts';

/** How many of an image's first bytes {@link unsafe} looks at. */
export const INSPECTED = 36 * 1024;

/**
 * Why Glance from 2025.1 (30.0) on refuses the data of an image (415 "Image failed safety checks"), and only when all
 * of it is uploaded; undefined if it accepts it. Older versions accept everything, and operators may switch checks off:
 * so this is only a doubt, which the cloud itself must settle.
 *
 * `set_data` in https://github.com/openstack/glance/blob/master/glance/location.py and
 * https://github.com/openstack/oslo.utils/blob/master/oslo_utils/imageutils/format_inspector.py
 *
 * @param head the first {@link INSPECTED} bytes, or all of a shorter image
 */
export function unsafe(head: Buffer, diskFormat: string, containerFormat: string): string | undefined {
  if (containerFormat !== 'bare' || head.length < SECTOR) return undefined;
  const isRaw = diskFormat === 'raw';
  if (magicOf(head) === 'QFI\xfb') return isRaw || diskFormat === 'qcow2' ? unsafeQcow2(head) : undefined;
  if (!isRaw || isIso(head)) return undefined;
  if (isLuks(head)) return unsafeLuks(head.readUInt16BE(6));
  if (['QED\0', 'KDMV'].includes(magicOf(head))) return 'it begins like a disk of another format';
  return unsafeBootSector(head.subarray(0, SECTOR));
}

const SECTOR = 512;

function magicOf(head: Buffer): string {
  return head.toString('latin1', 0, 4);
}

/** A disc that is also a disk: Glance does not look at its boot sector. */
function isIso(head: Buffer): boolean {
  return head.toString('latin1', 0x8001, 0x8006) === 'CD001';
}

function unsafeLuks(version: number): string | undefined {
  return version === 1 ? undefined : `it is LUKS version ${version}, and Glance takes version 1 only`;
}

/** Dirty, corrupt, compression. Another one names a file beside it, the rest are not known to Glance. */
const HARMLESS_FEATURES = 0b1011n;

function unsafeQcow2(head: Buffer): string | undefined {
  if (head.readBigUInt64BE(8) !== 0n) return 'it is a qcow2 with a backing file';
  const version = head.readUInt32BE(4);
  if (version === 2) return undefined;
  if (version !== 3) return `it is qcow2 version ${version}`;
  return (head.readBigUInt64BE(72) & ~HARMLESS_FEATURES) === 0n
    ? undefined
    : 'it is a qcow2 with features that Glance does not take';
}

/** A partition that covers a GPT's disk, for those who know no GPT. */
const PROTECTIVE = 0xee;

/** A boot sector without a sane table of partitions: that of NTFS on the whole disk, for one. */
function unsafeBootSector(sector: Buffer): string | undefined {
  if (sector.readUInt16LE(510) !== 0xaa55 || isFat(sector)) return undefined;
  const table = [446, 462, 478, 494].map((at) => ({
    bootFlag: sector.readUInt8(at),
    startCylinderHeadSector: sector.readUIntBE(at + 1, 3),
    type: sector.readUInt8(at + 4),
    start: sector.readUInt32LE(at + 8),
  }));
  if (table.some(({ bootFlag }) => bootFlag !== 0 && bootFlag !== 0x80))
    return 'its boot sector has no valid partition table';
  const used = table.filter(({ type }) => type !== 0);
  if (used.length === 0) return 'its boot sector has no partitions';
  const guard = used.find(({ type }) => type === PROTECTIVE);
  if (guard === undefined) return undefined;
  if (used.length > 1 || guard !== table[0])
    return 'its boot sector has partitions beside the protective one of its GPT';
  return guard.startCylinderHeadSector === 0x000200 && guard.start === 1
    ? undefined
    : 'the protective partition of its GPT begins in an odd place';
}

/** Its boot sector ends like one with partitions; Glance tells it apart. */
function isFat(sector: Buffer): boolean {
  return sector.readUInt8(0x10) === 2 && sector.readUInt8(0x15) === 0xf8;
}
