import type { Manifest } from '../manifest/schema.ts';

/** Up to this many restore points, the whole manifest is written for each: that costs nothing. */
const SMALL = 32;
/** Beyond that, whenever it has grown by a quarter: all writes together cost five times the last one. */
const GROWTH = 1.25;

/** Decides when to write the whole manifest beside the journal, for people who read it without a tool. */
export class Rhythm {
  #next = 1;

  isDue({ restorePoints: { length } }: Manifest): boolean {
    if (length < this.#next) return false;
    this.#next = length < SMALL ? length + 1 : Math.ceil(length * GROWTH);
    return true;
  }
}
