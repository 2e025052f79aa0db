/** Memory that many share: who asks for more than is free waits, in order. */
export class Budget {
  #free: number;
  readonly #all: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  /** @param bytes at least the most that one asks for */
  constructor(bytes: number) {
    this.#free = bytes;
    this.#all = bytes;
  }

  /** Whether somebody waits for what others hold. */
  get isWanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** @throws RangeError for more than there is at all */
  async use<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (bytes > this.#all) throw new RangeError(`${bytes} of ${this.#all} bytes`);
    if (this.#waiting.length > 0 || bytes > this.#free)
      await new Promise<void>((go) => this.#waiting.push({ bytes, go }));
    else this.#free -= bytes;
    try {
      return await work();
    } finally {
      this.#free += bytes;
      for (
        let [next] = this.#waiting;
        next !== undefined && next.bytes <= this.#free;
        [next] = this.#waiting
      ) {
        this.#free -= next.bytes;
        this.#waiting.shift();
        next.go();
      }
    }
  }
}
