import { PlainError } from '../errors.ts';
import type { Session } from '../openstack/connection.ts';
import { hasStatus } from '../openstack/errors.ts';
import type { RunIdentity } from '../ports/owner.ts';
import { toMinute } from '../text/words.ts';
import { expiresAt, newTag, type Purpose, type TemporaryRecord, writeTemporary } from './tags.ts';
import { type Bearer, putRecord } from './write.ts';

/** A record whose thing does not exist yet. */
export type Draft = Omit<TemporaryRecord, 'id'>;

/**
 * The records of a run's temporaries. The run renews them well before they expire: nobody can say how long a job takes,
 * and a run on another machine knows this one only by its records.
 */
export interface Ledger extends RunIdentity {
  /**
   * A record for something about to be made.
   *
   * @param gigabytes of data that the whole job moves; sets the record's expiry
   */
  draft(purpose: Purpose, gigabytes: number): Draft;
  /** The text of a draft for a thing whose id the cloud will choose. */
  unbound(draft: Draft): string;
  /** The text of a draft for a thing whose id is known before it is made. */
  bound(draft: Draft, kind: Bearer, id: string): string;
  /**
   * Writes the id of what was made into its record, and keeps that renewed. Call it before anything else. What was made
   * is worth more than its record: a refused record is reported, and tried again with each renewal.
   */
  bind(draft: Draft, kind: Bearer, id: string): Promise<void>;
  /** Stops writing the record of a thing. Await it before taking the record off. */
  release(id: string): Promise<void>;
  /**
   * Writes into all records that what they belong to stays its maker's until then, though nobody renews them meanwhile.
   *
   * @param expires milliseconds since the epoch, by the cloud's clock
   * @returns until when all of them are valid: earlier, if one could not be written
   */
  keepUntil(expires: number): Promise<number>;
  /** Stops all renewals when the run ends. */
  close(): Promise<void>;
}

/** A record that names what it belongs to. */
interface Claim {
  /** For messages: "volume ID". */
  readonly what: string;
  readonly id: string;
  /** Until when its present record is valid. Milliseconds since the epoch, by the cloud's clock. */
  readonly expires: number;
  /** How long each renewal is valid. */
  readonly spanMs: number;
  write(expires: number): Promise<void>;
}

/** Two beats may fail before the shortest record expires. */
const BEAT_MS = 20 * 60_000;
/** Nova writes no metadata of a server for the first moments (409, "vm_state building"). */
const BUSY_MS = 5_000;
const BUSY_TRIES = 12;

interface Held {
  readonly claim: Claim;
  /** When the last record known to be written expires. */
  expires: number;
  told: boolean;
  writing?: Promise<void>;
}

export function openLedger(session: Session, { id: runId, owner }: RunIdentity): Ledger {
  const held = new Map<string, Held>();
  const end = new AbortController();
  let beating: Promise<void> | undefined;
  const waiting = new Set<Promise<void>>();

  /** @returns whether it was refused only because the thing is busy, which is worth another try soon */
  const write = async (entry: Held, expires: number, isLast = true): Promise<boolean> => {
    const { id, what } = entry.claim;
    try {
      await entry.claim.write(expires);
      Object.assign(entry, { expires, told: false });
    } catch (error) {
      // A login may be refused meanwhile, too.
      if (!(error instanceof PlainError)) throw error;
      if (hasStatus(error, 409) && !isLast) return true;
      if (hasStatus(error, 404)) held.delete(id);
      else if (!entry.told) session.log.warn(refused(what, entry.expires, error));
      entry.told = true;
    }
    return false;
  };
  const writeSoon = async (entry: Held) => {
    for (let tries = 1; tries <= BUSY_TRIES; tries += 1) {
      try {
        await session.clock.sleep(BUSY_MS, end.signal);
      } catch {
        return;
      }
      if (held.get(entry.claim.id) !== entry) return;
      const writing = write(entry, entry.claim.expires, tries === BUSY_TRIES);
      entry.writing = writing.then(
        () => undefined,
        () => undefined,
      );
      if (!(await writing)) return;
    }
  };
  const beat = async () => {
    while (held.size > 0) {
      try {
        await session.clock.sleep(BEAT_MS, end.signal);
      } catch {
        return;
      }
      for (const entry of held.values()) {
        entry.writing = write(entry, session.clock.now() + entry.claim.spanMs).then(
          () => undefined,
          (error: unknown) =>
            session.log.debug(`cannot renew the record of ${entry.claim.what}: ${String(error)}`),
        );
        await entry.writing;
      }
    }
  };
  const hold = (claim: Claim): Held => {
    const entry: Held = { claim, expires: claim.expires, told: false };
    held.set(claim.id, entry);
    beating ??= beat().finally(() => {
      beating = undefined;
    });
    return entry;
  };
  const claimOf = (draft: Draft, kind: Bearer, id: string): Claim => ({
    what: `${kind} ${id}`,
    id,
    expires: draft.expires,
    spanMs: draft.expires - draft.made,
    write: (expires) => putRecord(session, kind, id, writeTemporary({ ...draft, id, expires })),
  });
  const claim = async (wanted: Claim): Promise<void> => {
    const entry = hold(wanted);
    const writing = write(entry, wanted.expires, false);
    entry.writing = writing.then(
      () => undefined,
      () => undefined,
    );
    if (!(await writing)) return;
    const soon = writeSoon(entry)
      .catch((error: unknown) =>
        session.log.debug(`cannot write the record of ${wanted.what}: ${String(error)}`),
      )
      .finally(() => waiting.delete(soon));
    waiting.add(soon);
  };

  return {
    id: runId,
    owner,
    draft(purpose, gigabytes) {
      const made = session.clock.now();
      return { purpose, tag: newTag(), made, expires: expiresAt(made, gigabytes), owner };
    },
    unbound: (draft) => writeTemporary({ ...draft, id: undefined }),
    bound(draft, kind, id) {
      hold(claimOf(draft, kind, id));
      return writeTemporary({ ...draft, id });
    },
    async bind(draft, kind, id) {
      const wanted = claimOf(draft, kind, id);
      if (kind !== 'secret') return claim(wanted);
      // A secret has no record until now.
      await wanted.write(draft.expires);
      hold(wanted);
    },
    async release(id) {
      const entry = held.get(id);
      held.delete(id);
      await entry?.writing;
    },
    async keepUntil(expires) {
      // Put in place of the old ones, which nothing writes any more then.
      const all = [...held.values()].map(({ claim, writing, expires: known }) => {
        const spanMs = expires - session.clock.now();
        const entry: Held = { claim: { ...claim, spanMs }, expires: known, told: true };
        held.set(claim.id, entry);
        return { entry, before: writing };
      });
      await Promise.all(
        all.map(async ({ entry, before }) => {
          await before;
          await write(entry, expires);
        }),
      );
      // What is gone needs no record, and is not held any more.
      return Math.min(expires, ...[...held.values()].map((entry) => entry.expires));
    },
    async close() {
      held.clear();
      end.abort();
      await Promise.all([beating, ...waiting]);
    },
  };
}

/** A missing record matters most to runs on other machines, which have no other sign that this run lives. */
function refused(what: string, expires: number, { message }: PlainError): string {
  return `cannot write the record of ${what}: ${message}. Trying again every ${BEAT_MS / 60_000} min; if this run goes on beyond ${toMinute(expires)} without a record, a run on another machine may take ${what} for a leftover and remove it. Allow the credential to write the record (docs/permissions.md)`;
}
