import { Worker } from 'node:worker_threads';

/** A young heap of 2 MiB: garbage that is collected early stays in the processor's cache, and is less memory. */
const LITTLE = { maxYoungGenerationSizeMb: 2 };

/** Does work in a thread of its own, in the order in which it is asked for. */
export class Thread<Asked, Answer> {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<Answer>[] = [];
  #failure: Error | undefined;

  /**
   * @param work text of a function that makes the function that does the work, from node:crypto, node:zlib and the data:
   *   the program is one bundle, and a worker would be another file
   * @param data plain
   * @param what it does, for messages
   */
  constructor(work: string, data: unknown, what: string) {
    const code = `
const { parentPort, workerData } = require('node:worker_threads');
const work = (${work})(require('node:crypto'), require('node:zlib'), workerData);
parentPort.on('message', (asked) => parentPort.postMessage(work(asked)));`;
    this.#worker = new Worker(code, { eval: true, workerData: data, resourceLimits: LITTLE });
    const fail = (error: Error) => {
      this.#failure ??= error;
      for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    };
    this.#worker.on('message', (answer: Answer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('error', fail);
    this.#worker.on('exit', () => fail(new Error(`a thread that ${what} ended`)));
  }

  /** How much of what was asked for is not done. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** @param asked plain; shared memory in it is not copied, and must stay as it is until this settles */
  ask(asked: Asked): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.push(answer);
    this.#worker.postMessage(asked);
    return answer.promise;
  }

  close(): Promise<number> {
    return this.#worker.terminate();
  }
}
