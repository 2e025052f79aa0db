import type { CloudInputs } from '../inputs/cloud.ts';
import type { Outputs } from '../inputs/table.ts';
import type { Session } from '../openstack/connection.ts';
import type { Host } from '../ports/host.ts';
import type { Place } from '../store/place.ts';
import type { Ledger } from '../temporaries/ledger.ts';
import type { Json } from '../text/redact-json.ts';

/** What a run works with. Everything outside comes through it. */
export interface Context {
  readonly host: Host;
  /** Say what would be done, and stop. */
  readonly dryRun: boolean;
  /** Logs in to the cloud that the inputs name. */
  connect(inputs: CloudInputs): Promise<Session>;
  /** The records of what this run makes in the cloud and does not leave there. */
  ledger(session: Session): Ledger;
  /** The directory as a place for payloads: one for the whole run, which knows what no manifest names yet. */
  directory(path: string): Place;
  /** PEM text as it is, else the contents of the file of that path. */
  readText(pemOrPath: string): Promise<string>;
}

export interface Outcome<O extends Outputs> {
  readonly outputs: Readonly<Partial<Record<keyof O, string>>>;
  /** Whether something failed: exit 1. What succeeded is recorded and published all the same. */
  readonly failed: boolean;
  /** What a run's page says of a failure that was told in full already, where it is not the usual sentence. */
  readonly failure?: string;
  /** What a dry run would do, as a program reads it. No key and no passphrase in it. */
  readonly plan?: Json;
  /** What a terminal prints instead of the outputs, without --json. */
  readonly printed?: string;
  /** Markdown for the job summary; plain enough to read in a terminal. */
  readonly summary?: string;
}
