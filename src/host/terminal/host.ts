import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { systemClock } from '../../clock.ts';
import { InputError } from '../../errors.ts';
import { inTerminalWords } from '../../inputs/groups.ts';
import type { Inputs } from '../../inputs/table.ts';
import type { Host, HostLog } from '../../ports/host.ts';
import { formatOwner, livenessOfProcess } from '../../ports/owner.ts';
import { forLog } from '../../text/escape.ts';
import { Secrets } from '../../text/secrets.ts';
import { userCache } from './cache.ts';
import { type Pipes, pipes } from './pipes.ts';
import { startOf, thisProcess } from './process.ts';
import { type Stream, terminalProgress } from './progress.ts';

export interface TerminalHost extends Host {
  readonly terminal: Pipes;
}

/** A person's terminal, or a script: log and progress on stderr, results on stdout. */
export function terminalHost(options: {
  readonly stdin: () => Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Stream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly verbose: boolean;
  /** The inputs of the running command. */
  readonly inputs: Inputs;
}): TerminalHost {
  const secrets = new Secrets();
  const words = (text: string) => inTerminalWords(text, options.inputs);
  const here = thisProcess();
  const progress = terminalProgress(options.stderr, systemClock, (text) => log.info(text));
  const line = (mark: string) => (text: string) => {
    progress.clear();
    options.stderr.write(`${mark}${forLog(words(secrets.redact(text)))}\n`);
    progress.draw();
  };
  const log: HostLog = {
    debug: options.verbose ? line('  ') : () => undefined,
    info: line(''),
    warn: line('warning: '),
    error: line('error: '),
    group: (title, work) => {
      line('')(title);
      return work();
    },
  };
  return {
    kind: 'terminal',
    clock: systemClock,
    log,
    secrets,
    words,
    environment: options.environment,
    directory: options.directory,
    signal: options.signal,
    run: { id: randomUUID(), owner: formatOwner(here) },
    liveness: async (owner) => (owner.kind === 'host' ? livenessOfProcess(owner, here, startOf) : 'unknown'),
    progress,
    cache: userCache(options.environment, process.platform),
    github: undefined,
    terminal: pipes({ ...options, secrets }),
    identityToken: async () => {
      throw new InputError(
        'a terminal has no identity token: only a workflow on GitHub has',
        'Use another way to log in.',
      );
    },
  };
}
