import type { Manifest } from '../manifest/schema.ts';

/** Up to so many restore points, the whole manifest is written for each: that costs nothing. */
const SMALL = 32;
/** From then on when it has grown by a quarter: all the writing together costs five times the last of it. */
const GROWTH = 1.25;

/** When the whole manifest is written beside the journal, for whoever has nothing but their eyes to read it. */
export class Rhythm {
  #next = 1;

  isDue({ restorePoints: { length } }: Manifest): boolean {
    if (length < this.#next) return false;
    this.#next = length < SMALL ? length + 1 : Math.ceil(length * GROWTH);
    return true;
  }
}
