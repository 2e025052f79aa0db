import type { Session } from '../openstack/connection.ts';
import { CloudError, hasStatus } from '../openstack/errors.ts';
import type { RunIdentity } from '../ports/owner.ts';
import { expiresAt, newTag, type Purpose, type TemporaryRecord, writeTemporary } from './tags.ts';
import { type Bearer, putRecord } from './write.ts';

/** A record whose thing is not made yet. */
export type Draft = Omit<TemporaryRecord, 'id'>;

/**
 * The records of a run's temporaries. While the run lives it renews them, well before they end: nobody can say how long
 * a job will take, and a run on another machine sees of this one nothing but what the records say.
 */
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
  /**
   * Has a record renewed by `write`, which is given the new expiry.
   *
   * @param spanMs how long it is good for from each renewal
   */
  hold(id: string, spanMs: number, write: (expires: number) => Promise<void>): void;
  /** From now on nobody writes the record of the thing any more. To be awaited before it is taken off. */
  release(id: string): Promise<void>;
  /** The run ends. */
  close(): Promise<void>;
}

/** Two beats can be missed before the shortest record ends. */
const BEAT_MS = 20 * 60_000;

interface Held {
  readonly spanMs: number;
  readonly write: (expires: number) => Promise<void>;
  writing?: Promise<void>;
}

export function openLedger(session: Session, { id: runId, owner }: RunIdentity): Ledger {
  const held = new Map<string, Held>();
  const end = new AbortController();
  let beating: Promise<void> | undefined;

  const renew = async (id: string, entry: Held) => {
    try {
      await entry.write(session.clock.now() + entry.spanMs);
    } catch (error) {
      if (hasStatus(error, 404)) held.delete(id);
      session.log.debug(`the record of ${id} is not renewed: ${String(error)}`);
    }
  };
  const beat = async () => {
    while (held.size > 0) {
      try {
        await session.clock.sleep(BEAT_MS, end.signal);
      } catch {
        return;
      }
      for (const [id, entry] of held) {
        entry.writing = renew(id, entry);
        await entry.writing;
      }
    }
  };
  const hold: Ledger['hold'] = (id, spanMs, write) => {
    held.set(id, { spanMs, write });
    beating ??= beat().finally(() => {
      beating = undefined;
    });
  };
  const holdDraft = (draft: Draft, kind: Bearer, id: string) =>
    hold(id, draft.expires - draft.made, (expires) =>
      putRecord(session, kind, id, writeTemporary({ ...draft, id, expires })),
    );

  return {
    id: runId,
    owner,
    draft(purpose, gigabytes) {
      const made = session.clock.now();
      return { purpose, tag: newTag(), made, expires: expiresAt(made, gigabytes), owner };
    },
    unbound: (draft) => writeTemporary({ ...draft, id: undefined }),
    bound(draft, kind, id) {
      holdDraft(draft, kind, id);
      return writeTemporary({ ...draft, id });
    },
    async bind(draft, kind, id) {
      try {
        await putRecord(session, kind, id, writeTemporary({ ...draft, id }));
        holdDraft(draft, kind, id);
      } catch (error) {
        // What is made is worth more than its record: an unbound one costs a later run a question. A secret has none before.
        if (kind === 'secret' || !(error instanceof CloudError)) throw error;
        session.log.debug(`the record of ${kind} ${id} does not name it: ${error.message}`);
      }
    },
    hold,
    async release(id) {
      const entry = held.get(id);
      held.delete(id);
      await entry?.writing;
    },
    async close() {
      held.clear();
      end.abort();
      await beating;
    },
  };
}
