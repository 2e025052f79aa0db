/**
 * A place of the store: bytes that left the cloud, each under a name. It does not know what they are: the layers above
 * compress and seal. Nothing here assumes a file system or needs the size beforehand.
 *
 * What is under a name never changes. Several runs may use a place at once. Every place keeps this contract;
 * `test/unit/store/conformance.ts` tests it.
 */
export interface Place {
  /** As the input `store` gives it; for messages. */
  readonly name: string;
  /**
   * Checks before the run starts that it can write there, and removes what dead runs left half-written. It leaves what
   * is complete, what a living run has, and what it is unsure of.
   *
   * @returns the names that dead runs put and did not let go. They are complete and a manifest may name them, so only a
   *   person removes them
   * @throws InputError if it cannot be written
   */
  prepare(): Promise<readonly string[]>;
  /**
   * Takes all bytes at its own pace, makes them last, and only then shows them under the name. If the source throws,
   * the write fails or the process dies, nobody ever sees the name; an error of the source is passed on.
   *
   * @returns what is there now
   * @throws OperationError if the name exists, which stays as it was
   */
  put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<Stored>;
  /**
   * What is under a name. Do not trust it: compare size and digest.
   *
   * @throws InputError if it is not there
   */
  get(name: string): Promise<Found>;
  /**
   * Everything under a name, with its size in bytes. What runs keep there for themselves is left out.
   *
   * @throws InputError if it cannot be listed
   */
  list(): Promise<ReadonlyMap<string, number>>;
  /**
   * Lets a name go; call it right before a manifest names it. Until then the name is the run's own, and `prepare`
   * reports it if the run dies. Also lets go a name that `prepare` reported and a manifest turned out to name.
   */
  keep(name: string): Promise<void>;
  /** A name that is not there counts as removed. */
  remove(name: string): Promise<void>;
}

/** What was written. */
export interface Stored {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Found {
  /** Bytes. */
  readonly size: number;
  /** Can be read once, at the reader's pace. Nothing is opened before the first read. */
  readonly bytes: AsyncIterable<Uint8Array>;
}
