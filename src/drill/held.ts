import type { Target } from './boot/check.ts';
import type { Booted } from './boot/watch-console.ts';

/** A server that a drill leaves standing for the later steps of its job. */
export interface Held extends Target {
  /** "the server ran with flavor m1.small, isolated in 1 network". */
  readonly ran: string;
  /** What its console showed before; undefined: no text was expected. */
  readonly booted: (Booted & { readonly words: string }) | undefined;
  /** All that it has, the one that it boots from first. */
  readonly volumeIds: readonly string[];
  /** Of the records of all that was made. */
  readonly tags: readonly string[];
  /** Since when it stands for them. Milliseconds since the epoch, by the cloud's clock, as below. */
  readonly since: number;
  /** How long it is theirs: other runs keep off until then, and a little longer. */
  readonly until: number;
}
