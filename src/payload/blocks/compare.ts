import type { keptOpen } from '../../stream/kept-open.ts';

/** What the comparing of blocks needs, as plain data: it goes to threads. */
export interface Comparison {
  /** Bytes of a block. */
  readonly block: number;
  /** The store key; undefined: no ids are made. */
  readonly key: Uint8Array | undefined;
  readonly compress: boolean;
}

/** What an earlier point has at the blocks of a piece. */
export interface Layer {
  /** 1 where it has the block. */
  readonly has: Uint8Array;
  /** 16 bytes a block. */
  readonly ids: Uint8Array;
}

/** Bytes that the frame of a block has more than the block, at most. */
export const FRAME_HEAD = 10;

/** A verdict below these is the number of a layer that has the same block. */
export const NEW = 254;
export const ZEROS = 255;

export interface Compared {
  /** One a block. */
  readonly verdicts: Uint8Array;
  /** 16 bytes a block; zeros of those without. */
  readonly ids: Uint8Array;
  /** Bytes of the frames of the new blocks, in their order. */
  readonly sizes: Uint32Array;
}

/**
 * @param layers of the piece
 * @param frames memory that takes the frames of the new blocks
 */
export type Compare = (piece: Uint8Array, layers: readonly Layer[], frames: Uint8Array) => Compared;

/**
 * Makes the function that tells blocks of zeros, those that a layer has, and new ones, which it packs into frames.
 *
 * It uses nothing from outside itself: its text is the code of the threads, see `threads.ts`.
 */
export function comparer(
  { createHmac, createSecretKey }: Pick<typeof import('node:crypto'), 'createHmac' | 'createSecretKey'>,
  {
    constants,
    createZstdCompress,
    zstdCompressSync,
  }: Pick<typeof import('node:zlib'), 'constants' | 'createZstdCompress' | 'zstdCompressSync'>,
  { block, key, compress }: Comparison,
  open: typeof keptOpen,
): Compare {
  const zeros = Buffer.alloc(block);
  const secret = key && createSecretKey(key);
  const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };
  /** One frame with one raw block, as RFC 8878 has it: with its size, and no window but that. */
  const raw = (bytes: Uint8Array): Buffer => {
    const wide = bytes.length >= 256;
    const head = Buffer.alloc(wide ? 10 : 9);
    head.writeUInt32LE(0xfd2fb528);
    head[4] = wide ? 0x60 : 0x20;
    if (wide) head.writeUInt16LE(bytes.length - 256, 5);
    else head[5] = bytes.length;
    head.writeUIntLE(bytes.length * 8 + 1, head.length - 3, 3);
    return Buffer.concat([head, bytes]);
  };
  const options = { chunkSize: block + 1024, params };
  const plain = (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, options);
  // One compressor for all blocks: zstdCompressSync makes one for each, and V8 frees its 600 KiB only with the whole heap.
  const packed = compress ? (open(createZstdCompress(options), constants.ZSTD_e_end) ?? plain) : undefined;
  const frameOf = (bytes: Uint8Array): Uint8Array => {
    const frame = packed?.(bytes);
    return frame !== undefined && frame.length < bytes.length ? frame : raw(bytes);
  };
  return (piece, layers, frames) => {
    const count = Math.ceil(piece.length / block);
    const [verdicts, ids] = [new Uint8Array(count), new Uint8Array(16 * count)];
    const sizes: number[] = [];
    // Buffer's `fill` copies into shared memory faster than `set` does.
    const into = Buffer.from(frames.buffer as ArrayBuffer, frames.byteOffset, frames.length);
    let end = 0;
    for (let at = 0; at < count; at += 1) {
      // Of shared memory too, without a copy.
      const bytes = Buffer.from(
        piece.buffer as ArrayBuffer,
        piece.byteOffset + at * block,
        Math.min(block, piece.length - at * block),
      );
      if (zeros.compare(bytes, 0, bytes.length, 0, bytes.length) === 0) {
        verdicts[at] = 255;
        continue;
      }
      let verdict = 254;
      if (secret !== undefined) {
        const id = createHmac('sha256', secret).update(bytes).digest().subarray(0, 16);
        ids.set(id, 16 * at);
        const layer = layers.findIndex(
          (other) => other.has[at] === 1 && id.equals(other.ids.subarray(16 * at, 16 * at + 16)),
        );
        if (layer >= 0) verdict = layer;
      }
      verdicts[at] = verdict;
      if (verdict !== 254) continue;
      const frame = frameOf(bytes);
      into.fill(frame, end, end + frame.length);
      end += frame.length;
      sizes.push(frame.length);
    }
    return { verdicts, ids, sizes: Uint32Array.from(sizes) };
  };
}
