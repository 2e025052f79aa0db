import { text } from 'node:stream/consumers';
import type { Command, Outcome } from './commands/command.ts';
import { commands } from './commands/index.ts';
import { type Outputs, parseInputs } from './commands/table.ts';
import { messageOf, PlainError } from './errors.ts';
import type { Host } from './host/host.ts';
import { fetchSecrets, type Parsed, parseArguments } from './host/terminal/arguments.ts';
import { helpOf, overview } from './host/terminal/help.ts';
import { terminalHost } from './host/terminal/host.ts';
import { forLog } from './text/escape.ts';

/**
 * `openstack-backup <action> …`.
 *
 * @returns the exit code: 0 all well, 1 something failed, 2 wrong input and nothing touched
 */
export async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(overview(await Promise.all(Object.values(commands).map((load) => load()))));
    return name === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    process.stderr.write(
      `error: there is no action ${forLog(name)}\n  There are: ${Object.keys(commands).join(', ')}.\n`,
    );
    return 2;
  }
  return runCommand(await load(), rest);
}

async function runCommand(command: Command, words: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  const wantsJson = words.includes('--json');
  const host = terminalHost({
    stderr: process.stderr,
    environment: process.env,
    directory: process.cwd(),
    signal: stop.signal,
    verbose: words.includes('--verbose'),
  });
  try {
    const parsed = parseArguments(words, command.inputs);
    if (parsed.switches.help) {
      process.stdout.write(helpOf(command));
      return 0;
    }
    const outcome = await carryOut(command, parsed, host);
    process.stdout.write(host.secrets.redact(wantsJson ? jsonOf(outcome) : linesOf(outcome)));
    return outcome.failed ? 1 : 0;
  } catch (error) {
    return tellError(error, host, wantsJson);
  }
}

async function carryOut(command: Command, { raw, switches }: Parsed, host: Host): Promise<Outcome<Outputs>> {
  const stdin = () => text(process.stdin);
  const fetched = await fetchSecrets(
    raw,
    command.inputs,
    { environment: host.environment, directory: host.directory, stdin },
    (value) => host.secrets.add(value),
  );
  const inputs = parseInputs(command.inputs, fetched);
  const { openContext } = await import('./commands/context.ts');
  const { context, close } = openContext(host, switches.dryRun);
  try {
    return await command.run(context, inputs);
  } finally {
    await close();
  }
}

/** Outputs that are JSON stay strings, as in a workflow: one shape for both. */
function jsonOf({ outputs }: Outcome<Outputs>): string {
  return `${JSON.stringify(outputs)}\n`;
}

function linesOf({ outputs }: Outcome<Outputs>): string {
  return Object.entries(outputs)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}: ${forLog(value ?? '')}\n`)
    .join('');
}

function tellError(error: unknown, host: Host, wantsJson: boolean): number {
  const known = error instanceof PlainError ? error : undefined;
  const exitCode = known?.exitCode ?? 1;
  const message = host.secrets.redact(messageOf(error));
  const hint = host.secrets.redact(
    known?.hint ?? (host.signal.aborted ? '' : 'This is a fault of openstack-backup: please report it.'),
  );
  host.log.error(message);
  if (hint !== '') process.stderr.write(`  ${forLog(hint)}\n`);
  if (
    known === undefined &&
    error instanceof Error &&
    host.environment['OPENSTACK_BACKUP_TRACE'] !== undefined
  )
    process.stderr.write(`${host.secrets.redact(error.stack ?? '')}\n`);
  if (wantsJson) process.stdout.write(`${JSON.stringify({ error: { message, hint, exit: exitCode } })}\n`);
  return exitCode;
}
