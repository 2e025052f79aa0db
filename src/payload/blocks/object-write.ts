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
  readonly checkpoints: Checkpoints;
  readonly signal: AbortSignal | undefined;
}

/** New blocks of an object, on their way into the store. */
interface Open {
  readonly object: { -readonly [K in keyof Kept]: Kept[K] };
  readonly memory: Buffer;
  readonly table: { readonly packed: number; readonly plain: number }[];
  readonly runs: [start: number, count: number, first: number][];
  readonly ids: Uint8Array[];
  bytes: number;
}

/** Bytes that are given out at once. */
const PIECE = 1 << 20;

/** Gathers frames into objects and puts these, several at a time. */
export class ObjectWriter {
  /** Bytes that were put. */
  sent = 0;
  readonly #place: Place;
  readonly #options: ObjectsOptions;
  readonly #underWay = new Set<Promise<void>>();
  /** Used in turn. */
  readonly #memory: Buffer[] = [];
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
    open.memory.set(frame, open.bytes);
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
    const memory = this.#memory.pop() ?? Buffer.allocUnsafe(OBJECT_BYTES);
    return { object, memory, table: [], runs: [], ids: [], bytes: 0 };
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    while (this.#underWay.size >= this.#options.atOnce) await Promise.race(this.#underWay);
    const put = this.#put(open);
    // In their order: a checkpoint is of all that came before it.
    const turn = Promise.all([this.#turn, put]).then(async () => {
      await this.#options.checkpoints.add(open.object, open.runs, open.ids);
    });
    this.#turn = turn;
    // Stays there if it failed, so that whoever waits for room fails, too.
    this.#underWay.add(turn);
    turn.then(
      () => this.#underWay.delete(turn),
      () => undefined,
    );
  }

  async #put({ object, memory, table, bytes }: Open): Promise<void> {
    const { seal, signal } = this.#options;
    const pieces = (async function* () {
      for (let at = 0; at < bytes; at += PIECE) {
        signal?.throwIfAborted();
        yield memory.subarray(at, Math.min(bytes, at + PIECE));
      }
      yield seekTable(table);
    })();
    const stored = await this.#place.put(
      object.name,
      seal === undefined ? pieces : seal.sealer.stream(pieces),
    );
    this.#memory.push(memory);
    object.size = stored.size;
    object.sha256 = stored.sha256;
    this.sent += stored.size;
  }
}
