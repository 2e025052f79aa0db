import { duration } from '../../clock.ts';
import type { Environment } from '../../environment.ts';
import { toMinute } from '../../text/words.ts';
import type { Finding } from '../finding.ts';
import type { Held } from '../held.ts';
import { bootFinding } from './result.ts';

/** What the post step, and those that run before it, may take to remove everything before others do. */
const REMOVAL_MS = 10 * 60_000;

/**
 * Says in all records how long they are valid: until the post step, no process renews them.
 *
 * @param forMs how long the server is to stand
 */
export async function holdServer(
  { ledger, clock, log }: Environment,
  server: Omit<Held, 'since' | 'until'>,
  forMs: number,
): Promise<Held> {
  const since = clock.now();
  const wanted = since + forMs + REMOVAL_MS;
  const valid = await ledger.keepUntil(wanted);
  const until = Math.max(since, valid - REMOVAL_MS);
  if (valid < wanted)
    log.warn(
      `not all records of what the drill made could be renewed: server ${server.serverId} is held only until ${toMinute(until)}, and not for ${duration(forMs)}. Allow the credential to write the records (docs/permissions.md)`,
    );
  return { ...server, since, until };
}

/** What is known while it stands. */
export function heldFinding(held: Held): Finding {
  const { seen } = bootFinding({ ...held, check: undefined });
  return { reached: null, seen, size: 0, keyProved: false, held };
}

/** Who decides of a server that is held, as GitHub says how it stands. */
export interface Ending {
  /** `success`, `failure`, `cancelled`, `skipped`; undefined if nobody said. */
  readonly verdict: string | undefined;
  /** Whether the server still stands. */
  readonly isStanding: boolean;
  /** By the cloud's clock, when the steps were over. Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * What the later steps prove. Only a job that went to its end while the server stood says anything: that it passed, or
 * that a check said no.
 */
export function endFinding({ ran, booted, since, until }: Held, ending: Ending): Finding {
  const open = openEnd(ending, { since, until });
  if (open !== undefined) {
    const { seen } = bootFinding({ ran, booted, check: undefined });
    return { reached: null, seen, size: 0, keyProved: false, undecided: open };
  }
  const why = ending.verdict === 'success' ? undefined : 'the check said no: a later step of the job failed';
  return bootFinding({
    ran,
    booted,
    check: { why, yes: 'the check said yes: no later step of the job failed' },
  });
}

/** Why nothing is decided; undefined if it is. */
function openEnd(
  { verdict, isStanding, now }: Ending,
  { since, until }: Pick<Held, 'since' | 'until'>,
): string | undefined {
  if (verdict === 'cancelled') return 'interrupted: the job was cancelled before its steps had decided';
  if (verdict === 'skipped') return 'interrupted: the step that decides was skipped';
  if (verdict !== 'success' && verdict !== 'failure')
    return 'interrupted: the runner did not say how the later steps ended';
  if (!isStanding) return 'interrupted: the server was gone before the later steps were over';
  if (now > until)
    return `interrupted: the later steps took longer than the ${duration(until - since)} that the server was held, and other runs could have removed it`;
  return undefined;
}
