import type { Opener } from '../../keys/age.ts';
import { SEALED_CHUNK } from '../../keys/age.ts';
import type { Place } from '../../store/place.ts';
import type { StoredObject } from './format.ts';
import { Memory } from './memory.ts';
import { LEFT, ObjectReader } from './object.ts';
import { Positions } from './positions.ts';

/** A frame lies in two chunks at most, so this is one request for a block. */
const SMALLEST_PIECE = 2 * SEALED_CHUNK;

/** What a map says of its objects in all. */
export interface Survey {
  /** How many extents of each object there are. */
  readonly uses: Uint32Array;
  /** How many objects are open at once at most. */
  readonly width: number;
}

interface Held {
  readonly reader: ObjectReader;
  /** Bytes that it held when they were counted. */
  bytes: number;
}

/**
 * The objects that are read at the moment, within a bound of memory. Beyond it, the one that waited longest drops what
 * came, then its hash, too; of each that waits for its next extent a few bytes are left.
 */
export class OpenObjects {
  readonly #make: (object: number) => ObjectReader;
  readonly #left: Uint32Array;
  readonly #budget: number;
  readonly #ahead: boolean;
  readonly #positions: Positions;
  /** Those that hold memory, the one that waited longest first. */
  readonly #holding = new Map<number, Held>();
  /** Those that hold a hash alone, in the same order. */
  readonly #waiting = new Map<number, Held>();
  #held = 0;

  /** @param budget bytes */
  constructor(
    place: Place,
    objects: readonly StoredObject[],
    opener: Opener | undefined,
    { uses, width }: Survey,
    budget: number,
  ) {
    // One more comes ahead.
    const share = Math.floor(budget / (width + 1) / 2) - LEFT;
    const piece = Math.max(SMALLEST_PIECE, share);
    this.#left = uses.slice();
    this.#budget = budget;
    this.#ahead = share >= SMALLEST_PIECE;
    this.#positions = new Positions(objects.length);
    const how = { piece, ahead: this.#ahead, pool: new Memory() };
    this.#make = (object) => {
      const stored = objects[object];
      if (stored === undefined) throw new RangeError(`no object ${object}`);
      const position = this.#positions.take(object);
      return new ObjectReader(place, stored, stored.to === null ? undefined : opener, how, position);
    };
  }

  use(object: number): ObjectReader {
    return this.#hold(object).reader;
  }

  /** Lets the object behind one come while that is used. */
  prefetch(object: number): void {
    // They are listed in the order of their first use.
    const next = object + 1;
    if (!this.#ahead || (this.#left[next] ?? 0) === 0 || this.#holding.has(next) || this.#waiting.has(next))
      return;
    const held = this.#hold(next);
    held.reader.prefetch();
    this.#count(held);
  }

  /** Counts an extent as read; after the last one the object is compared and closed. */
  async used(object: number): Promise<void> {
    const left = (this.#left[object] ?? 0) - 1;
    this.#left[object] = left;
    const held = this.#hold(object);
    if (left > 0) held.reader.rest();
    else {
      await held.reader.finish();
      this.#holding.delete(object);
    }
    this.#count(held);
    this.#makeRoom();
  }

  #hold(object: number): Held {
    const held = this.#holding.get(object) ??
      this.#waiting.get(object) ?? { reader: this.#make(object), bytes: 0 };
    this.#waiting.delete(object);
    this.#holding.delete(object);
    this.#holding.set(object, held);
    return held;
  }

  #count(held: Held): void {
    const { held: bytes } = held.reader;
    this.#held += bytes - held.bytes;
    held.bytes = bytes;
  }

  #makeRoom(): void {
    for (const [object, held] of this.#holding) {
      if (this.#held <= this.#budget) return;
      this.#holding.delete(object);
      held.reader.park();
      this.#let(object, held, false);
    }
    for (const [object, held] of this.#waiting) {
      if (this.#held <= this.#budget) return;
      this.#waiting.delete(object);
      this.#let(object, held, true);
    }
  }

  /** @param force also if it has to be read once more for that */
  #let(object: number, held: Held, force: boolean): void {
    const position = held.reader.position(force);
    if (position === undefined) {
      this.#waiting.set(object, held);
      this.#count(held);
      return;
    }
    this.#positions.put(object, position);
    this.#held -= held.bytes;
  }
}
