import type { Marks } from '../chain/marks.ts';
import type { Environment } from '../environment.ts';
import type { PlainError } from '../errors.ts';
import type { RestorePoint, SavedFailure } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { Wanted } from '../plan/fit.ts';
import type { Log } from '../ports/log.ts';
import type { Holdings } from '../temporaries/holdings.ts';
import type { Json } from '../text/redact-json.ts';

/** A resource as failures and messages name it. */
export type Subject = Pick<SavedFailure, 'kind' | 'id' | 'name'>;

/** One that cannot be saved now. The others can. */
export interface Refused {
  readonly subject: Subject;
  readonly error: PlainError;
}

/** The chosen resources, and what can be done with them. */
export interface Planned<P> {
  /** Each with its needs of the quotas. */
  readonly wanted: readonly Wanted<P>[];
  readonly refused: readonly Refused[];
  /** What the project holds, if it was listed for that. */
  readonly holdings: Holdings | undefined;
}

/** Wishes that every kind shares. */
export interface Wishes {
  /** Where data goes that leaves the cloud; undefined: it stays in the cloud. */
  readonly payloads: PayloadStore | undefined;
  /** For each restore point. */
  readonly tags: readonly string[];
}

/** A Cinder backup that is under way, and left to the cloud: a later run records it. */
export interface Started {
  readonly method: 'started';
  readonly backup: string;
  /** The id of the restore point that it will be. */
  readonly point: string;
  readonly resource: Subject;
}

/** The restore points of one resource, each with complete data. The caller records one before it asks for the next. */
export type Save<P> = (
  plan: P,
  onBytes: (count: number) => void,
) => AsyncGenerator<RestorePoint | Started, void>;

/**
 * How to find out whether keys can be read. `each` reads every one, as a save must. `listed` is for a plan that is only
 * shown: of many keys it reads some, and those about which the list does not say enough.
 */
export type KeyCheck = 'each' | 'listed';

/**
 * A kind of resource that can be saved, as the engine (`run/saving.ts`) sees it. A plan is a plain record: it can be
 * shown, and be carried out later by {@link SavingKind.begin}.
 *
 * @typeParam W what is wished for: plain values, as parsed from inputs or a plan file, and where the data goes
 * @typeParam P what to do with one resource
 */
export interface SavingKind<W extends Wishes, P> {
  /** What the run does with them, for its progress: "backing up". */
  readonly doing: string;
  /** Whether the run also adopts finished Cinder backups of interrupted runs. */
  readonly adopts: boolean;
  /**
   * Chooses the resources, and looks at everything that could make a save fail. Changes nothing.
   *
   * @param seen what the project holds, if it was listed a moment ago
   * @param keys see {@link KeyCheck}
   * @throws InputError for wishes that are wrong for all
   */
  plan(session: Session, wishes: W, seen: Holdings | undefined, keys: KeyCheck): Promise<Planned<P>>;
  subjectOf(plan: P): Subject;
  /** GiB, for the progress. */
  gigabytesOf(plan: P): number;
  /** Tells what will be done. */
  show(plans: readonly P[], wishes: W, log: Log): void;
  /** A plan as a program reads it: built of what is known to be harmless, never a plan as it is. */
  planned(plan: P): Json;
  /** What a dry run says before the reason why one cannot be saved. */
  refusal(subject: Subject): string;
  /**
   * What carries out the plans of one run.
   *
   * @param marks told of each complete backup
   */
  begin(environment: Environment, wishes: W, marks: Marks): Promise<Save<P>>;
  /** What is printed about a recorded restore point; undefined: nothing. */
  told(point: RestorePoint): string | undefined;
}
