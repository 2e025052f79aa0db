import { createHash } from 'node:crypto';
import { messageOf, PlainError } from '../../errors.ts';
import { LARGEST_OBJECT, type Listed, type Place } from '../../store/place.ts';
import { allOf } from '../../stream/chunks.ts';
import { readCheckpoint } from './checkpoint-read.ts';
import {
  BLOCK,
  type CheckpointHeader,
  ID_BYTES,
  keyTag,
  type MapHeader,
  MOST_OBJECTS,
  OBJECT_BYTES,
  SEGMENT,
  type StoredIds,
  type StoredObject,
  tagHolds,
} from './format.ts';
import { MAP_PIECE, type Proof, Proving, provedBytes } from './map-bytes.ts';
import { type OpenedMap, readMapIn } from './map-read.ts';
import { isNameIn, type Resource } from './names.ts';

/** An object of the resource, and who can open it. */
export interface Kept extends Omit<StoredObject, 'to'> {
  /** null: it lies in clear. */
  readonly to: readonly string[] | null;
}

/** Blocks of an earlier point: `start` to `start + count - 1` of the disk. */
export interface Run {
  readonly start: number;
  readonly count: number;
  readonly object: Kept;
  /** Which of the object's blocks is the first of them. */
  readonly first: number;
  /** 16 bytes a block. */
  readonly ids: Uint8Array;
}

/** What a run wants to build on. */
export interface Seeker {
  readonly resource: Resource;
  readonly key: Uint8Array;
  /** null: this run does not seal. */
  readonly recipients: readonly string[] | null;
}

/** The map of an earlier point that was proved, to be read again. */
export interface BaseMap {
  readonly name: string;
  readonly header: MapHeader;
  /** So that it can be read again. */
  open(): Promise<OpenedMap>;
}

/** What became of a base while it was read beside the disk. */
export interface BaseRead {
  /** The ids that were read, by segment. */
  readonly ids: Map<number, StoredIds>;
  /** It lacks some of what it had: ids, objects, or its end. */
  lacks: boolean;
}

const MOST_MAPS = 3;
/** A map that an object place takes; what is twice as large may be none. */
const LARGEST_BASE = LARGEST_OBJECT / 2;
/** Dead runs whose checkpoints are used, the newest. */
const MOST_RUNS = 3;

/** What a store holds of a resource. */
export interface Holding {
  /** Bytes of objects and ids, by name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** The newest maps, the newest first. */
  readonly maps: readonly Pick<Listed, 'name' | 'size'>[];
  /** The checkpoints of the newest runs that died or are under way, a list for each run, in their order. */
  readonly checkpoints: readonly (readonly string[])[];
}

/**
 * @param point whose own names are left out
 * @param damaged objects that count as gone
 */
export async function holdingOf(
  place: Place,
  folder: string,
  point: string,
  damaged: ReadonlySet<string> = new Set(),
): Promise<Holding> {
  const sizes = new Map<string, number>();
  const maps: Holding['maps'][number][] = [];
  const runs = new Map<string, { readonly names: string[]; modified: number }>();
  for await (const { name, size, modified } of place.list(`${folder}/`)) {
    if (name.includes(point) || damaged.has(name)) continue;
    if (isNameIn(folder, 'data', name) || isNameIn(folder, 'ids', name)) sizes.set(name, size);
    else if (isNameIn(folder, 'maps', name)) maps.push({ name, size });
    else if (isNameIn(folder, 'open', name)) {
      const of = name.slice(0, name.lastIndexOf('-'));
      const run = runs.get(of) ?? { names: [], modified };
      run.names.push(name);
      run.modified = Math.max(run.modified, modified);
      runs.set(of, run);
    }
  }
  const number = (name: string) => Number(name.slice(name.lastIndexOf('-') + 1));
  return {
    sizes,
    maps: maps.slice(-MOST_MAPS).reverse(),
    checkpoints: [...runs.values()]
      .sort((a, b) => b.modified - a.modified)
      .slice(0, MOST_RUNS)
      .map(({ names }) => names.sort((a, b) => number(a) - number(b))),
  };
}

/**
 * The newest map that can be built on, proved to its end.
 *
 * @param maps the newest first
 * @param piece bytes of it that are asked for at once
 * @returns or why there is none, in words
 */
export async function findMap(
  place: Place,
  maps: Holding['maps'],
  seeker: Seeker,
  piece: number = MAP_PIECE,
): Promise<{ readonly map?: BaseMap; readonly why?: string }> {
  let why: string | undefined;
  for (const { name, size } of maps) {
    try {
      if (size > LARGEST_BASE) throw new Unfit(`has ${size} bytes, so scattered is the disk`);
      const proving = new Proving(piece);
      const { bytes } = await place.get(name);
      const map = await readMapIn(proving.through(bytes), name, undefined, admission(seeker));
      await map.prove();
      return { map: baseMap(place, name, map.header, proving.proof(), piece) };
    } catch (error) {
      why ??= told(error, name);
    }
  }
  return why === undefined ? {} : { why };
}

/** @throws Unfit unless a run can build on what has this header */
export function admission({ resource, key, recipients }: Seeker) {
  return (header: MapHeader | CheckpointHeader, line: string): void => {
    if (header.key === null) throw new Unfit('was made without a store key');
    if (header.key !== keyTag(key)) throw new Unfit('was made with another store key');
    if (!tagHolds(line, key)) throw new Unfit('was altered: its tag does not hold');
    if (header.resource.kind !== resource.kind || header.resource.id !== resource.id)
      throw new Unfit('is of another resource');
    if (recipients === null && header.recipients.length > 0)
      throw new Unfit('is sealed, and this backup is not');
    if (recipients !== null && header.recipients.length === 0)
      throw new Unfit('is in clear, and this backup is sealed');
    if (!header.recipients.every((set) => recipients?.every((one) => set.includes(one))))
      throw new Unfit('is not sealed to all recipients of this backup');
    roomIn(header);
  };
}

/**
 * A base may have half of the objects that a map may name beyond full ones: what a run adds has to fit, too, and that is
 * no more than full objects of the whole disk.
 *
 * @throws Unfit
 */
function roomIn({ objects, extents }: MapHeader | CheckpointHeader): void {
  const full = 'blocks' in extents ? Math.ceil((extents.blocks * BLOCK) / OBJECT_BYTES) : 0;
  if (objects.count > (MOST_OBJECTS + full) / 2)
    throw new Unfit(`names ${objects.count} objects, so scattered is the disk`);
}

/** Why a run does not build on an earlier point. */
export class Unfit extends Error {}

/**
 * Why a map or checkpoint is not to be had, in words.
 *
 * @throws what is not about it, but about the run
 */
export function told(error: unknown, name: string): string {
  if (error instanceof Unfit) return `${name} ${error.message}`;
  if (error instanceof PlainError) return messageOf(error);
  throw error;
}

/** The objects of a map or checkpoint. */
export function keptOf(
  { recipients }: Pick<MapHeader, 'recipients'>,
  objects: readonly StoredObject[],
): Kept[] {
  return objects.map((object) => ({
    ...object,
    to: object.to === null ? null : (recipients[object.to] ?? null),
  }));
}

function baseMap(place: Place, name: string, header: MapHeader, proof: Proof, piece: number): BaseMap {
  return { name, header, open: () => readMapIn(provedBytes(place, name, proof, piece), name) };
}

/**
 * The blocks of a map with their ids, in the order of the disk. A segment whose ids are not to be had is left out: it
 * costs sending its blocks again. A map that is gone meanwhile, or another, ends: what came of it before was proved.
 *
 */
export async function* runsOfMap(place: Place, base: BaseMap, read: BaseRead): AsyncGenerator<Run, void> {
  try {
    yield* runsIn(place, await base.open(), read);
  } catch (error) {
    told(error, base.name);
    read.lacks = true;
  }
}

async function* runsIn(place: Place, map: OpenedMap, read: BaseRead): AsyncGenerator<Run, void> {
  const objects = keptOf(map.header, map.objects);
  const stored = new Map(map.ids.map((ids) => [ids.segment, ids]));
  let [segment, used] = [-1, 0];
  let ids: Buffer | undefined;
  try {
    for await (const [start, count, object, first] of map.extents)
      for (let done = 0; done < count; ) {
        const at = start + done;
        if (Math.floor(at / SEGMENT) !== segment) {
          segment = Math.floor(at / SEGMENT);
          used = 0;
          const own = stored.get(segment);
          ids = await idsIn(place, own);
          if (own !== undefined && ids !== undefined) read.ids.set(segment, own);
          else read.lacks = true;
        }
        const part = Math.min(count - done, (segment + 1) * SEGMENT - at);
        const own = ids?.subarray(used * ID_BYTES, (used + part) * ID_BYTES);
        const kept = objects[object];
        if (kept !== undefined && own?.length === part * ID_BYTES)
          yield { start: at, count: part, object: kept, first: first + done, ids: own };
        used += part;
        done += part;
      }
  } finally {
    await map.close();
  }
}

async function idsIn(place: Place, stored: StoredIds | undefined): Promise<Buffer | undefined> {
  if (stored === undefined) return undefined;
  try {
    const { size, bytes } = await place.get(stored.name);
    if (size !== stored.size) return undefined;
    const ids = await allOf(bytes);
    return createHash('sha256').update(ids).digest('hex') === stored.sha256 ? ids : undefined;
  } catch (error) {
    if (error instanceof PlainError) return undefined;
    throw error;
  }
}

/** The blocks that a run's checkpoints name. One that is gone or unfit costs sending its blocks again. */
export async function* runsOfCheckpoints(
  place: Place,
  names: readonly string[],
  seeker: Seeker,
): AsyncGenerator<Run, void> {
  let reached = 0;
  for (const name of names) {
    try {
      const { header, objects, extents } = await readCheckpoint(place, name, admission(seeker));
      const kept = keptOf(header, objects);
      for (const [start, count, index, first, ids] of extents) {
        const object = kept[index];
        // A checkpoint whose successor was written before the run died names the same again.
        if (start < reached || object === undefined) continue;
        reached = start + count;
        yield { start, count, object, first, ids: Buffer.from(ids, 'hex') };
      }
    } catch (error) {
      told(error, name);
    }
  }
}

/** Those whose objects the store still has. The blocks of others are sent again. */
export async function* stillStored(
  runs: AsyncIterable<Run>,
  sizes: ReadonlyMap<string, number>,
  read?: BaseRead,
): AsyncGenerator<Run, void> {
  for await (const run of runs)
    if (sizes.get(run.object.name) === run.object.size) yield run;
    else if (read !== undefined) read.lacks = true;
}

/** Reads runs beside the disk. */
export class Cursor {
  readonly #runs: AsyncGenerator<Run, void>;
  #run: Run | undefined;
  #begun = false;

  constructor(runs: AsyncGenerator<Run, void>) {
    this.#runs = runs;
  }

  /**
   * What there is of the next blocks. Ask for ascending ones.
   *
   * @returns for each block its id and where it lies, or undefined
   */
  async take(start: number, count: number): Promise<Slice> {
    const slice = { has: new Uint8Array(count), ids: new Uint8Array(count * ID_BYTES) };
    const runs: Run[] = [];
    if (!this.#begun) await this.#next();
    for (; this.#run !== undefined && this.#run.start < start + count; await this.#next()) {
      const { start: begin, count: length, ids } = this.#run;
      const [from, to] = [Math.max(begin, start), Math.min(begin + length, start + count)];
      if (from < to) {
        runs.push(this.#run);
        slice.has.fill(1, from - start, to - start);
        slice.ids.set(
          ids.subarray((from - begin) * ID_BYTES, (to - begin) * ID_BYTES),
          (from - start) * ID_BYTES,
        );
      }
      if (begin + length > start + count) break;
    }
    const at = (block: number) => {
      const run = runs.find((one) => block < one.start + one.count);
      if (run === undefined) throw new RangeError(`no run has block ${block}`);
      return [run.object, run.first + block - run.start] as const;
    };
    return { ...slice, at };
  }

  async close(): Promise<void> {
    await this.#runs.return();
  }

  async #next(): Promise<void> {
    this.#begun = true;
    const { done, value } = await this.#runs.next();
    this.#run = done ? undefined : value;
  }
}

export interface Slice {
  readonly has: Uint8Array;
  readonly ids: Uint8Array;
  /** Where a block of the disk lies that the slice has. */
  readonly at: (block: number) => readonly [object: Kept, index: number];
}
