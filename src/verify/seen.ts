import type { Level } from '../manifest/schema.ts';

/** What was seen of one payload. */
export interface Seen {
  /** null: not even L0. */
  readonly level: Level | null;
  /** Damage that keeps it from the next level, in a sentence. */
  readonly fault?: string;
  /** The objects that are damaged. */
  readonly damaged?: readonly string[];
  /** Why it could not be looked at: no word about the payload. */
  readonly unsure?: string;
  /** What the disk is, or why that cannot be told. */
  readonly found?: string;
  /** Set if the level that was asked for cannot be had, and nothing is wrong: an empty disk. */
  readonly isBlank?: true;
  /** How many objects it has, and how many of them were read. */
  readonly objects: number;
  readonly read: number;
}
