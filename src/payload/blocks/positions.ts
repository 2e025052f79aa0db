import type { Position } from './object.ts';

const KEY = 32;
/** What is known of an object that waits. */
const [WAITS, COMPARED, OPENED] = [1, 2, 4];

/** Where objects go on that wait for their next blocks: some 50 bytes each, for there may be hundreds of thousands. */
export class Positions {
  readonly #flags: Uint8Array;
  readonly #next: Uint16Array;
  readonly #at: Float64Array;
  readonly #start: Uint32Array;
  readonly #count: number;
  /** Of sealed objects. */
  #keys: Uint8Array | undefined;

  /** @param count of objects */
  constructor(count: number) {
    this.#count = count;
    this.#flags = new Uint8Array(count);
    this.#next = new Uint16Array(count);
    this.#at = new Float64Array(count);
    this.#start = new Uint32Array(count);
  }

  put(object: number, { next, at, chunks, compared }: Position): void {
    this.#flags[object] = WAITS | (compared ? COMPARED : 0) | (chunks === undefined ? 0 : OPENED);
    this.#next[object] = next;
    this.#at[object] = at;
    if (chunks === undefined) return;
    this.#start[object] = chunks.start;
    this.#keys ??= new Uint8Array(KEY * this.#count);
    this.#keys.set(chunks.key, KEY * object);
  }

  /** @returns undefined if none waits */
  take(object: number): Position | undefined {
    const flags = this.#flags[object] ?? 0;
    if (flags === 0) return undefined;
    this.#flags[object] = 0;
    const key = this.#keys?.slice(KEY * object, KEY * (object + 1));
    const isOpened = (flags & OPENED) > 0 && key !== undefined;
    return {
      next: this.#next[object] ?? 0,
      at: this.#at[object] ?? 0,
      chunks: isOpened ? { start: this.#start[object] ?? 0, key } : undefined,
      compared: (flags & COMPARED) > 0,
    };
  }
}
