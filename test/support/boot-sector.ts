/** Writes bytes to COM1 up to a zero, each when the port is free, then halts. 16-bit code at 0x7c00. */
const WRITES_TO_SERIAL = Buffer.from(
  '31c08ed8fcbe207cac84c0741050bafd03eca82074fb58baf803eeebebf4ebfd',
  'hex',
);
const HALTS = Buffer.from('f4ebfd', 'hex');
/** Glance takes a boot sector only with a partition in its table. */
const PARTITION = Buffer.from('80000200' + '83000200' + '01000000' + 'ff070000', 'hex');

/**
 * A disk that boots: it writes a line to its serial console, or, without one, nothing.
 *
 * @param size bytes
 */
export function bootDisk(line: string | undefined, size = 1 << 20): Buffer {
  const disk = Buffer.alloc(size);
  const code = line === undefined ? HALTS : Buffer.concat([WRITES_TO_SERIAL, Buffer.from(`${line}\r\n\0`)]);
  if (code.length > 446) throw new RangeError(`a line of ${line?.length} characters does not fit`);
  code.copy(disk);
  PARTITION.copy(disk, 446);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
