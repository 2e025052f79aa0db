import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Secrets } from '../text/secrets.ts';
import type { GitHub } from './github.ts';
import type { Log } from './log.ts';
import type { Liveness, Owner, RunIdentity } from './owner.ts';

/** Where we run: a terminal or a workflow step. Everything that a command may know of the outside. */
export interface Host {
  readonly kind: 'terminal' | 'github';
  readonly clock: Clock;
  readonly log: HostLog;
  readonly secrets: Secrets;
  /** A text that names inputs as a workflow writes them (`overwrite: true`), in the words of where we run. */
  words(text: string): string;
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
  /** What only a terminal has. Undefined in a workflow. */
  readonly terminal: Terminal | undefined;
  /**
   * A token that says which workflow this is, for a cloud that trusts it.
   *
   * @throws InputError if there is none: in a terminal, or without the permission
   */
  identityToken(audience: string): Promise<string>;
}

/** The pipes of a terminal's command. */
export interface Terminal {
  /**
   * Standard input.
   *
   * @param what reads it, for the message when something else wants it too
   * @throws InputError if it is read already
   */
  input(what: string): Readable;
  /**
   * Standard output, for bytes: what is told there otherwise goes to standard error from then on.
   *
   * @throws InputError if a person would see them
   */
  output(): Writable;
  /**
   * The bytes of a secret that is named as `env:NAME`, `file:PATH` or `-`. They are masked from then on.
   *
   * @param name of the input, for messages
   * @throws InputError if it is not there, or stands in the command line itself
   */
  secret(name: string, reference: string): Promise<Buffer>;
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
  /** A thing failed, and so many gigabytes of it never come. */
  fail(gigabytes: number): void;
  finish(): void;
}
