import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from '../../clock.ts';
import { forLog } from '../../text/escape.ts';
import { Secrets } from '../../text/secrets.ts';
import type { Host, HostLog, RunIdentity } from '../host.ts';
import { terminalProgress } from './progress.ts';

export interface Stream {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** A person's terminal, or a script: the story and progress on stderr, results on stdout. */
export function terminalHost(options: {
  readonly stderr: Stream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly verbose: boolean;
}): Host {
  const secrets = new Secrets();
  const progress = terminalProgress(options.stderr, systemClock);
  const line = (mark: string) => (text: string) => {
    progress.clear();
    options.stderr.write(`${mark}${forLog(secrets.redact(text))}\n`);
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
    environment: options.environment,
    directory: options.directory,
    signal: options.signal,
    run: identity(),
    progress,
  };
}

/** A process is known by host, boot and pid: when one of them is gone, so is the run. */
function identity(): RunIdentity {
  return { id: randomUUID(), owner: `host:${hostname()}:${bootId()}:${process.pid}` };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
