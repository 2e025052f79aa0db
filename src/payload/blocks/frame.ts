/** zstd's seekable format: https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md */
const SKIPPABLE = 0x184d2a5e;
const SEEKABLE = 0x8f92eab1;
const ENTRY = 8;
const FOOTER = 9;

/** The frame that ends an object: where its frames are. Every decompressor skips it. */
export function seekTable(frames: readonly { readonly packed: number; readonly plain: number }[]): Buffer {
  const table = Buffer.alloc(8 + ENTRY * frames.length + FOOTER);
  table.writeUInt32LE(SKIPPABLE);
  table.writeUInt32LE(table.length - 8, 4);
  for (const [index, { packed, plain }] of frames.entries()) {
    table.writeUInt32LE(packed, 8 + ENTRY * index);
    table.writeUInt32LE(plain, 12 + ENTRY * index);
  }
  table.writeUInt32LE(frames.length, table.length - FOOTER);
  table.writeUInt32LE(SEEKABLE, table.length - 4);
  return table;
}
