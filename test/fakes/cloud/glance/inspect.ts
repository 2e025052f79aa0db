/** What Glance looks at before it takes an image's data. */
import type { SparseBytes } from '../bytes.ts';

const LUKS_MAGIC = Buffer.from('4c554b53babe', 'hex');

const QCOW2_MAGIC = Buffer.from('514649fb', 'hex');

/** What is wrong with these bytes, as the inspector of Glance 33 sees it; each case was tried on the real one. */
export function inspect(data: SparseBytes, diskFormat: string | null): string | undefined {
  const head = data.read(0, Math.min(data.size, 512));
  const isQcow2 = head.subarray(0, 4).equals(QCOW2_MAGIC);
  const isLuks = head.subarray(0, 6).equals(LUKS_MAGIC);
  const unsafe =
    (isLuks && head.length >= 8 && head.readUInt16BE(6) !== 1) ||
    (isQcow2 && head.length >= 16 && head.readBigUInt64BE(8) !== 0n) ||
    (diskFormat === 'raw' && head.length === 512 && !isLuks && !isQcow2 && isBadMbr(head));
  if (unsafe) return 'Image failed safety checks';
  if (diskFormat === 'qcow2' && !isQcow2) return 'Image disk_format qcow2 does not match stream data raw';
  return undefined;
}

/** check_mbr_partitions of oslo.utils, with what makes it take a sector for a GPT's or MBR's at all. */
function isBadMbr(sector: Buffer): boolean {
  const isFat = sector[0x10] === 2 && sector[0x15] === 0xf8;
  if (sector[510] !== 0x55 || sector[511] !== 0xaa || isFat) return false;
  const valid: number[] = [];
  let gpt = false;
  for (let index = 0; index < 4; index += 1) {
    const entry = sector.subarray(446 + 16 * index, 462 + 16 * index);
    if (entry[0] !== 0x00 && entry[0] !== 0x80) return true;
    if (entry[4] !== 0) valid.push(index);
    if (entry[4] !== 0xee) continue;
    gpt = true;
    if (entry.subarray(1, 4).toString('hex') !== '000200' || entry.readUInt32LE(8) !== 1) return true;
  }
  return valid.length === 0 || (gpt && valid.join() !== '0');
}
