import { crc32 } from 'node:zlib';
import { MOST_PARTITIONS, type Partition, type Table } from './partition.ts';

const WHAT = 'a GPT partition table';
const SECTORS = [512, 4096];
const HEADER = 92;
const ENTRY = 128;

/**
 * The GPT partition table at the start of a disk; undefined if there is none. Only its first copy is looked at.
 * https://uefi.org/specs/UEFI/2.10/05_GUID_Partition_Table_Format.html
 *
 * @param head first bytes of the disk
 */
export function gptIn(head: Buffer): Table | undefined {
  const sector = SECTORS.find((size) => head.toString('latin1', size, size + 8) === 'EFI PART');
  if (sector === undefined || head.length < sector + HEADER) return undefined;
  const faulty = (fault: string): Table => ({ what: WHAT, partitions: [], fault });
  const length = head.readUInt32LE(sector + 12);
  if (length < HEADER || length > sector) return faulty(`its header has ${length} bytes`);
  const header = Buffer.from(head.subarray(sector, sector + length));
  const sum = header.readUInt32LE(16);
  header.writeUInt32LE(0, 16);
  if (crc32(header) !== sum) return faulty('the checksum of its header is wrong');
  const at = Number(header.readBigUInt64LE(72)) * sector;
  const [count, size] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  if (size < ENTRY || at + count * size > head.length) return faulty('its entries are not at its start');
  const entries = head.subarray(at, at + count * size);
  if (crc32(entries) !== header.readUInt32LE(88)) return faulty('the checksum of its entries is wrong');
  const partitions: Partition[] = [];
  for (let nth = 0; nth < count && partitions.length < MOST_PARTITIONS; nth++) {
    const entry = entries.subarray(nth * size, nth * size + ENTRY);
    if (entry.subarray(0, 16).every((byte) => byte === 0)) continue;
    const [first, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
    if (last < first || last > Number.MAX_SAFE_INTEGER / sector) continue;
    partitions.push({ number: nth + 1, start: first * sector, size: (last - first + 1) * sector });
  }
  return { what: WHAT, partitions };
}
