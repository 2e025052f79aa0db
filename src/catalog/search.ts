import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import type { GitHub } from '../ports/github.ts';
import type { Log } from '../ports/log.ts';
import type { OpenStore } from '../store/place.ts';
import type { ManifestCache } from './cache.ts';
import type { ReadOptions } from './read.ts';

export interface FindOptions extends ReadOptions {
  /** The base of relative paths. */
  readonly directory: string;
  readonly store: OpenStore;
  readonly cache: ManifestCache;
  /** Undefined in a terminal. */
  readonly github: GitHub | undefined;
  /** The file name of the workflow whose runs count. */
  readonly workflow: string | undefined;
  readonly branch: string | undefined;
  /** Picks the restore points that are asked for. */
  readonly wanted: (manifest: Manifest) => readonly RestorePoint[];
  /** What the searched manifests have instead, if none has what is asked for; empty if they have nothing. */
  readonly seen?: () => string;
  /** Whether to search manifests of any age. */
  readonly deep?: boolean;
  /** Milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}
