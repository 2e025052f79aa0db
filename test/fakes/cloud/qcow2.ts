/**
 * qcow2, version 3, as qemu-img writes and reads it, without what it seldom uses: compression, snapshots, other files.
 * https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst
 */
import { SparseBytes } from './bytes.ts';

const MAGIC = 0x514649fb;
const CLUSTER = 65_536;
const PER_TABLE = CLUSTER / 8;
const COPIED = 1n << 63n;
const OFFSET = 0x00ffffffffffff00n;

/** Only the clusters of a disk that hold something, in the order of the disk. */
export function toQcow2(disk: SparseBytes): SparseBytes {
  const all = Math.ceil(disk.size / CLUSTER);
  const used = Array.from({ length: all }, (_, index) => index).filter((index) =>
    clusterOf(disk, index).some(Boolean),
  );
  const tables = [...new Set(used.map((index) => Math.floor(index / PER_TABLE)))];
  // Header, table of reference counts, one block of them, table of the first level, then tables and data.
  const clusters = 4 + tables.length + used.length;
  if (clusters > CLUSTER / 2 || all > PER_TABLE * PER_TABLE)
    throw new RangeError('the disk is too large for this');
  const file = new SparseBytes(clusters * CLUSTER);
  const header = Buffer.alloc(104);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(BigInt(disk.size), 24);
  header.writeUInt32BE(Math.max(1, Math.ceil(all / PER_TABLE)), 36);
  header.writeBigUInt64BE(BigInt(3 * CLUSTER), 40);
  header.writeBigUInt64BE(BigInt(CLUSTER), 48);
  header.writeUInt32BE(1, 56);
  header.writeUInt32BE(4, 96);
  header.writeUInt32BE(104, 100);
  file.write(0, header);
  file.write(CLUSTER, entry(2 * CLUSTER));
  file.write(2 * CLUSTER, Buffer.alloc(2 * clusters, Buffer.of(0, 1)));
  for (const [at, table] of tables.entries())
    file.write(3 * CLUSTER + 8 * table, entry((4 + at) * CLUSTER, COPIED));
  for (const [at, index] of used.entries()) {
    const data = (4 + tables.length + at) * CLUSTER;
    const table = 4 + tables.indexOf(Math.floor(index / PER_TABLE));
    file.write(table * CLUSTER + 8 * (index % PER_TABLE), entry(data, COPIED));
    file.write(data, clusterOf(disk, index));
  }
  return file;
}

function clusterOf(disk: SparseBytes, index: number): Buffer {
  return disk.read(index * CLUSTER, Math.min(CLUSTER, disk.size - index * CLUSTER));
}

function entry(offset: number, flags = 0n): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(offset) | flags);
  return bytes;
}

/** @returns the disk inside; undefined for what qemu-img would not convert, or this does not know */
export function fromQcow2(file: SparseBytes): SparseBytes | undefined {
  const header = file.read(0, Math.min(104, file.size));
  if (header.length < 104 || header.readUInt32BE(0) !== MAGIC) return undefined;
  const [backing, encrypted] = [header.readBigUInt64BE(8), header.readUInt32BE(32)];
  const isOther = header.readUInt32BE(20) !== 16 || header.readBigUInt64BE(72) !== 0n;
  if (backing !== 0n || encrypted !== 0 || isOther) return undefined;
  const disk = new SparseBytes(Number(header.readBigUInt64BE(24)));
  const first = Number(header.readBigUInt64BE(40));
  const offsetAt = (at: number) => Number(file.read(at, 8).readBigUInt64BE() & OFFSET);
  for (let index = 0; index * CLUSTER < disk.size; index += 1) {
    const table = offsetAt(first + 8 * Math.floor(index / PER_TABLE));
    const data = table === 0 ? 0 : offsetAt(table + 8 * (index % PER_TABLE));
    if (data === 0) continue;
    const size = Math.min(CLUSTER, disk.size - index * CLUSTER);
    disk.write(index * CLUSTER, file.read(data, size));
  }
  return disk;
}
