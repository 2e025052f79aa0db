/**
 * A place of the store: bytes that left the cloud, each under a name (see `name.ts`). It does not know what they are:
 * the layers above compress and seal. Nothing here assumes a file system or needs the size beforehand.
 *
 * What is under a name never changes. Several runs may use a place at once. Every place keeps this contract;
 * `test/unit/store/conformance.ts` tests it.
 */
export interface Place {
  /** As the input `store` gives it; for messages. */
  readonly name: string;
  /** How many puts at a time pay: several where each waits for an answer. Undefined: one. */
  readonly atOnce?: number;
  /** Digests that it needs of bytes that are {@link Gathered}, beside SHA-256, by the names of node:crypto. */
  readonly digests?: readonly string[];
  /**
   * Checks before the run starts that it can write there, and removes what dead runs left half-written. It leaves what
   * is complete, what a living run has, and what it is unsure of.
   *
   * @returns the names that dead runs put and did not let go. They are complete and a manifest may name them, so only a
   *   person removes them. Names with a `/` are not told: they are nobody's until something names them. Places that
   *   show nothing half-written tell none
   * @throws InputError if it cannot be written
   */
  prepare(): Promise<readonly string[]>;
  /**
   * Takes all bytes at its own pace, makes them last, and only then shows them under the name. If the source throws,
   * the write fails or the process dies, nobody ever sees the name; an error of the source is passed on.
   *
   * Places that need the size beforehand hold the bytes in memory, and take at most {@link LARGEST_OBJECT}. Bytes that
   * are {@link Gathered} are taken as they lie there, with the digests that they have, and are not copied.
   *
   * @param after settles before the name is shown, if the place writes first and shows then; if it rejects, so does this
   * @returns what is there now
   * @throws OperationError if the name exists, which stays as it was. Some services cannot tell if another run puts it at
   *   the same moment: so runs use names of their own
   */
  put(name: string, bytes: AsyncIterable<Uint8Array>, after?: Promise<unknown>): Promise<Stored>;
  /**
   * What is under a name. Do not trust it: compare size and digest.
   *
   * @param range only these bytes of it
   * @throws InputError if it is not there, and OperationError if it has fewer bytes than the range names; of a range
   *   with an end perhaps only while it is read
   */
  get(name: string, range?: ByteRange): Promise<Found>;
  /** @returns undefined if it is not there */
  head(name: string): Promise<Listed | undefined>;
  /**
   * All names that begin so, in the order of their characters. What runs keep there for themselves is left out. What
   * comes or goes meanwhile may be listed or not.
   *
   * @throws InputError if it cannot be listed
   */
  list(prefix?: string): AsyncGenerator<Listed, void>;
  /**
   * Lets a name go; call it right before a manifest names it. Until then the name is the run's own, and `prepare`
   * reports it if the run dies. Also lets go a name that `prepare` reported and a manifest turned out to name.
   */
  keep(name: string): Promise<void>;
  /** A name that is not there counts as removed. */
  remove(name: string): Promise<void>;
}

/** The most that a place without a file system takes under one name: 128 MiB. */
export const LARGEST_OBJECT = 128 * 1024 * 1024;

/** What was written. */
export interface Stored {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** From byte `start` up to `end`, or to the end of what is there; `end` itself is left out. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

export interface Found {
  /** Bytes; of a range those that come. */
  readonly size: number;
  /** Can be read once, at the reader's pace; to its end or not, but begun: a service may be answering already. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface Listed {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** When it was put: milliseconds since the epoch, by the place's clock. */
  readonly modified: number;
  /** Lower-case hex, if the service lists it. It is what the service says: compare it with the bytes. */
  readonly md5?: string | undefined;
}

/**
 * Opens a store.
 *
 * @param name as the input `store` takes it; undefined for the one that it gives
 * @throws InputError if none is given, or it is not supported
 */
export type OpenStore = (name: string | undefined) => Promise<Place>;
