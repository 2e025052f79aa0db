/**
 * A place of the store: bytes that left the cloud, each under a name. Of what they are it knows nothing: what is packed
 * and sealed is packed and sealed above. Nothing here assumes a file system, and nothing needs the size beforehand.
 *
 * What is under a name never changes. Several runs may use a place at once. What holds for one place holds for all:
 * `test/unit/store/conformance.ts` is this contract as tests.
 */
export interface Place {
  /** As the input `store` names it; for messages. */
  readonly name: string;
  /**
   * Finds out before the run starts whether it can be written there, and removes what dead runs left half-written. What
   * lives, and what it cannot tell of, stays; so does what is whole.
   *
   * @returns the names of what dead runs put and did not let go. It is whole, and a manifest may name it: nobody but a
   *   person removes it
   * @throws InputError if it cannot be written
   */
  prepare(): Promise<readonly string[]>;
  /**
   * Takes all bytes at its own pace, makes them lasting, and only then shows them under the name. Where the source
   * throws, the write fails or the process dies, nobody ever sees the name; what the source threw is thrown on.
   *
   * @returns what lies there now
   * @throws OperationError if the name exists: then it stays as it was
   */
  put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<Stored>;
  /**
   * What lies under a name. It is not trusted: who reads compares size and digest.
   *
   * @throws InputError if it is not there
   */
  get(name: string): Promise<Found>;
  /**
   * All that lies there under a name: its bytes, by name. What runs have there for themselves is left out.
   *
   * @throws InputError if it cannot be looked at
   */
  list(): Promise<ReadonlyMap<string, number>>;
  /**
   * Lets a name go, to be said right before a manifest names it. Until then it is the run's own, and `prepare` tells of it
   * where this run is dead. One that `prepare` told of is let go too: a manifest does name it.
   */
  keep(name: string): Promise<void>;
  /** What is not there is removed already. */
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
  /** Once, at the reader's pace. Nothing is open before the first is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}
