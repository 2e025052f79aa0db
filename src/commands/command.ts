import type { CommandTable, Inputs, Outputs, Values } from '../inputs/table.ts';
import type { Session } from '../openstack/connection.ts';
import type { Host } from '../ports/host.ts';
import type { Ledger } from '../temporaries/ledger.ts';

/** What a command works with. Everything outside comes through it. */
export interface Context {
  readonly host: Host;
  /** Say what would be done, and stop. */
  readonly dryRun: boolean;
  /** Logs in to the cloud that the inputs name. */
  connect(inputs: CloudInputs): Promise<Session>;
  /** The records of what this run makes in the cloud and does not leave there. */
  ledger(session: Session): Ledger;
  /** PEM text as it is, else the contents of the file of that path. */
  readText(pemOrPath: string): Promise<string>;
}

export interface Outcome<O extends Outputs> {
  readonly outputs: Readonly<Partial<Record<keyof O, string>>>;
  /** Whether something failed: exit 1. What succeeded is recorded and published all the same. */
  readonly failed: boolean;
  /** What a run's page says of a failure that was told in full already, where it is not the usual sentence. */
  readonly failure?: string;
  /** Markdown for the job summary; plain enough to read in a terminal. */
  readonly summary?: string;
}

export interface Command<I extends Inputs = Inputs, O extends Outputs = Outputs> extends CommandTable<I, O> {
  /** Commands that speak to no cloud do not show the credentials' inputs. */
  run(context: Context, inputs: Values<I>): Promise<Outcome<O>>;
}

export function defineCommand<const I extends Inputs, const O extends Outputs>(
  command: Command<I, O>,
): Command<I, O> {
  return command;
}

/** The inputs that choose the cloud, the same for every command. */
export const cloudInputs = {
  cloud: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The entry of clouds.yaml to use; else OS_CLOUD, the OS_* variables, or the only entry.',
  },
  'clouds-yaml': {
    kind: 'text',
    secret: true,
    description: 'The text of a clouds.yaml, instead of the file.',
  },
  region: { kind: 'text', placeholder: 'NAME', description: 'The region, where the cloud has several.' },
  project: {
    kind: 'text',
    placeholder: 'ID',
    description:
      'Go on only if the credentials are for this project (id or name): a guard against the wrong cloud.',
  },
} as const satisfies Inputs;

export type CloudInputs = Values<typeof cloudInputs>;
