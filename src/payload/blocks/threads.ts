import * as crypto from 'node:crypto';
import { availableParallelism } from 'node:os';
import * as zlib from 'node:zlib';
import { keptOpen } from '../../stream/kept-open.ts';
import { Thread } from '../../stream/thread.ts';
import { type Compare, type Compared, type Comparison, comparer } from './compare.ts';

/** Compares the blocks of pieces, see `compare.ts`. */
export interface Comparer {
  /**
   * @param piece stays as it is until this settles
   * @param frames shared memory, which takes the frames
   */
  compare(...what: Parameters<Compare>): Promise<Compared>;
  close(): Promise<unknown>;
}

/** More would cost memory, and something else is the bottleneck by then. */
const MOST_THREADS = 4;

/** How many threads compare: one for each core. */
export const threads = (): number => Math.min(MOST_THREADS, availableParallelism());

const code = () => `(...made) => {
  const compare = (${comparer.toString()})(...made, ${keptOpen.toString()});
  return (what) => compare(...what);
}`;

/** Works in threads of its own. */
export function comparerBeside(comparison: Comparison): Comparer {
  const all = Array.from(
    { length: threads() },
    () => new Thread<Parameters<Compare>, Compared>(code(), comparison, 'compares blocks'),
  );
  return {
    compare: (...what) =>
      all.reduce((best, other) => (other.waiting < best.waiting ? other : best)).ask(what),
    close: () => Promise.all(all.map((thread) => thread.close())),
  };
}

/** Works in this thread. For small data: a thread takes longer to start. */
export function comparerHere(comparison: Comparison): Comparer {
  const compare = comparer(crypto, zlib, comparison, keptOpen);
  return {
    compare: async (...what) => compare(...what),
    close: async () => undefined,
  };
}
