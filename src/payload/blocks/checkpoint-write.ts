import type { Place } from '../../store/place.ts';
import type { Kept } from './base.ts';
import { WAIT_MS } from './clean.ts';
import {
  BLOCK,
  CHECKPOINT_BLOCKS,
  CHECKPOINT_OBJECTS,
  extentLine,
  headerLine,
  keyTag,
  type OwnExtent,
  objectLine,
} from './format.ts';
import { Frames, recipientSets } from './map-write.ts';
import { checkpointName, folderOf, type Resource } from './names.ts';

/** A run whose last checkpoint is older than {@link WAIT_MS} counts as dead. */
export const BEAT_MS = WAIT_MS / 4;

export interface CheckpointFacts {
  readonly resource: Resource;
  readonly point: string;
  /** Undefined: no run can build on it, so it names nothing. */
  readonly key: Uint8Array | undefined;
  readonly recipients: readonly string[] | null;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Notes in the store what a run under way has stored, so that the next run sends it no more if this one dies; and that it
 * is under way, so that nobody removes what it relies on.
 */
export class Checkpoints {
  readonly #place: Place;
  readonly #facts: CheckpointFacts;
  #objects: Kept[] = [];
  #extents: OwnExtent[] = [];
  #blocks = 0;
  #count = 0;
  /** The one that the next replaces. */
  #last: string | undefined;
  readonly #whole: string[] = [];
  /** When the store was told of the run. */
  #told: number;
  #turn: Promise<void> = Promise.resolve();

  constructor(place: Place, facts: CheckpointFacts) {
    this.#place = place;
    this.#facts = facts;
    this.#told = facts.now();
  }

  /** Notes an object that is stored. */
  async add(
    object: Kept,
    runs: readonly (readonly [start: number, count: number, first: number])[],
    ids: readonly Uint8Array[],
  ): Promise<void> {
    if (this.#facts.key === undefined) return;
    await this.#inTurn(() => this.#added(object, runs, ids));
  }

  /** Call it as the disk flows by: if nothing was stored for hours, this is noted in the store. */
  async beat(): Promise<void> {
    if (this.#facts.now() - this.#told >= BEAT_MS) await this.#inTurn(() => this.#put());
  }

  async #added(
    object: Kept,
    runs: readonly (readonly [start: number, count: number, first: number])[],
    ids: readonly Uint8Array[],
  ): Promise<void> {
    if (this.#objects.length >= CHECKPOINT_OBJECTS || this.#blocks >= CHECKPOINT_BLOCKS) {
      if (this.#last !== undefined) this.#whole.push(this.#last);
      this.#last = undefined;
      [this.#objects, this.#extents, this.#blocks] = [[], [], 0];
    }
    const index = this.#objects.push(object) - 1;
    this.#blocks += object.blocks;
    for (const [start, count, first] of runs)
      this.#extents.push([start, count, index, first, hex(ids.slice(first, first + count))]);
    await this.#put();
  }

  async #put(): Promise<void> {
    const { resource, point, now } = this.#facts;
    this.#told = now();
    const name = checkpointName(folderOf(resource), point, this.#count++);
    const text = this.#text();
    await this.#place.put(
      name,
      (async function* () {
        yield* text;
      })(),
    );
    const before = this.#last;
    this.#last = name;
    if (before !== undefined) await this.#remove(before);
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    // Whoever waits for it sees the error, and so does whoever comes after.
    this.#turn = turn;
    turn.catch(() => undefined);
    await turn;
  }

  /** The map has all now. */
  async end(): Promise<void> {
    for (const name of [...this.#whole, this.#last]) if (name !== undefined) await this.#remove(name);
  }

  #text(): Buffer[] {
    const { resource, point, key, recipients: own } = this.#facts;
    const { recipients, index } = recipientSets(own);
    const [objects, extents, first] = [new Frames(), new Frames(), new Frames()];
    for (const object of this.#objects) objects.add(objectLine({ ...object, to: index(object.to) }));
    for (const extent of this.#extents) extents.add(extentLine(extent));
    first.add(
      headerLine(
        {
          format: 'openstack-backup checkpoint',
          version: 1,
          point,
          resource,
          block: BLOCK,
          recipients,
          key: key === undefined ? null : keyTag(key),
          objects: objects.end(),
          extents: extents.end(),
        },
        key,
      ),
    );
    first.end();
    return [first, objects, extents].flatMap(({ frames }) => frames);
  }

  /** A place may forbid it: then it stays until it is pruned, and harms nothing. */
  async #remove(name: string): Promise<void> {
    await this.#place.remove(name).catch(() => undefined);
  }
}

function hex(ids: readonly Uint8Array[]): string {
  return Buffer.concat(ids).toString('hex');
}
