import type { Sealer } from '../../keys/age.ts';
import type { Place } from '../../store/place.ts';
import type { Kept } from './base.ts';
import type { Checkpoints } from './checkpoint-write.ts';
import { OBJECT_BLOCKS, OBJECT_BYTES } from './format.ts';
import { seekTable } from './frame.ts';
import { dataName } from './names.ts';
import type { Block } from './pieces.ts';

/** To whom a store is sealed. */
export interface Seal {
  readonly sealer: Sealer;
  /** The same as text. */
  readonly recipients: readonly string[];
}

export interface ObjectsOptions {
  readonly folder: string;
  readonly point: string;
  /** Undefined: objects lie in clear. */
  readonly seal: Seal | undefined;
  /** How many are put at a time. */
  readonly atOnce: number;
  /** Undefined without a store key. */
  readonly checkpoints: Checkpoints | undefined;
  readonly signal: AbortSignal | undefined;
}

/** New blocks of an object, on their way into the store. */
interface Open {
  readonly object: { -readonly [K in keyof Kept]: Kept[K] };
  readonly frames: Uint8Array[];
  readonly table: { readonly packed: number; readonly plain: number }[];
  readonly runs: [start: number, count: number, first: number][];
  readonly ids: Uint8Array[];
  bytes: number;
}

/** Gathers frames into objects and puts these, several at a time. */
export class ObjectWriter {
  /** Bytes that were put. */
  sent = 0;
  readonly #place: Place;
  readonly #options: ObjectsOptions;
  readonly #underWay = new Set<Promise<void>>();
  #open: Open | undefined;
  #count = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(place: Place, options: ObjectsOptions) {
    this.#place = place;
    this.#options = options;
  }

  /** @returns where the block is going to lie; size and digest of the object come when it is stored */
  async add({ number, size, frame, id }: Block): Promise<readonly [object: Kept, index: number]> {
    const full = this.#open;
    if (full && (full.bytes + frame.length > OBJECT_BYTES || full.table.length === OBJECT_BLOCKS))
      await this.#close();
    this.#open ??= this.#begun();
    const open = this.#open;
    const index = open.table.length;
    open.frames.push(frame);
    open.table.push({ packed: frame.length, plain: size });
    open.ids.push(id);
    open.bytes += frame.length;
    const last = open.runs.at(-1);
    if (last !== undefined && last[0] + last[1] === number) last[1] += 1;
    else open.runs.push([number, 1, index]);
    open.object.blocks = index + 1;
    return [open.object, index];
  }

  /** Puts what is left. All is stored once this resolves. */
  async end(): Promise<void> {
    await this.#close();
    await this.#turn;
  }

  /** Waits for what is under way, however it ends. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  #begun(): Open {
    const { folder, point, seal } = this.#options;
    const name = dataName(folder, point, this.#count++);
    const object = { name, size: 0, sha256: '', blocks: 0, to: seal?.recipients ?? null };
    return { object, frames: [], table: [], runs: [], ids: [], bytes: 0 };
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    while (this.#underWay.size >= this.#options.atOnce) await Promise.race(this.#underWay);
    const put = this.#put(open);
    // In their order: a checkpoint is of all that came before it.
    const turn = Promise.all([this.#turn, put]).then(async () => {
      await this.#options.checkpoints?.add(open.object, open.runs, open.ids);
    });
    this.#turn = turn;
    // Stays there if it failed, so that whoever waits for room fails, too.
    this.#underWay.add(turn);
    turn.then(
      () => this.#underWay.delete(turn),
      () => undefined,
    );
  }

  async #put({ object, frames, table }: Open): Promise<void> {
    const { seal, signal } = this.#options;
    const bytes = (async function* () {
      for (const frame of frames) {
        signal?.throwIfAborted();
        yield frame;
      }
      yield seekTable(table);
    })();
    const stored = await this.#place.put(object.name, seal === undefined ? bytes : seal.sealer.stream(bytes));
    object.size = stored.size;
    object.sha256 = stored.sha256;
    this.sent += stored.size;
    // The blocks' memory, while its checkpoint waits.
    frames.length = 0;
  }
}
