import { createHash } from 'node:crypto';
import type { Place } from '../../store/place.ts';
import { once } from '../../stream/chunks.ts';
import { ID_BYTES, SEGMENT, type StoredIds } from './format.ts';
import { idsName } from './names.ts';

/** Puts the ids of a disk, a segment at a time. */
export class IdsWriter {
  /** Bytes that were put. */
  sent = 0;
  readonly #place: Place;
  readonly #name: (number: number) => string;
  readonly #base: ReadonlyMap<number, StoredIds>;
  readonly #ids = Buffer.alloc(SEGMENT * ID_BYTES);
  #segment = 0;
  #used = 0;
  #count = 0;

  /** @param base by segment, those of the point before that were read; may grow, ahead of the blocks */
  constructor(place: Place, folder: string, point: string, base: ReadonlyMap<number, StoredIds>) {
    this.#place = place;
    this.#name = (number) => idsName(folder, point, number);
    this.#base = base;
  }

  /** Takes the id of the next block that is not zeros. @returns a segment that is complete now */
  async add(block: number, id: Uint8Array): Promise<StoredIds | undefined> {
    const segment = Math.floor(block / SEGMENT);
    const ended = segment === this.#segment ? undefined : await this.end();
    this.#segment = segment;
    this.#ids.set(id, this.#used);
    this.#used += ID_BYTES;
    return ended;
  }

  /** @returns the last segment; undefined if it has no blocks */
  async end(): Promise<StoredIds | undefined> {
    if (this.#used === 0) return undefined;
    const ids = Buffer.from(this.#ids.subarray(0, this.#used));
    this.#used = 0;
    const segment = this.#segment;
    const sha256 = createHash('sha256').update(ids).digest('hex');
    const before = this.#base.get(segment);
    if (before?.sha256 === sha256) return before;
    const name = this.#name(this.#count++);
    const { size } = await this.#place.put(name, once(ids));
    this.sent += size;
    return { name, size, sha256, segment };
  }
}
