import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { OperationError } from '../../errors.ts';
import type { Kept } from './base.ts';
import {
  BLOCK,
  type Disk,
  extentLine,
  headerLine,
  idsLine,
  type MapHeader,
  MOST_OBJECTS,
  objectLine,
  type Part,
  type StoredIds,
} from './format.ts';

/** Text that is compressed into frames as it grows. */
export class Frames {
  count = 0;
  readonly frames: Buffer[] = [];
  readonly #hash = createHash('sha256');
  /** As bytes: a string that grows is a tree of strings. */
  #text = Buffer.allocUnsafe(4096);
  #length = 0;

  add(line: string): void {
    this.count += 1;
    const end = this.#length + Buffer.byteLength(line);
    if (end > this.#text.length)
      this.#text = Buffer.concat([this.#text], Math.max(end, 2 * this.#text.length));
    this.#text.write(line, this.#length);
    this.#length = end;
    if (end > 1 << 20) this.#pack();
  }

  /** Call it once, at the end. */
  end(): Part {
    this.#pack();
    return { count: this.count, sha256: this.#hash.digest('hex') };
  }

  #pack(): void {
    if (this.#length === 0) return;
    const text = this.#text.subarray(0, this.#length);
    this.#hash.update(text);
    this.frames.push(zstdCompressSync(text));
    this.#length = 0;
  }
}

/** Builds a map while the disk flows by. */
export class MapBuilder {
  /** Blocks that are not zeros. */
  blocks = 0;
  readonly #numbers = new Map<string, number>();
  readonly #objects: Kept[] = [];
  readonly #ids: StoredIds[] = [];
  readonly #extents = new Frames();
  #extent: [start: number, count: number, object: number, first: number] | undefined;

  /**
   * Where the next blocks lie. The object's size and digest may come later.
   *
   * @throws OperationError if nobody could read the map
   */
  add(start: number, count: number, object: Kept, first: number): void {
    this.blocks += count;
    const number = this.#numbers.get(object.name) ?? this.#numbered(object);
    const last = this.#extent;
    if (last?.[2] === number && last[0] + last[1] === start && last[3] + last[1] === first) last[1] += count;
    else {
      this.#flush();
      this.#extent = [start, count, number, first];
    }
  }

  #numbered(object: Kept): number {
    const number = this.#objects.length;
    if (number >= MOST_OBJECTS)
      throw new OperationError(
        `the disk lies in more than ${MOST_OBJECTS} objects, and no map may name more`,
        'Use `refresh: 1` once, which sends all of it again into full objects. A disk with more than 16 TiB of data is unsupported.',
      );
    this.#objects.push(object);
    this.#numbers.set(object.name, number);
    return number;
  }

  /** The ids of a segment; undefined: none. */
  addIds(ids: StoredIds | undefined): void {
    if (ids !== undefined) this.#ids.push(ids);
  }

  /** All objects that the map needs. */
  get objects(): readonly Kept[] {
    return this.#objects;
  }

  /** All segments that have ids. */
  get ids(): readonly StoredIds[] {
    return this.#ids;
  }

  /**
   * @param own whom the run seals to; null: nobody
   * @returns the map as it is stored
   */
  end(
    facts: Pick<MapHeader, 'point' | 'resource' | 'taken' | 'key' | 'refresh' | 'past' | 'converted'> &
      Pick<Disk, 'size' | 'digest'>,
    own: readonly string[] | null,
    key: Uint8Array | undefined,
  ): Buffer[] {
    this.#flush();
    const { recipients, index } = recipientSets(own);
    const [objects, ids] = [new Frames(), new Frames()];
    for (const object of this.#objects) objects.add(objectLine({ ...object, to: index(object.to) }));
    for (const one of this.#ids.sort((a, b) => a.segment - b.segment)) ids.add(idsLine(one));
    const { point, resource, taken, size, digest, refresh, past, converted } = facts;
    const header: Omit<MapHeader, 'tag'> = {
      format: 'openstack-backup map',
      version: 1,
      point,
      resource,
      taken,
      disk: { size, block: BLOCK, digest },
      recipients,
      key: facts.key,
      refresh,
      ...(past && { past }),
      ...(converted && { converted }),
      objects: objects.end(),
      ids: ids.end(),
      extents: { ...this.#extents.end(), blocks: this.blocks },
    };
    const first = new Frames();
    first.add(headerLine(header, key));
    first.end();
    return [first, objects, ids, this.#extents].flatMap(({ frames }) => frames);
  }

  #flush(): void {
    if (this.#extent !== undefined) this.#extents.add(extentLine(this.#extent));
    this.#extent = undefined;
  }
}

/** Numbers sets of recipients as they are asked for; the run's own is the first. */
export function recipientSets(own: readonly string[] | null): {
  readonly recipients: readonly (readonly string[])[];
  readonly index: (set: readonly string[] | null) => number | null;
} {
  const numbers = new Map<string, number>();
  const recipients: (readonly string[])[] = [];
  const index = (set: readonly string[] | null): number | null => {
    if (set === null) return null;
    const word = [...set].sort().join(' ');
    const number = numbers.get(word) ?? recipients.push(set) - 1;
    numbers.set(word, number);
    return number;
  };
  index(own);
  return { recipients, index };
}
