import type { Entry } from '../manifest/journal.ts';
import type { Manifest } from '../manifest/schema.ts';

/** Where manifests go; told of each restore point as it is saved, so that what succeeded is never lost. */
export interface Publisher {
  /** From when on what it was given outlives this machine. */
  readonly lasts: 'at once' | 'when published' | 'never';
  /**
   * Finds out before the run starts whether it can be published.
   *
   * @param started ISO 8601, the cloud's time: what it is named by
   */
  prepare(started: string): Promise<void>;
  /** @param manifest as it is with these entries */
  keep(entries: readonly Entry[], manifest: Manifest): Promise<void>;
  /** The manifest of a run that is over. */
  finish(manifest: Manifest): Promise<Published>;
}

export interface Published extends Written {
  /** As the input `manifest` of `restore-volume` takes it: a path, `artifact:RUN/NAME` or `release:TAG`. */
  readonly path: string;
  readonly artifactId?: number;
  readonly releaseUrl?: string;
}

export interface Written {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
}
