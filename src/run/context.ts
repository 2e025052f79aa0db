import type { CloudInputs } from '../inputs/cloud.ts';
import type { Outputs } from '../inputs/table.ts';
import type { Session } from '../openstack/connection.ts';
import type { Http } from '../openstack/http.ts';
import type { Host } from '../ports/host.ts';
import type { Ledger } from '../temporaries/ledger.ts';
import type { Json } from '../text/redact-json.ts';

/** All that a run uses of the outside world. */
export interface Context {
  readonly host: Host;
  /** Only show what would be done. */
  readonly dryRun: boolean;
  /** Logs in to the cloud that the inputs choose, once per run. */
  connect(inputs: CloudInputs): Promise<Session>;
  /**
   * Logs in to another cloud besides, once per run. Variables that are about the first one mean nothing to it.
   *
   * @param name of an entry of clouds.yaml, or of the cloud of the OS_* variables
   */
  connectElsewhere(name: string, cloudsYaml: string | undefined): Promise<Session>;
  /** Connections to what is no cloud. Both end with the run. */
  outside(): { readonly http: Http; signal(): AbortSignal };
  /**
   * Call it before a stopped run records what it did: requests from then on, to clouds and stores, have a few seconds of
   * their own. Does nothing for a run that goes on.
   */
  windUp(): void;
  /** The records of what this run makes in the cloud and does not leave there. */
  ledger(session: Session): Ledger;
  /**
   * Makes something once per run. What failed is tried again.
   *
   * @param key what it is, among all that is made so
   */
  once<T>(key: string, make: () => Promise<T>): Promise<T>;
  /** Returns PEM text as is, else reads the file at that path, which may be written as that of a secret: `file:PATH`. */
  readText(pemOrPath: string): Promise<string>;
}

export interface Outcome<O extends Outputs> {
  readonly outputs: Readonly<Partial<Record<keyof O, string>>>;
  /** Whether something failed: exit 1. What succeeded is still recorded and published. */
  readonly failed: boolean;
  /** What the run's page says about a failure already reported in full; undefined for the usual sentence. */
  readonly failure?: string;
  /** What would be done, for programs; set by a dry run. Holds no key and no passphrase. */
  readonly plan?: Json;
  /** What a terminal prints instead of the outputs, without --json. */
  readonly printed?: string;
  /** What the post step of the action is to end. Kept last: of a step that does not come to its end, nobody may think that it did. */
  readonly kept?: string;
  /** Terminal commands that restore what was saved, printed after the outputs. */
  readonly waysBack?: readonly string[];
  /** Markdown for the job summary; plain enough to read in a terminal. */
  readonly summary?: string;
}
