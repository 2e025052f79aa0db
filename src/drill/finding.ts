import type { DrilledPoint } from '../manifest/schema.ts';

export type DrillLevel = DrilledPoint['level'];

/** What a drill showed. */
export interface Finding {
  /** null: not proved. */
  readonly reached: DrilledPoint['reached'];
  /** In words. */
  readonly seen: readonly string[];
  /** Bytes that were read. */
  readonly size: number;
  /** Whether the saved key was seen to open the data. */
  readonly keyProved: boolean;
  /** Why it is not proved; undefined if it is. */
  readonly why?: string;
  /** Why it is neither proved nor refuted. */
  readonly undecided?: string;
  /** The last lines of a console: told, but not recorded, since a guest may write secrets there. */
  readonly console?: readonly string[];
}
