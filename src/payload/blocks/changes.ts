import { DENSE, type Night } from './past.ts';
import type { Block, Range } from './pieces.ts';

/** The first of what blocks are looked for in, where there is a point to build on. */
const BASE = 0;
/** A block that gets so many times smaller holds nothing but a few bytes repeated: a disk is wiped with more than zeros. */
const BLANK = 256;

/** Counts what one run sees of a disk. */
export class Changes implements Night {
  used = 0;
  whole = 0;
  fresh = 0;
  packed = 0;
  dense = 0;
  readonly #again: Range;

  /** @param again blocks that are sent again, which are as likely unchanged */
  constructor(again: Range) {
    this.#again = again;
  }

  add(block: Block): void {
    const packed = packedSize(block);
    if (packed * BLANK < block.size) return;
    this.used += block.size;
    this.whole += Math.min(packed, block.size);
    // What an interrupted run stored is new all the same.
    const isOld = block.layer === BASE;
    if (isOld || (block.number >= this.#again.from && block.number < this.#again.to)) return;
    this.fresh += block.size;
    this.packed += packed;
    if (packed > block.size * DENSE) this.dense += block.size;
  }
}

/** What a block takes up, or, if it is stored already, what those of its object do. */
function packedSize({ found, frame }: Block): number {
  const object = found?.[0];
  return object === undefined ? frame.length : Math.round(object.size / object.blocks);
}
