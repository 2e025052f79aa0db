import { zstdCompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import { BLOCK } from '../../../../src/payload/blocks/format.ts';
import { Unpacker } from '../../../../src/payload/blocks/frames.ts';
import { someDisk } from '../../../support/blocks-store.ts';
import { seeded } from '../../../support/random.ts';

const disk = someDisk(seeded(3), 6);
const blocks = Array.from({ length: 6 }, (_, at) => disk.subarray(at * BLOCK, (at + 1) * BLOCK));

test('blocks come out of their frames one after the other, also behind one that is damaged', () => {
  const unpacker = new Unpacker();
  for (const block of blocks) {
    const frame = zstdCompressSync(block);
    const unpacked = () => Buffer.from(unpacker.block(frame, block.length, 'o'));
    expect(unpacked().equals(block)).toBe(true);
    for (const bad of [
      frame.subarray(0, -1),
      Buffer.concat([frame.subarray(0, 6), Buffer.alloc(20, 0xff)]),
      zstdCompressSync(Buffer.alloc(BLOCK + 1)),
      zstdCompressSync(Buffer.alloc(1 << 24)),
    ]) {
      expect(() => unpacker.block(bad, block.length, 'o')).toThrow(OperationError);
      expect(() => unpacker.block(bad, block.length, 'o')).toThrow('object o is damaged: a block of it');
      expect(unpacked().equals(block)).toBe(true);
    }
  }
});

test('a block of another length is an error', () => {
  const unpacker = new Unpacker();
  const frame = zstdCompressSync(Buffer.alloc(100, 1));
  for (const length of [99, 101, BLOCK])
    expect(() => unpacker.block(frame, length, 'o')).toThrow(`a block of it has 100 of ${length} bytes`);
  expect(unpacker.block(frame, 100, 'o').length).toBe(100);
});
