/** Bytes that lie in memory as a whole, with digests of them. */
export class Gathered implements AsyncIterable<Uint8Array> {
  /** They stay as they are until nobody reads them any more. */
  readonly bytes: Buffer;
  /** Lower-case hex, by the names of node:crypto. */
  readonly digests: Readonly<Record<string, string>>;

  constructor(bytes: Buffer, digests: Readonly<Record<string, string>>) {
    this.bytes = bytes;
    this.digests = digests;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < this.bytes.length; at += PIECE) yield this.bytes.subarray(at, at + PIECE);
  }
}

/** Linux takes several times as long to write pieces of 4 MiB: it looks for memory in one piece to keep them in. */
const PIECE = 1 << 20;
