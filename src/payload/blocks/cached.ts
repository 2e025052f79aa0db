import type { BlocksAt, DiskAt } from './at.ts';
import { BLOCK } from './format.ts';

/** Bytes of blocks that are held. */
const HELD_BYTES = 24 << 20;
/** Blocks that are asked for together. */
const TOGETHER = 16;
/** Blocks that come ahead of somebody who reads on: first, and at most. */
const AHEAD = { first: 8, most: 48 };
/** Blocks that may be on their way without anybody waiting for them. */
const MOST_AHEAD = 64;
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
export function cached(disk: BlocksAt, heldBytes: number = HELD_BYTES): DiskAt & Pick<BlocksAt, 'fetched'> {
  const held = new Held(Math.floor(heldBytes / BLOCK));
  const coming = new Map<number, Promise<Buffer | undefined>>();
  const fetch = (first: number, count: number): void => {
    const blocks = disk.blocks(first, count);
    for (let at = 0; at < count; at += 1) {
      const block = first + at;
      const one = blocks.then((found) => {
        const plain = found[at];
        if (plain !== undefined) held.add(block, plain);
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
  const readAt: DiskAt['readAt'] = async (offset, length) => {
    const into = Buffer.alloc(Math.max(0, Math.min(length, disk.size - offset)));
    const [first, end] = [Math.floor(offset / BLOCK), Math.ceil((offset + into.length) / BLOCK)];
    want(first, end);
    const waiting: Promise<void>[] = [];
    for (let block = first; block < end; block += 1) {
      const put = (bytes: Buffer | undefined) => {
        const target = block * BLOCK - offset;
        bytes?.copy(into, Math.max(0, target), Math.max(0, -target));
      };
      const here = held.get(block);
      const one = coming.get(block);
      // At once: its memory may soon be another block's.
      if (here !== undefined) put(here);
      else if (one !== undefined) waiting.push(one.then(put));
    }
    readAhead(first, end);
    await Promise.all(waiting);
    return into;
  };
  return { size: disk.size, readAt, fetched: disk.fetched, extentAt: disk.extentAt };
}

/** Blocks in one memory that is used again and again: what is let go costs no collection. The oldest ones go first. */
class Held {
  readonly #slots: Buffer;
  readonly #free: number[];
  readonly #at = new Map<number, { readonly slot: number; readonly length: number }>();

  constructor(count: number) {
    this.#slots = Buffer.allocUnsafeSlow(count * BLOCK);
    this.#free = Array.from({ length: count }, (_, slot) => slot);
  }

  has(block: number): boolean {
    return this.#at.has(block);
  }

  add(block: number, plain: Buffer): void {
    if (this.#at.has(block)) return;
    const slot = this.#free.pop() ?? this.#oldest();
    if (slot === undefined) return;
    plain.copy(this.#slots, slot * BLOCK);
    this.#at.set(block, { slot, length: plain.length });
  }

  /** @returns memory that another block may have after the next `add` */
  get(block: number): Buffer | undefined {
    const found = this.#at.get(block);
    if (found === undefined) return undefined;
    this.#at.delete(block);
    this.#at.set(block, found);
    return this.#slots.subarray(found.slot * BLOCK, found.slot * BLOCK + found.length);
  }

  #oldest(): number | undefined {
    const [oldest] = this.#at;
    if (oldest === undefined) return undefined;
    this.#at.delete(oldest[0]);
    return oldest[1].slot;
  }
}
