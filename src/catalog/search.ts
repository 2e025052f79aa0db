import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import type { GitHub } from '../ports/github.ts';
import type { Log } from '../ports/log.ts';
import type { ReadOptions } from './read.ts';

export interface FindOptions extends ReadOptions {
  /** Relative paths start here. */
  readonly directory: string;
  /** Undefined in a terminal. */
  readonly github: GitHub | undefined;
  /** Whose runs are taken: a workflow's file name. */
  readonly workflow: string | undefined;
  readonly branch: string | undefined;
  /** The restore points of a manifest that are asked for. */
  readonly wanted: (manifest: Manifest) => readonly RestorePoint[];
  /** What the manifests had that were looked through, where none has what is asked for; empty if they had nothing. */
  readonly seen?: () => string;
  /** Whether manifests of any age may have it. */
  readonly deep?: boolean;
  /** Milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}
