import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Secrets } from '../text/secrets.ts';
import type { DirectoryCache } from './cache.ts';
import type { GitHub } from './github.ts';
import type { Log } from './log.ts';
import type { Liveness, Owner, RunIdentity } from './owner.ts';

/** Where we run: a terminal or a workflow step. A command knows nothing else of the outside. */
export interface Host {
  readonly kind: 'terminal' | 'github';
  readonly clock: Clock;
  readonly log: HostLog;
  readonly secrets: Secrets;
  /** Rewrites a text that gives inputs as a workflow writes them (`overwrite: true`) for where we run. */
  words(text: string): string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The directory that relative paths of inputs start from. */
  readonly directory: string;
  /** Aborted when the run is told to stop. */
  readonly signal: AbortSignal;
  /** Identifies this run among all that may work on the project. */
  readonly run: RunIdentity;
  /** Whether the maker of something left in the cloud still lives. */
  liveness(owner: Owner): Promise<Liveness>;
  readonly progress: Progress;
  /** For copies of manifests. */
  readonly cache: DirectoryCache;
  /** What only a workflow has: artifacts, releases, other runs. Undefined in a terminal. */
  readonly github: GitHub | undefined;
  /** What only a terminal has. Undefined in a workflow. */
  readonly terminal: Terminal | undefined;
  /**
   * A token that proves which workflow this is, for a cloud that trusts it.
   *
   * @throws InputError if there is none: in a terminal, or without the permission
   */
  identityToken(audience: string): Promise<string>;
}

/** The pipes of a terminal's command. */
export interface Terminal {
  /** How many columns a person sees of standard output; undefined if it goes elsewhere. */
  readonly width: number | undefined;
  /**
   * Standard input.
   *
   * @param what reads it, for the message if something else wants it too
   * @throws InputError if it was read already
   */
  input(what: string): Readable;
  /**
   * Standard output, for bytes: messages that would go there go to standard error from then on.
   *
   * @throws InputError if a person would see the bytes
   */
  output(): Writable;
  /**
   * The bytes of a secret that is given as `env:NAME`, `file:PATH` or `-`. They are masked from then on.
   *
   * @param name of the input, for messages
   * @throws InputError if it is not there, or is in the command line itself
   */
  secret(name: string, reference: string): Promise<Buffer>;
}

export interface HostLog extends Log {
  error(line: string): void;
  /** Runs a phase, and shows its lines as a group. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>;
}

/** Work of a known amount, shown with its rate and the time left if somebody is looking. */
export interface Progress {
  start(title: string, total: { readonly items: number; readonly gigabytes: number }): ProgressBar;
}

export interface ProgressBar {
  /** Counts `gigabytes` more as done, and `items` more things. */
  advance(items: number, gigabytes: number): void;
  /** A thing failed, so this many gigabytes of it never come. */
  fail(gigabytes: number): void;
  finish(): void;
}
