import { type Beginning, CHUNK, SEALED_CHUNK, type Sealer, TAG } from '../../keys/age.ts';
import type { Place } from '../../store/place.ts';
import { Gathered } from '../../stream/gathered.ts';
import { copyInto } from '../../stream/shared.ts';
import type { Kept } from './base.ts';
import type { Checkpoints } from './checkpoint-write.ts';
import { Closer } from './closing.ts';
import { OBJECT_BLOCKS, OBJECT_BYTES } from './format.ts';
import { seekTable, tableBytes } from './frame.ts';
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
  /** How a sealed one begins. */
  readonly beginning: Beginning | undefined;
  readonly table: { readonly packed: number; readonly plain: number }[];
  readonly runs: [start: number, count: number, first: number][];
  readonly ids: Uint8Array[];
  bytes: number;
}

/** Plain bytes of an object at most. */
const MOST_PLAIN = OBJECT_BYTES + tableBytes(OBJECT_BLOCKS);
/** Stored bytes of that, without the head. */
const MOST_STORED = MOST_PLAIN + Math.ceil(MOST_PLAIN / CHUNK) * TAG;

/** Gathers frames into objects, each in memory once from then on, and puts these, several at a time. */
export class ObjectWriter {
  /** Bytes that were put. */
  sent = 0;
  readonly #place: Place;
  readonly #options: ObjectsOptions;
  readonly #underWay = new Set<Promise<void>>();
  /** Used in turn. */
  readonly #memory: Buffer[] = [];
  readonly #closer: Closer;
  #open: Open | undefined;
  #count = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(place: Place, options: ObjectsOptions) {
    this.#place = place;
    this.#options = options;
    this.#closer = new Closer(['sha256', ...(place.digests ?? [])]);
  }

  /** @returns where the block is going to lie; size and digest of the object come when it is stored */
  async add({ number, size, frame, id }: Block): Promise<readonly [object: Kept, index: number]> {
    const full = this.#open;
    if (full && (full.bytes + frame.length > OBJECT_BYTES || full.table.length === OBJECT_BLOCKS))
      await this.#close();
    this.#open ??= await this.#begun();
    const open = this.#open;
    const index = open.table.length;
    lay(open, frame);
    open.table.push({ packed: frame.length, plain: size });
    open.ids.push(id);
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
    await this.#closer.end();
  }

  async #begun(): Promise<Open> {
    const { folder, point, seal } = this.#options;
    const name = dataName(folder, point, this.#count++);
    const object = { name, size: 0, sha256: '', blocks: 0, to: seal?.recipients ?? null };
    const beginning = await seal?.sealer.begin();
    const { head = EMPTY } = beginning ?? {};
    const used = this.#memory.pop();
    const most = head.length + MOST_STORED;
    const memory = used && used.length >= most ? used : Buffer.from(new SharedArrayBuffer(most));
    memory.set(head);
    return { object, memory, beginning, table: [], runs: [], ids: [], bytes: 0 };
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    while (this.#underWay.size >= this.#options.atOnce) await Promise.race(this.#underWay);
    const before = this.#turn;
    const put = this.#put(open, before);
    // In their order: a checkpoint is of all that came before it.
    const turn = Promise.all([before, put]).then(async () => {
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

  async #put(open: Open, before: Promise<void>): Promise<void> {
    const { object, memory, beginning, table } = open;
    lay(open, seekTable(table));
    this.#options.signal?.throwIfAborted();
    const head = beginning?.head.length ?? 0;
    const bytes = memory.subarray(0, head + storedBytes(open));
    const digests = await this.#closer.close({ memory: bytes, head, key: beginning?.key });
    const stored = await this.#place.put(object.name, new Gathered(bytes, digests), before);
    this.#memory.push(memory);
    object.size = stored.size;
    object.sha256 = stored.sha256;
    this.sent += stored.size;
  }
}

const EMPTY = Buffer.alloc(0);

/** Bytes that an object has without its head. */
function storedBytes({ beginning, bytes }: Open): number {
  return beginning === undefined ? bytes : bytes + Math.ceil(bytes / CHUNK) * TAG;
}

/** Puts plain bytes behind those that are there: of a sealed object with room for a tag behind each chunk. */
function lay(open: Open, plain: Uint8Array): void {
  const { beginning, memory } = open;
  for (let at = 0; at < plain.length; ) {
    const inChunk = open.bytes % CHUNK;
    const room = beginning === undefined ? plain.length : CHUNK - inChunk;
    const to =
      beginning === undefined
        ? open.bytes
        : beginning.head.length + ((open.bytes - inChunk) / CHUNK) * SEALED_CHUNK + inChunk;
    const part = plain.subarray(at, at + room);
    copyInto(memory, to, part);
    at += part.length;
    open.bytes += part.length;
  }
}
