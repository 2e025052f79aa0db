import { ahead, filled } from '../../stream/chunks.ts';
import { type Digester, digesterBeside, digesterHere } from '../../stream/digests.ts';
import { SharedPieces } from '../../stream/shared.ts';
import type { Cursor, Kept, Slice } from './base.ts';
import { type Compared, type Comparison, FRAME_HEAD, ZEROS } from './compare.ts';
import { BLOCK, blocksIn, ID_BYTES } from './format.ts';
import { type Comparer, comparerBeside, comparerHere, threads } from './threads.ts';

/** A block of the disk that is not zeros. */
export interface Block {
  readonly number: number;
  /** Bytes. */
  readonly size: number;
  readonly id: Uint8Array;
  /** Where it is stored already, and by which of those that were asked for. */
  readonly found: readonly [object: Kept, index: number] | undefined;
  readonly layer: number | undefined;
  /** Its frame, if it is not stored. Valid until the next blocks are asked for. */
  readonly frame: Uint8Array;
}

/** A piece of the disk, on its way. */
interface Piece {
  readonly start: number;
  readonly size: number;
  readonly slices: readonly Slice[];
  readonly compared: Promise<Compared>;
  readonly frames: Uint8Array;
  /** Gives its memory back. */
  readonly free: () => void;
}

/** Blocks of the disk, from the first up to the last, which is left out. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const PIECE_BLOCKS = 16;
const PIECE = PIECE_BLOCKS * BLOCK;
const FRAMES = PIECE_BLOCKS * (BLOCK + FRAME_HEAD);

/** Cuts a disk into blocks, compares and packs them and computes its digests, on all cores, in a fixed amount of memory. */
export class Pieces {
  readonly #comparison: Comparison;
  readonly #algorithms: readonly string[];
  readonly #memory = new SharedPieces(2 * threads() + 2, PIECE + FRAMES);
  readonly #unread = new Set<() => void>();
  #stopped = false;
  #comparer: Comparer | undefined;
  #digester: Digester | undefined;

  constructor(comparison: Comparison, algorithms: readonly string[]) {
    this.#comparison = comparison;
    this.#algorithms = algorithms;
  }

  /**
   * The blocks that are not zeros.
   *
   * @param again blocks that count as new, whatever the earlier points have
   */
  async *blocks(
    source: AsyncIterable<Uint8Array>,
    cursors: readonly Cursor[],
    again: Range,
  ): AsyncGenerator<readonly Block[], void> {
    for await (const piece of ahead(this.#pieces(source, cursors, again), 2 * threads())) {
      let read = false;
      try {
        yield blocksOf(piece, await piece.compared);
        read = true;
      } finally {
        piece.free();
        // Of pieces that nobody reads any more, too: their maker may wait for it.
        if (!read) this.#stop();
      }
    }
    await this.#memory.allIdle();
  }

  /** Lower-case hex, by algorithm. Call it once, when all blocks were read. */
  async digests(): Promise<Record<string, string>> {
    const digests = (await this.#digester?.digests()) ?? [];
    return Object.fromEntries(this.#algorithms.map((name, index) => [name, digests[index] ?? '']));
  }

  async close(): Promise<void> {
    await Promise.all([this.#comparer?.close(), this.#digester?.close()]);
  }

  #stop(): void {
    this.#stopped = true;
    for (const free of this.#unread) free();
  }

  async *#pieces(
    source: AsyncIterable<Uint8Array>,
    cursors: readonly Cursor[],
    again: Range,
  ): AsyncGenerator<Piece, void> {
    let start = 0;
    const room = async () => (await this.#memory.idle()).subarray(0, PIECE);
    for await (const { bytes, last } of filled(source, room)) {
      this.#digester ??= (last ? digesterHere : digesterBeside)(this.#algorithms);
      this.#comparer ??= (last ? comparerHere : comparerBeside)(this.#comparison);
      const count = blocksIn(bytes.length);
      const slices: Slice[] = [];
      for (const cursor of cursors) slices.push(await cursor.take(start, count));
      for (const { has } of slices) has.fill(0, clamp(again.from - start), clamp(again.to - start));
      const layers = slices.map(({ has, ids }) => ({ has, ids }));
      const frames = new Uint8Array(bytes.buffer, PIECE);
      const compared = this.#comparer.compare(bytes, layers, frames);
      const { promise: read, resolve } = Promise.withResolvers<void>();
      const free = () => {
        this.#unread.delete(free);
        resolve();
      };
      this.#unread.add(free);
      if (this.#stopped) free();
      this.#memory.use(Promise.all([compared, this.#digester.update(bytes), read]));
      yield { start, size: bytes.length, slices, compared, frames, free };
      start += count;
    }
  }
}

/** Negative positions count from the end. */
const clamp = (at: number) => Math.max(0, at);

function blocksOf({ start, size, slices, frames }: Piece, { verdicts, ids, sizes }: Compared): Block[] {
  const blocks: Block[] = [];
  let [made, end] = [0, 0];
  for (const [at, verdict] of verdicts.entries()) {
    if (verdict === ZEROS) continue;
    const number = start + at;
    const found = slices[verdict]?.at(number);
    const begin = end;
    if (found === undefined) end += sizes[made++] ?? 0;
    blocks.push({
      number,
      size: Math.min(BLOCK, size - at * BLOCK),
      id: ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES),
      found,
      layer: found && verdict,
      frame: frames.subarray(begin, end),
    });
  }
  return blocks;
}
