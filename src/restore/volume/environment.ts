import type { Clock } from '../../clock.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import type { Watcher } from '../../openstack/watcher.ts';
import type { Log } from '../../ports/log.ts';
import type { Ledger } from '../../temporaries/ledger.ts';

export interface RestoreTools {
  readonly client: ServiceClient;
  readonly volumes: Watcher<Volume>;
  readonly run: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told of bytes as they flow, where they come from a store. */
  readonly onBytes?: (count: number) => void;
}
