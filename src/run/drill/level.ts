import type { DrillTools } from '../../drill/bytes.ts';
import type { Finding } from '../../drill/finding.ts';
import type { EarlierDigest } from '../../drill/proof.ts';
import type { Stopwatch } from '../../drill/stopwatch.ts';
import type { DrillInputs } from '../../inputs/drill.ts';
import type { Manifest } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Log } from '../../ports/log.ts';
import type { Json } from '../../text/redact-json.ts';
import type { Subject } from '../../verify/subjects.ts';
import type { Context } from '../context.ts';

/** What a level is given of the restore point that was drawn. */
export interface Drilling {
  readonly context: Context;
  readonly given: DrillInputs;
  /** Undefined for a level that needs no cloud. */
  readonly session: Session | undefined;
  readonly subject: Subject;
  /** The manifest that lists it. */
  readonly manifest: Manifest;
  /** What earlier drills read, by the id of the restore point. */
  readonly digests: ReadonlyMap<string, EarlierDigest>;
  /** Undefined if no store is given. */
  readonly store: PayloadStore | undefined;
}

/** What a level decided to do; nothing is made yet. */
export interface Trial {
  /** Tells what will be made. */
  show(log: Log): void;
  /** The same as a program reads it, for a dry run; undefined: nothing is made. */
  readonly planned: Json | undefined;
  /**
   * Makes it, proves what came back, and removes it, whatever happens.
   *
   * @throws PlainError for what keeps the restore point from being restored: then it is not proved
   */
  prove(watch: Stopwatch, tools: DrillTools): Promise<Finding>;
}

/**
 * Plans how to prove a restore point. Changes nothing.
 *
 * @throws InputError or QuotaError for what says nothing about the restore point: the drill does not take place
 * @throws OperationError for what keeps it from being restored: the drill has failed
 */
export type Level = (drilling: Drilling) => Promise<Trial>;

/** @throws TypeError for a level that runs without the cloud */
export function neededSession({ session }: Pick<Drilling, 'session'>): Session {
  if (session === undefined) throw new TypeError('this level needs the cloud');
  return session;
}

/** The name of what a drill makes. */
export function drillName({ entry }: Pick<Subject, 'entry'>): string {
  return `drill of ${entry.name || entry.id}`;
}
