import type { Manifest } from '../manifest/schema.ts';

/** Up to this many restore points, the whole manifest is written for each: that costs nothing on a disk. */
const SMALL = 32;
/** Beyond that, whenever it has grown by a quarter: all writes together cost five times the last one. */
const GROWTH = 1.25;

/** Decides when to write the whole manifest beside the journal, for people who read it without a tool. */
export class Rhythm {
  readonly #small: number;
  #next = 1;

  /** @param small up to how many restore points it is written for each */
  constructor(small: number = SMALL) {
    this.#small = small;
  }

  isDue({ restorePoints: { length } }: Manifest): boolean {
    if (length < this.#next) return false;
    this.#next = length < this.#small ? length + 1 : Math.ceil(length * GROWTH);
    return true;
  }
}
