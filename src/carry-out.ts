import type { Command } from './commands/command.ts';
import { actions, commands } from './commands/index.ts';
import { InputError, messageOf, PlainError } from './errors.ts';
import { type Outputs, parseInputs, type Raw } from './inputs/table.ts';
import type { Host } from './ports/host.ts';
import type { Outcome } from './run/context.ts';
import { forLog, quoted } from './text/escape.ts';
import { nearest } from './text/nearest.ts';
import { or } from './text/words.ts';

/** Shared by both entry points: finding a command, carrying it out, and reporting what went wrong. */

/** @throws InputError that lists the commands */
export async function commandNamed(name: string): Promise<Command> {
  const load = [commands, actions].find((known) => Object.hasOwn(known, name))?.[name];
  if (load === undefined) {
    const meant = meantBy(name, [...Object.keys(commands), 'help', 'completion']);
    throw new InputError(
      `unknown command ${quoted(forLog(name))}`,
      meant.length === 0
        ? `The commands are ${Object.keys(commands).join(', ')}.`
        : `Did you mean ${or(meant)}?`,
    );
  }
  return load();
}

/** Those that a part of the name was given of ("backup", "volume"), else the nearest one. */
function meantBy(name: string, all: readonly string[]): readonly string[] {
  const holding = all.filter((one) => one.split(/[ -]/).includes(name));
  const one = nearest(name, all);
  return holding.length > 0 ? holding : one === undefined ? [] : [one];
}

/** @throws PlainError if the command cannot be carried out; anything else is a bug */
export async function carryOut(
  command: Command,
  raw: Raw,
  host: Host,
  dryRun: boolean,
): Promise<Outcome<Outputs>> {
  checkSystem(process.platform);
  const inputs = parseInputs(command.inputs, raw);
  const { openContext } = await import('./run/open-context.ts');
  const { context, close } = openContext(host, dryRun);
  try {
    return await command.run(context, inputs);
  } finally {
    await close();
  }
}

/**
 * Supports Linux and macOS.
 *
 * @throws InputError
 */
export function checkSystem(platform: NodeJS.Platform): void {
  if (platform !== 'win32') return;
  throw new InputError(
    'Windows is not supported: it lacks the file modes that keep keys and manifests from other users, and the programs that RESTORE.md needs (bash, age, zstd, sha256sum, curl)',
    'Use a Linux or macOS runner; on a Windows machine, run it in WSL.',
  );
}

/** Whether this is a checkout without all its packages installed. */
function isMissingPackage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}

/** An error for people. Secrets are redacted; whoever prints it must still escape names. */
export interface Told {
  readonly message: string;
  /** What to do; may be empty. */
  readonly hint: string;
  readonly exitCode: 1 | 2;
  /** The stack trace, for bugs and on request. */
  readonly trace: string | undefined;
}

const NPM_CI = 'Run npm ci in the checkout: it installs the packages that the source needs.';

export function tell(error: unknown, host: Host): Told {
  if (isMissingPackage(error)) return tell(new InputError(messageOf(error), NPM_CI, error), host);
  const known = error instanceof PlainError ? error : undefined;
  const fault = host.signal.aborted ? '' : 'This is a bug in openstack-backup: please report it.';
  const wantsTrace = known === undefined && host.environment['OPENSTACK_BACKUP_TRACE'] !== undefined;
  return {
    message: host.words(host.secrets.redact(messageOf(error))),
    hint: host.words(host.secrets.redact(known === undefined ? fault : (known.hint ?? ''))),
    exitCode: known?.exitCode ?? 1,
    trace: wantsTrace && error instanceof Error ? host.secrets.redact(error.stack ?? '') : undefined,
  };
}

/** Aborts when the process is told to stop: a runner sends SIGINT, then SIGTERM, then kills. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Stopped(signal)));
  return stop.signal;
}

class Stopped extends Error {
  readonly signal: 'SIGINT' | 'SIGTERM';
  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/** The signal that stopped the process; undefined if none did. */
export function stoppedBy({ aborted, reason }: AbortSignal): 'SIGINT' | 'SIGTERM' | undefined {
  return aborted && reason instanceof Stopped ? reason.signal : undefined;
}
