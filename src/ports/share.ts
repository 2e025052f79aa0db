import { GIB } from '../text/bytes.ts';
import type { ProgressBar } from './host.ts';

/** One thing's share of a progress. */
export interface Share {
  /** Told of bytes as they flow. */
  onBytes(count: number): void;
  /** It is there: what did not flow through us counts too. */
  done(): void;
  /** It failed: what it has not yet never comes. */
  failed(): void;
}

/** @param gigabytes of it; no more of it is ever told */
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
