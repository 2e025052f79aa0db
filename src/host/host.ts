import type { Clock } from '../clock.ts';
import type { GitHub } from '../manifest/github/services.ts';
import type { Log } from '../openstack/log.ts';
import type { Liveness, Owner, RunIdentity } from '../temporaries/owner.ts';
import type { Secrets } from '../text/secrets.ts';

/** Where we run: a terminal or a workflow step. Everything that a command may know of the outside. */
export interface Host {
  readonly kind: 'terminal' | 'github';
  readonly clock: Clock;
  readonly log: HostLog;
  readonly secrets: Secrets;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The directory that relative paths of inputs start from. */
  readonly directory: string;
  /** Aborted when the run is told to stop. */
  readonly signal: AbortSignal;
  /** Identifies this run among all that may be working on the project. */
  readonly run: RunIdentity;
  /** Whether the maker of something that was left in the cloud still lives. */
  liveness(owner: Owner): Promise<Liveness>;
  readonly progress: Progress;
  /** What only a workflow has: artifacts, releases, other runs. Undefined in a terminal. */
  readonly github: GitHub | undefined;
  /**
   * A token that says which workflow this is, for a cloud that trusts it.
   *
   * @throws InputError where there is none: in a terminal, or without the permission
   */
  identityToken(audience: string): Promise<string>;
}

export interface HostLog extends Log {
  error(line: string): void;
  /** A phase of the run; its lines belong together. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>;
}

/** Work of a known amount, shown with rate and time left where somebody looks. */
export interface Progress {
  start(title: string, total: { readonly items: number; readonly gigabytes: number }): ProgressBar;
}

export interface ProgressBar {
  /** `gigabytes` more are done, of `items` more things. */
  advance(items: number, gigabytes: number): void;
  finish(): void;
}
