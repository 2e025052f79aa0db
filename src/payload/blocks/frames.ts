import { constants, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { messageOf, OperationError } from '../../errors.ts';
import { type Converter, keptOpen } from '../../stream/kept-open.ts';
import { ForeignFrameError, Frame, FrameError } from '../../stream/zstd-frame.ts';
import { BLOCK } from './format.ts';

/** How long the frame is that bytes begin with; undefined if that takes more of them. */
export function frameLength(bytes: Buffer, object: string): number | undefined {
  try {
    const frame = new Frame(0);
    const count = frame.take(bytes);
    return frame.ended ? count : undefined;
  } catch (error) {
    if (error instanceof FrameError || error instanceof ForeignFrameError)
      throw damagedObject(object, error.message);
    throw error;
  }
}

/**
 * Takes blocks out of their frames, one after the other. One decompressor for all: zstdDecompressSync makes one for
 * each, which takes three times as long.
 */
export class Unpacker {
  #convert: Converter | undefined;

  /**
   * @param length bytes of the block
   * @param object for messages
   * @returns the block: overwritten by the next one, or part of the frame
   * @throws OperationError if that is not in the frame
   */
  block(frame: Buffer, length: number, object: string): Uint8Array {
    const head = frame.length - length;
    // A raw block is there already: see `comparer` in compare.ts, which makes such frames.
    if (
      head === 10 &&
      frame[4] === 0x60 &&
      frame.readUIntLE(7, 3) === length * 8 + 1 &&
      frame.readUInt16LE(5) === length - 256
    )
      return frame.subarray(head);
    let plain: Uint8Array;
    try {
      this.#convert ??= opened() ?? ((bytes) => zstdDecompressSync(bytes, OPTIONS));
      plain = this.#convert(frame);
    } catch (error) {
      // It is in the middle of that frame.
      this.#convert = undefined;
      throw damagedObject(object, `a block of it cannot be unpacked: ${messageOf(error)}`);
    }
    if (plain.length !== length)
      throw damagedObject(object, `a block of it has ${plain.length} of ${length} bytes`);
    return plain;
  }
}

/** The result fits into one buffer of its own, which is used again. */
const OPTIONS = { chunkSize: BLOCK + 1024, maxOutputLength: BLOCK };

/** It fails for a frame that does not end. */
function opened(): Converter | undefined {
  return keptOpen(createZstdDecompress(OPTIONS), constants.ZSTD_e_end);
}

export function damagedObject(name: string, why: string): OperationError {
  return new OperationError(
    `object ${name} is damaged: ${why}`,
    'Use another copy of the store, or another restore point. What was made from it is removed.',
  );
}
