import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Computes digests of bytes, one piece after the other. */
export interface Digester {
  /** @returns once it is done with the bytes */
  update(bytes: Uint8Array): Promise<unknown>;
  /** The digests of all bytes, lower-case hex, in the order of the algorithms. Call it once, at the end. */
  digests(): Promise<readonly string[]>;
  close(): Promise<unknown>;
}

/** The worker's code as text: the program is one bundle, and a worker would be another file. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const hashes = workerData.map((algorithm) => createHash(algorithm));
parentPort.on('message', (bytes) => {
  if (bytes === null) parentPort.postMessage(hashes.map((hash) => hash.digest('hex')));
  else {
    for (const hash of hashes) hash.update(bytes);
    parentPort.postMessage([]);
  }
});`;

/**
 * Works in a thread of its own if there is a core for it: SHA-512 of an image takes as long as compressing it.
 *
 * @param algorithms of node:crypto, such as `sha256`
 */
export function digesterBeside(algorithms: readonly string[]): Digester {
  if (availableParallelism() < 2) return digesterHere(algorithms);
  const worker = new Worker(THREAD, { eval: true, workerData: algorithms });
  const asked: PromiseWithResolvers<readonly string[]>[] = [];
  worker.on('message', (answer: readonly string[]) => asked.shift()?.resolve(answer));
  worker.on('error', (error) => {
    for (const { reject } of asked) reject(error);
  });
  const ask = (message: Uint8Array | null) => {
    const answer = Promise.withResolvers<readonly string[]>();
    asked.push(answer);
    // Shared memory is not copied; other memory is.
    worker.postMessage(message);
    return answer.promise;
  };
  return { update: ask, digests: () => ask(null), close: () => worker.terminate() };
}

/** Works in this thread. For small data: a thread takes longer to start. */
export function digesterHere(algorithms: readonly string[]): Digester {
  const hashes = algorithms.map((algorithm) => createHash(algorithm));
  return {
    update: async (bytes) => {
      for (const hash of hashes) hash.update(bytes);
    },
    digests: async () => hashes.map((hash) => hash.digest('hex')),
    close: async () => undefined,
  };
}
