/** A partition of a disk, or a place of another table. Bytes. */
export interface Partition {
  /** As tools number it: 1 is the first. */
  readonly number: number;
  readonly start: number;
  readonly size: number;
}

/** What a table says. */
export interface Table {
  readonly what: string;
  readonly partitions: readonly Partition[];
  /** Where the chain of logical partitions goes on, of an MBR table. */
  readonly next?: Chained | undefined;
  /** Why the table cannot be relied on; undefined if it can. */
  readonly fault?: string;
}

/** An extended boot record, which names one logical partition and the next record. */
export interface Chained {
  /** Bytes, of this record. */
  readonly at: number;
  /** Bytes, of the first record: the others count from there. */
  readonly base: number;
  /** The number that its partition gets. */
  readonly number: number;
}

/** More than any tool makes: what a hostile table costs is bounded. */
export const MOST_PARTITIONS = 128;
