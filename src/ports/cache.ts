/**
 * A directory that may be kept from one run to the next, or lost. A failure to restore or save it only logs a line.
 */
export interface DirectoryCache {
  /** Undefined if nothing is to be kept. */
  readonly path: string | undefined;
  restore(key: string, prefix: string): Promise<void>;
  save(key: string): Promise<void>;
}
