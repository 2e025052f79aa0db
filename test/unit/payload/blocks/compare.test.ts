import * as crypto from 'node:crypto';
import * as zlib from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { comparer } from '../../../../src/payload/blocks/compare.ts';
import { keptOpen } from '../../../../src/stream/kept-open.ts';

const BLOCK = 65_536;
const { constants, createZstdCompress, zstdCompressSync } = zlib;
const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };

/** Blocks that shrink differently well, the last one short. */
const piece = Buffer.concat([
  Buffer.alloc(BLOCK, 'abc'),
  Buffer.from(Array.from({ length: BLOCK / 16 }, (_, at) => `${at * 7919}`.padStart(16)).join('')),
  crypto.randomBytes(BLOCK),
  Buffer.alloc(BLOCK, 'd'),
  Buffer.alloc(1000, 'short'),
]);
const blocks = Array.from({ length: 5 }, (_, at) => piece.subarray(at * BLOCK, (at + 1) * BLOCK));

function framesOf(library: Parameters<typeof comparer>[1], times = 1): Buffer[] {
  const compare = comparer(crypto, library, { block: BLOCK, key: undefined, compress: true }, keptOpen);
  const memory = Buffer.alloc(5 * (BLOCK + 10));
  let sizes: readonly number[] = [];
  for (let time = 0; time < times; time += 1) sizes = [...compare(piece, [], memory).sizes];
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return memory.subarray(end - size, end);
  });
}

describe('the frames of blocks', () => {
  it('are what zstd makes of each alone, whatever came before', () => {
    const frames = framesOf(zlib, 20);
    for (const at of [0, 1, 3, 4]) expect(frames[at]).toEqual(zstdCompressSync(blocks[at] ?? '', { params }));
    expect(frames.map((frame) => zlib.zstdDecompressSync(frame))).toEqual(blocks);
  });

  it('are the same where Node is built in another way', () => {
    const other = { constants, zstdCompressSync, createZstdCompress: () => ({}) as zlib.ZstdCompress };
    expect(framesOf(other)).toEqual(framesOf(zlib));
  });

  it('leave no listener behind', () => {
    const stream = createZstdCompress({ chunkSize: BLOCK + 1024, params });
    framesOf({ constants, zstdCompressSync, createZstdCompress: () => stream }, 20);
    expect(stream.listenerCount('error')).toBe(0);
  });
});
