/** zstd's seekable format: https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md */
const SKIPPABLE = 0x184d2a5e;
const SEEKABLE = 0x8f92eab1;
const ENTRY = 8;
const FOOTER = 9;

/** The frame that ends an object: where its frames are. Every decompressor skips it. */
export function seekTable(frames: readonly { readonly packed: number; readonly plain: number }[]): Buffer {
  const table = Buffer.alloc(tableBytes(frames.length));
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

/** The bytes of a seek table. */
export function tableBytes(frames: number): number {
  return 8 + ENTRY * frames + FOOTER;
}

/**
 * Where the frames of an object end, from its seek table.
 *
 * @returns undefined if it is no table of so many frames
 */
export function framesIn(table: Buffer, frames: number): Uint32Array | undefined {
  if (table.length !== tableBytes(frames)) return undefined;
  const isTable =
    table.readUInt32LE() === SKIPPABLE &&
    table.readUInt32LE(4) === table.length - 8 &&
    table.readUInt32LE(table.length - FOOTER) === frames &&
    table.readUInt32LE(table.length - 4) === SEEKABLE;
  if (!isTable) return undefined;
  let end = 0;
  return Uint32Array.from({ length: frames }, (_, index) => {
    end += table.readUInt32LE(8 + ENTRY * index);
    return end;
  });
}
