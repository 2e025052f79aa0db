import { GIB } from '../text/bytes.ts';
import type { ProgressBar } from './host.ts';

/** One thing's share of a progress bar. */
export interface Share {
  /** Counts bytes as they flow. */
  onBytes(count: number): void;
  /** The thing is done: data that did not flow through us counts too. */
  done(): void;
  /** The thing failed: the rest of it never comes. */
  failed(): void;
}

/** @param gigabytes the thing's size; the bar never advances by more */
export function shareOf(gigabytes: number, to: Pick<ProgressBar, 'advance' | 'fail'>): Share {
  let left = gigabytes;
  return {
    onBytes(count) {
      const more = Math.min(left, count / GIB);
      left -= more;
      to.advance(0, more);
    },
    done: () => to.advance(1, left),
    failed: () => to.fail(left),
  };
}
