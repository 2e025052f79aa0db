/**
 * Finds where zstd frames end, from their headers alone: RFC 8878, section 3.1. The decompressor judges what is in the
 * blocks, and whether the checksum is right.
 */

const MAGIC = 0xfd2fb528;
/** Frames with a user's own data, which every decompressor skips: 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE = 0x184d2a50;
/** The default limit of `zstd -d`: a larger window is memory that a stranger's file asks for. */
const LARGEST_WINDOW = 1 << 27;
/** The most that is read at once: window descriptor, dictionary id and content size. */
const LONGEST_READ = 1 + 4 + 8;
const RLE = 1;
const RESERVED = 3;

/** Why bytes are not a frame. */
export class FrameError extends Error {}
/** Why a frame is not opened here, although it may well be complete. */
export class ForeignFrameError extends Error {}

/** Whether bytes begin like a zstd frame: 4 bytes are enough. */
export function beginsFrame(head: Buffer): boolean {
  return head.length >= 4 && (isData(head) || isSkippable(head));
}

/** What the layout needs next: bytes to look at, or to skip. */
interface Step {
  readonly read?: number;
  readonly skip?: number;
}

/** One frame, in pieces of any size. */
export class Frame {
  ended = false;
  readonly #layout: Generator<Step, void, Buffer>;
  readonly #seen = Buffer.alloc(LONGEST_READ);
  #held = 0;
  #step: Step = { read: 4 };

  /** @param from where the frame begins, for messages only */
  constructor(from: number) {
    this.#layout = layout(from);
    this.#layout.next();
  }

  /**
   * @returns how many of the bytes, from the first on, belong to the frame: all, unless it ends before
   * @throws FrameError
   * @throws ForeignFrameError
   */
  take(piece: Uint8Array): number {
    let at = 0;
    while (!this.ended) {
      const { read = 0, skip = 0 } = this.#step;
      const count = Math.min(piece.length - at, read + skip - this.#held);
      if (read > 0) this.#seen.set(piece.subarray(at, at + count), this.#held);
      at += count;
      this.#held += count;
      if (this.#held < read + skip) break;
      this.#held = 0;
      const next = this.#layout.next(this.#seen);
      if (next.done) this.ended = true;
      else this.#step = next.value;
    }
    return at;
  }
}

function* layout(from: number): Generator<Step, void, Buffer> {
  const magic = yield { read: 4 };
  if (isSkippable(magic)) {
    const size = (yield { read: 4 }).readUInt32LE();
    yield { skip: size };
    return;
  }
  if (!isData(magic)) throw new FrameError(`no zstd frame begins at ${from} bytes`);
  const descriptor = (yield { read: 1 }).readUInt8();
  const single = (descriptor & 0x20) !== 0;
  const idBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const windowBytes = single ? 0 : 1;
  const header = yield { read: windowBytes + idBytes + sizeBytes };
  const dictionary = idBytes === 0 ? 0 : header.readUIntLE(windowBytes, idBytes);
  if (dictionary !== 0) throw new ForeignFrameError(`it needs dictionary ${dictionary}`);
  const window = single ? contentSize(header, idBytes, sizeBytes) : windowSize(header.readUInt8());
  if (window > LARGEST_WINDOW)
    throw new ForeignFrameError(
      `it needs ${window} bytes of memory to be opened, more than ${LARGEST_WINDOW}`,
    );
  yield* blocks((descriptor & 4) === 0 ? 0 : 4);
}

function* blocks(checksumBytes: number): Generator<Step, void, Buffer> {
  for (let last = false; !last; ) {
    const header = (yield { read: 3 }).readUIntLE(0, 3);
    const type = (header >> 1) & 3;
    if (type === RESERVED) throw new FrameError('a block has the reserved type');
    last = (header & 1) === 1;
    yield { skip: type === RLE ? 1 : header >> 3 };
  }
  yield { skip: checksumBytes };
}

function isData(head: Buffer): boolean {
  return head.readUInt32LE() === MAGIC;
}

function isSkippable(head: Buffer): boolean {
  return (head.readUInt32LE() & 0xfffffff0) === SKIPPABLE;
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(header: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(header.readBigUInt64LE(at));
  return header.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}
