import type { Environment } from '../environment.ts';
import type { Kind } from '../manifest/points.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { HostLog } from '../ports/host.ts';
import type { Log } from '../ports/log.ts';
import type { Json } from '../text/redact-json.ts';

/** What a restore moves, for its progress. */
export interface Amount {
  /** "restoring". */
  readonly doing: string;
  readonly items: number;
  readonly gigabytes: number;
}

/** What a restore reports while it runs. */
export interface Reporter {
  /** `gigabytes` more are done, of `items` more things. */
  advance(items: number, gigabytes: number): void;
  /** An item failed, and so many of its gigabytes never come. */
  fail(gigabytes: number): void;
  /** Something failed, and the rest goes on. */
  error(line: string): void;
}

/** The result of a restore. */
export interface Restored<O extends string> {
  readonly outputs: Readonly<Partial<Record<O, string>>>;
  /** Whether something failed, which is already reported. */
  readonly failed: boolean;
  /** Markdown. */
  readonly summary: string;
}

/**
 * A kind of resource that can be restored, as the engine (`run/restoring.ts`) sees it. A plan is a plain record: it is
 * made without being carried out, and can be carried out by {@link RestoringKind.restore} later, elsewhere.
 *
 * @typeParam W what is wished for: plain values, as parsed from inputs or a plan file
 * @typeParam C the chosen restore point
 * @typeParam P what to do
 * @typeParam R what was done
 * @typeParam O names of outputs
 */
export interface RestoringKind<W, C, P, R, O extends string> {
  readonly kind: Kind;
  /** What the manifest must hold; undefined: any of the kind. */
  wanted(wishes: W): string | undefined;
  /**
   * Chooses the restore point, before any cloud is asked.
   *
   * @throws InputError that lists what the manifest has
   */
  choose(manifest: Manifest, wishes: W): C;
  /** The same without a manifest. */
  chooseBare?(wishes: W): C;
  /**
   * Looks at all that could make it fail, and refuses what would destroy or hide data. Changes nothing.
   *
   * @param store where payloads are read; undefined if no store is given
   * @throws InputError or OperationError
   */
  plan(session: Session, chosen: C, wishes: W, store: PayloadStore | undefined): Promise<P>;
  /** Tells what will be done. */
  show(plan: P, log: Log): void;
  /** A plan as a program reads it: built of what is known to be harmless. A plan itself holds key bytes. */
  planned(plan: P): Json;
  /** Undefined: too little to show progress of. */
  amountOf(plan: P): Amount | undefined;
  /** Carries a plan out, up to the last touch (`finish.ts`). What does not get all its data is removed. */
  restore(environment: Environment, plan: P, store: PayloadStore | undefined, to: Reporter): Promise<R>;
  /**
   * Reports the result.
   *
   * @throws a bug of ours, after reporting what it leaves
   */
  tell(plan: P, restored: R, seconds: number, log: HostLog, signal: AbortSignal): Restored<O>;
}
