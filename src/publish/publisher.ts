import type { Entry } from '../manifest/journal.ts';
import type { Manifest } from '../manifest/schema.ts';

/** Where manifests go. It gets each restore point as soon as it is saved, so that what succeeded is never lost. */
export interface Publisher {
  /** When what it was given outlives this machine. */
  readonly lasts: 'at once' | 'when published' | 'never';
  /**
   * Checks before the run starts that it can publish.
   *
   * @param started ISO 8601, by the cloud's clock; the manifest's name is made from it
   */
  prepare(started: string): Promise<void>;
  /** @param manifest with these entries in it */
  keep(entries: readonly Entry[], manifest: Manifest): Promise<void>;
  /** Publishes the manifest of a run that is over. */
  finish(manifest: Manifest): Promise<Published>;
}

export interface Published extends Written {
  /** As the input `manifest` of `restore-volume` takes it: a path, `artifact:RUN/NAME`, `release:TAG`, or the address of a store with the folder. */
  readonly path: string;
  readonly artifactId?: number;
  readonly releaseUrl?: string;
}

export interface Written {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
}
