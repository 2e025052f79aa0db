import { CloudError } from '../openstack/errors.ts';
import type { Session } from '../openstack/session.ts';
import type { RunIdentity } from './owner.ts';
import { expiresAt, newTag, type Purpose, type TemporaryRecord, writeTemporary } from './tags.ts';
import { type Bearer, putRecord } from './write.ts';

/** A record whose thing is not made yet. */
export type Draft = Omit<TemporaryRecord, 'id'>;

/** The records of a run's temporaries. */
export interface Ledger extends RunIdentity {
  /**
   * A record for what is to be made.
   *
   * @param gigabytes of data that the whole job moves: what its expiry allows for
   */
  draft(purpose: Purpose, gigabytes: number): Draft;
  /** The text of a draft for a thing whose id the cloud will choose. */
  unbound(draft: Draft): string;
  /** The text of a draft for a thing whose id is known before it is made. */
  bound(draft: Draft, kind: Bearer, id: string): string;
  /** Writes the id of what was made into its record. To be done before anything else. */
  bind(draft: Draft, kind: Bearer, id: string): Promise<void>;
  /** From now on nobody writes the record of the thing any more. To be awaited before it is taken off. */
  release(id: string): Promise<void>;
}

export function openLedger(session: Session, { id: runId, owner }: RunIdentity): Ledger {
  return {
    id: runId,
    owner,
    draft(purpose, gigabytes) {
      const made = session.clock.now();
      return { purpose, tag: newTag(), made, expires: expiresAt(made, gigabytes), owner };
    },
    unbound: (draft) => writeTemporary({ ...draft, id: undefined }),
    bound: (draft, _kind, id) => writeTemporary({ ...draft, id }),
    async bind(draft, kind, id) {
      try {
        await putRecord(session, kind, id, writeTemporary({ ...draft, id }));
      } catch (error) {
        // What is made is worth more than its record: an unbound one costs a later run a question.
        if (!(error instanceof CloudError)) throw error;
        session.log.debug(`the record of ${kind} ${id} does not name it: ${error.message}`);
      }
    },
    release: async () => undefined,
  };
}
