import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Clock, duration } from '../../clock.ts';
import type { Log } from '../../ports/log.ts';

/** What a check of the user's is told of the server. */
export interface Target {
  readonly serverId: string;
  /** Its first address; undefined without a network. */
  readonly address: string | undefined;
  /** The volume that it boots from; undefined if it boots from an image. */
  readonly volumeId: string | undefined;
}

export interface CheckTools {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  redact(text: string): string;
}

/**
 * Runs a command of the user's in bash and tells what it prints.
 *
 * @returns why it said no; undefined if it exits with 0
 * @throws the signal's reason
 */
export async function runCheck(
  command: string,
  target: Target,
  withinMs: number,
  { environment, directory, clock, log, signal, redact }: CheckTools,
): Promise<string | undefined> {
  signal.throwIfAborted();
  const child = spawn('bash', ['-c', command], {
    cwd: directory,
    env: { ...withoutSecrets(environment, redact), ...variablesOf(target) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  for (const stream of [child.stdout, child.stderr]) tell(stream, log);
  const over = new AbortController();
  let isLate = false;
  const late = clock.sleep(withinMs, over.signal).then(
    () => {
      isLate = true;
      end(child);
    },
    () => undefined,
  );
  const stop = () => end(child);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code, killed] = await closed;
    if (isLate) return `the check did not end within ${duration(withinMs)}`;
    signal.throwIfAborted();
    return code === 0 ? undefined : `the check said no (${killed ?? `exit ${code}`})`;
  } finally {
    signal.removeEventListener('abort', stop);
    over.abort();
    // What it left running in the background.
    end(child);
    await late;
  }
}

export function variablesOf({ serverId, address, volumeId }: Target): Record<string, string> {
  return {
    OPENSTACK_BACKUP_SERVER_ID: serverId,
    OPENSTACK_BACKUP_ADDRESS: address ?? '',
    OPENSTACK_BACKUP_VOLUME_ID: volumeId ?? '',
  };
}

/** Inputs, the runner's own tokens, and how we log in to the cloud. */
const OURS = /^(INPUT_|STATE_|ACTIONS_|OS_.*(PASSWORD|PASSCODE|SECRET|TOKEN))/;

/** Without what only we are to know, and without whatever holds a secret that we know. */
export function withoutSecrets(
  environment: Readonly<Record<string, string | undefined>>,
  redact: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || OURS.test(name) || redact(value) !== value ? [] : [[name, value]],
    ),
  );
}

function tell(stream: Readable, log: Log): void {
  createInterface({ input: stream }).on('line', (line) => log.info(`check: ${line}`));
}

/** With all that it started. */
function end({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
