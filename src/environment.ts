import type { Clock } from './clock.ts';
import type { Session } from './openstack/connection.ts';
import type { Log } from './ports/log.ts';
import type { Ledger } from './temporaries/ledger.ts';

/** All that the steps of a run use of the outside world. */
export interface Environment {
  readonly session: Session;
  /** The cloud's time. */
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the run is told to stop. */
  readonly signal: AbortSignal;
  /** The records of what this run makes in the cloud and does not leave there. */
  readonly ledger: Ledger;
  /** The deadline, milliseconds since the epoch in the cloud's time; Infinity for never. */
  readonly until: number;
}
