import * as crypto from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import * as zlib from 'node:zlib';
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

/** A young heap of 2 MiB: garbage that is collected early stays in the processor's cache, and is less memory. */
const LITTLE = { maxYoungGenerationSizeMb: 2 };

/** The threads' code as text: the program is one bundle, and a worker would be another file. */
const code = () => `
const { parentPort, workerData } = require('node:worker_threads');
const compare = (${comparer.toString()})(require('node:crypto'), require('node:zlib'), workerData);
parentPort.on('message', (what) => parentPort.postMessage(compare(...what)));`;

/** Works in threads of its own. */
export function comparerBeside(comparison: Comparison): Comparer {
  const workers = Array.from({ length: threads() }, () => working(comparison));
  return {
    compare: (...what) => {
      const idle = workers.reduce((best, other) => (other.asked.length < best.asked.length ? other : best));
      return idle.ask(what);
    },
    close: () => Promise.all(workers.map(({ worker }) => worker.terminate())),
  };
}

function working(comparison: Comparison) {
  const worker = new Worker(code(), { eval: true, workerData: comparison, resourceLimits: LITTLE });
  const asked: PromiseWithResolvers<Compared>[] = [];
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of asked.splice(0)) reject(failure);
  };
  worker.on('message', (compared: Compared) => asked.shift()?.resolve(compared));
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('a thread that compares blocks ended')));
  const ask = (what: Parameters<Compare>): Promise<Compared> => {
    if (failure !== undefined) return Promise.reject(failure);
    const answer = Promise.withResolvers<Compared>();
    asked.push(answer);
    worker.postMessage(what);
    return answer.promise;
  };
  return { worker, asked, ask };
}

/** Works in this thread. For small data: a thread takes longer to start. */
export function comparerHere(comparison: Comparison): Comparer {
  const compare = comparer(crypto, zlib, comparison);
  return {
    compare: async (...what) => compare(...what),
    close: async () => undefined,
  };
}
