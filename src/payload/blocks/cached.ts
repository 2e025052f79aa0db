import { type BlocksAt, readOver } from './at.ts';
import { BLOCK } from './format.ts';

/** Bytes of blocks that are held. */
const HELD_BYTES = 48 << 20;
/** Blocks that are asked for together. */
const TOGETHER = 16;
/** Blocks that come ahead of somebody who reads on: first, and at most. */
const AHEAD = { first: 8, most: 128 };
/** Blocks that may be on their way without anybody waiting for them. */
const MOST_AHEAD = 192;
/** Readers whose place is remembered. */
const READERS = 16;
/** How far beside its last block a reader still reads on: several requests are under way, in any order. */
const NEAR = 16;

/** Somebody who may read the disk from one end to the other. */
interface Reader {
  next: number;
  /** Blocks to read ahead; 0 until it has read on once. */
  window: number;
  /** Up to which block it was done. */
  ahead: number;
}

/**
 * The same disk in memory as far as it fits: a block that is asked for again does not come again, one that several ask
 * for at once comes once, and whoever reads on finds the next ones there. What failed is not held.
 */
export function cached(disk: BlocksAt, heldBytes: number = HELD_BYTES): BlocksAt {
  const held = new Map<number, Buffer>();
  const coming = new Map<number, Promise<Buffer | undefined>>();
  let heldNow = 0;
  const hold = (block: number, plain: Buffer) => {
    heldNow += plain.length;
    held.set(block, plain);
    for (const [oldest, { length }] of held) {
      if (heldNow <= heldBytes) break;
      held.delete(oldest);
      heldNow -= length;
    }
  };
  const fetch = (first: number, count: number): void => {
    const blocks = disk.blocks(first, count);
    for (let at = 0; at < count; at += 1) {
      const block = first + at;
      const one = blocks.then((found) => {
        const bytes = found[at];
        if (bytes === undefined) return undefined;
        const plain = owned(bytes);
        hold(block, plain);
        return plain;
      });
      coming.set(block, one);
      // Whoever waits for it sees the error.
      one.catch(() => undefined).finally(() => coming.delete(block));
    }
  };
  const isMissing = (block: number) =>
    !held.has(block) && !coming.has(block) && !disk.extentAt(block * BLOCK).hole;
  /** Lets blocks come that are not there yet. */
  const want = (first: number, end: number): void => {
    for (let block = first; block < end; block += 1) {
      if (!isMissing(block)) continue;
      let count = 1;
      while (count < TOGETHER && block + count < end && isMissing(block + count)) count += 1;
      fetch(block, count);
      block += count - 1;
    }
  };
  const readers: Reader[] = [];
  const last = Math.ceil(disk.size / BLOCK);
  const readAhead = (first: number, end: number): void => {
    const at = readers.findIndex(({ next }) => first >= next - NEAR && first <= next + NEAR);
    const reader = readers[at] ?? { next: end, window: 0, ahead: end };
    if (at >= 0) readers.splice(at, 1);
    readers.push(reader);
    if (readers.length > READERS) readers.shift();
    if (at < 0 || end <= reader.next) return;
    reader.next = end;
    reader.window = Math.min(AHEAD.most, Math.max(AHEAD.first, reader.window * 2));
    const from = Math.max(reader.ahead, end);
    const to = Math.min(last, end + reader.window);
    if (to - from < reader.window / 2 || coming.size > MOST_AHEAD) return;
    want(from, to);
    reader.ahead = to;
  };
  const blocks: BlocksAt['blocks'] = async (first, count) => {
    want(first, first + count);
    const found = Array.from({ length: count }, (_, at) => {
      const block = held.get(first + at);
      if (block === undefined) return coming.get(first + at);
      held.delete(first + at);
      held.set(first + at, block);
      return block;
    });
    readAhead(first, first + count);
    return Promise.all(found);
  };
  return {
    size: disk.size,
    blocks,
    fetched: disk.fetched,
    extentAt: disk.extentAt,
    readAt: (offset, length) => readOver(blocks, disk.size, offset, length),
  };
}

/** A copy, if it is a small part of a larger memory. */
function owned(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength <= BLOCK) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}
