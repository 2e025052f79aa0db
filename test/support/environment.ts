import type { Environment } from '../../src/environment.ts';
import type { Session } from '../../src/openstack/connection.ts';
import { openLedger } from '../../src/temporaries/ledger.ts';

/** What a step works with that is called by itself, and never told to stop. Its ledger beats until it is closed. */
export function environmentOn(session: Session): Environment {
  const { clock, log } = session;
  const { signal } = new AbortController();
  const ledger = openLedger(session, { id: 'r', owner: 'host:m:b:n:1:1' });
  return { session, clock, log, signal, ledger, until: Number.POSITIVE_INFINITY };
}
