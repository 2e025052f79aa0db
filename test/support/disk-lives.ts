import { DENSE, type Night } from '../../src/payload/blocks/past.ts';
import type { Random } from './random.ts';

/** How a block compresses: packed bytes a byte. */
export type Content = (random: Random) => number;

/** Text, programs, pages of a database. */
export const plain: Content = (random) => 0.25 + 0.35 * random();
/** JPEG, video, archives. */
export const media: Content = (random) => 0.96 + 0.04 * random();
/** Encrypted, or random. */
export const noise: Content = () => 1;
/** The same as text, such as what `gpg --armor` writes. */
export const base64: Content = () => 0.757;
/** Zeros are no block at all, and what repeats takes up next to nothing. */
export const nothing: Content = () => 0;
/** So much of it does not compress. */
export const mixed =
  (share: number): Content =>
  (random) =>
    (random() < share ? media : plain)(random);

const BLOCK = 65_536;

/** A disk of which only how its blocks compress is known. */
export class SimulatedDisk {
  /** 0: zeros. */
  readonly #blocks: number[];
  readonly #random: Random;
  #changed = new Set<number>();

  constructor(random: Random, blocks: readonly number[]) {
    this.#random = random;
    this.#blocks = [...blocks];
  }

  static of(random: Random, blocks: number, content: Content): SimulatedDisk {
    return new SimulatedDisk(
      random,
      Array.from({ length: blocks }, () => content(random)),
    );
  }

  /** The same disk, with another life before it. */
  forked(random: Random): SimulatedDisk {
    return new SimulatedDisk(random, this.#blocks);
  }

  get used(): number {
    let count = 0;
    for (const packed of this.#blocks) if (packed > 0) count += 1;
    return count;
  }

  /** New files, where nothing was. @param share of what is in use */
  add(share: number, content: Content): void {
    let at = 0;
    for (let left = Math.round(this.used * share); left > 0; left -= 1) {
      while ((this.#blocks[at] ?? 0) > 0) at += 1;
      this.#put(at, content);
    }
  }

  /** What is in use becomes something else: of each block so much. @param share how many of the blocks */
  write(share: number, content: Content, partly = 1): void {
    this.#each(share, (at, before) =>
      this.#put(at, (random) => before * (1 - partly) + content(random) * partly),
    );
  }

  /** What does not compress is replaced by what is like it. */
  again(): void {
    this.#each(1, (at, before) => {
      if (before > 0.9) this.#put(at, media);
    });
  }

  /** Blocks trade places: nothing is lost. */
  move(share: number): void {
    const all: number[] = [];
    this.#each(share, (at) => all.push(at));
    const contents = all.map((at) => this.#blocks[at] ?? 0);
    all.forEach((at, index) => {
      this.#put(at, () => contents[(index + 1) % contents.length] ?? 0);
    });
  }

  /** What a run sees since the last one. */
  night(): Night {
    const seen = { used: 0, whole: 0, fresh: 0, packed: 0, dense: 0 };
    for (const packed of this.#blocks) {
      if (packed > 0) seen.used += BLOCK;
      seen.whole += packed * BLOCK;
    }
    for (const at of this.#changed) {
      const packed = this.#blocks[at] ?? 0;
      if (packed > 0) seen.fresh += BLOCK;
      seen.packed += packed * BLOCK;
      if (packed > DENSE) seen.dense += BLOCK;
    }
    this.#changed = new Set();
    return { ...seen, whole: Math.round(seen.whole), packed: Math.round(seen.packed) };
  }

  #put(at: number, content: Content): void {
    this.#blocks[at] = content(this.#random);
    this.#changed.add(at);
  }

  #each(share: number, deed: (at: number, packed: number) => void): void {
    for (let at = 0; at < this.#blocks.length; at += 1) {
      const packed = this.#blocks[at] ?? 0;
      if (packed > 0 && (share >= 1 || this.#random() < share)) deed(at, packed);
    }
  }
}
