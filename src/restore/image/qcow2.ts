import { chunksOf } from '../../stream/chunks.ts';

// https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst

const CLUSTER_BITS = 16;
const CLUSTER = 1 << CLUSTER_BITS;
/** Entries of a table of the second level, and of a block of 16-bit reference counts. */
const PER_TABLE = CLUSTER / 8;
const PER_BLOCK = CLUSTER / 2;
const HEADER = 104;
/** Marks a table's entry: its cluster is used once. */
const COPIED = 1n << 63n;

/**
 * Where the parts of it lie, in clusters: header, table of reference counts, their blocks, both tables of data, data.
 */
interface Layout {
  readonly blockTable: number;
  readonly blocks: number;
  readonly first: number;
  readonly second: number;
  readonly data: number;
  readonly clusters: number;
}

function layoutOf(size: number): Layout {
  const data = Math.ceil(size / CLUSTER);
  const second = Math.ceil(data / PER_TABLE);
  const first = Math.ceil(second / PER_TABLE);
  const counted = 1 + first + second + data;
  return { first, second, data, ...countsOf(counted, counted) };
}

/** The blocks of reference counts, which count themselves and their table too. */
function countsOf(counted: number, clusters: number): Pick<Layout, 'blockTable' | 'blocks' | 'clusters'> {
  const blocks = Math.ceil(clusters / PER_BLOCK);
  const blockTable = Math.ceil(blocks / PER_TABLE);
  const all = counted + blocks + blockTable;
  return all === clusters ? { blockTable, blocks, clusters } : countsOf(counted, all);
}

/** @returns bytes of the qcow2 that {@link inQcow2} makes of so many */
export function qcow2Size(size: number): number {
  return layoutOf(size).clusters * CLUSTER;
}

/**
 * A disk's bytes inside a qcow2: what is in it is the same bytes, at a format that Glance looks into no further than
 * its header. Streams, so it leaves nothing out, not even zeros.
 *
 * @param source exactly `size` bytes
 */
export async function* inQcow2(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void> {
  const layout = layoutOf(size);
  const { firstAt, dataAt } = placesIn(layout);
  yield headerOf(size, layout);
  yield* table(layout.blockTable, layout.blocks, (index) => at(1 + layout.blockTable + index));
  yield* counts(layout);
  yield* table(layout.first, layout.second, (index) => at(firstAt + layout.first + index) | COPIED);
  yield* table(layout.second, layout.data, (index) => at(dataAt + index) | COPIED);
  for await (const { bytes } of chunksOf(source, CLUSTER * 16)) {
    if (bytes.length > 0) yield bytes;
    if (bytes.length % CLUSTER !== 0) yield Buffer.alloc(CLUSTER - (bytes.length % CLUSTER));
  }
}

/**
 * The disk's bytes again, out of what {@link inQcow2} made of them; of no other qcow2.
 *
 * @param size of the disk
 * @returns fewer bytes if fewer come
 */
export async function* outOfQcow2(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void> {
  let before = placesIn(layoutOf(size)).dataAt * CLUSTER;
  let left = size;
  for await (const piece of source) {
    const inside = piece.subarray(Math.min(before, piece.length)).subarray(0, left);
    before = Math.max(0, before - piece.length);
    left -= inside.length;
    if (inside.length > 0) yield inside;
  }
}

function placesIn(layout: Layout): { readonly firstAt: number; readonly dataAt: number } {
  const firstAt = 1 + layout.blockTable + layout.blocks;
  return { firstAt, dataAt: firstAt + layout.first + layout.second };
}

function at(cluster: number): bigint {
  return BigInt(cluster) << BigInt(CLUSTER_BITS);
}

function headerOf(size: number, { blockTable, blocks, second }: Layout): Buffer {
  const header = Buffer.alloc(CLUSTER);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(CLUSTER_BITS, 20);
  header.writeBigUInt64BE(BigInt(size), 24);
  header.writeUInt32BE(second, 36);
  header.writeBigUInt64BE(at(1 + blockTable + blocks), 40);
  header.writeBigUInt64BE(at(1), 48);
  header.writeUInt32BE(blockTable, 56);
  // Reference counts of 16 bits.
  header.writeUInt32BE(4, 96);
  header.writeUInt32BE(HEADER, 100);
  return header;
}

/** A table of so many clusters, a cluster at a time; entries beyond the last are zero. */
function* table(clusters: number, entries: number, entry: (index: number) => bigint): Generator<Buffer> {
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    const piece = Buffer.alloc(CLUSTER);
    const from = cluster * PER_TABLE;
    for (let index = from; index < Math.min(entries, from + PER_TABLE); index += 1)
      piece.writeBigUInt64BE(entry(index), (index - from) * 8);
    yield piece;
  }
}

function* counts({ blocks, clusters }: Layout): Generator<Buffer> {
  for (let block = 0; block < blocks; block += 1) {
    const used = Math.min(PER_BLOCK, clusters - block * PER_BLOCK);
    const piece = Buffer.alloc(CLUSTER);
    for (let index = 0; index < used; index += 1) piece.writeUInt16BE(1, index * 2);
    yield piece;
  }
}
