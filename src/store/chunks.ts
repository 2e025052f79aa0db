/** A piece of a stream, and whether it is the last one. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly last: boolean;
}

/** The stream in pieces of exactly `size` bytes, but for the last, which may be shorter; an empty stream is one empty piece. */
export async function* chunksOf(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Chunk, void> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const piece of source) {
    let rest = piece;
    while (held + rest.length > size) {
      const fill = size - held;
      yield { bytes: joined([...parts, rest.subarray(0, fill)]), last: false };
      rest = rest.subarray(fill);
      parts = [];
      held = 0;
    }
    if (rest.length > 0) {
      parts.push(rest);
      held += rest.length;
    }
  }
  yield { bytes: joined(parts), last: true };
}

/** One piece is not copied. */
function joined(parts: readonly Uint8Array[]): Buffer {
  const [only, ...more] = parts;
  return only !== undefined && more.length === 0
    ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
    : Buffer.concat(parts);
}
