import { carryOut, commandNamed, stopSignal, tell } from './carry-out.ts';
import type { Command } from './commands/command.ts';
import { commands } from './commands/index.ts';
import { type InputError, messageOf } from './errors.ts';
import { fetchSecrets, parseArguments } from './host/terminal/arguments.ts';
import { helpOf, overview } from './host/terminal/help.ts';
import { type TerminalHost, terminalHost } from './host/terminal/host.ts';
import type { Outputs } from './inputs/table.ts';
import type { Outcome } from './run/context.ts';
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
  let command: Command;
  try {
    command = await commandNamed(name);
  } catch (error) {
    process.stderr.write(`error: ${messageOf(error)}\n  ${(error as InputError).hint}\n`);
    return 2;
  }
  return runCommand(command, rest);
}

async function runCommand(command: Command, words: readonly string[]): Promise<number> {
  const wantsJson = words.includes('--json');
  const host = terminalHost({
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    directory: process.cwd(),
    signal: stopSignal(),
    verbose: words.includes('--verbose'),
  });
  try {
    const parsed = parseArguments(words, command.inputs);
    if (parsed.switches.help) {
      process.stdout.write(helpOf(command));
      return 0;
    }
    const raw = await fetchSecrets(parsed.raw, command.inputs, host.terminal.secret);
    const outcome = await carryOut(command, raw, host, parsed.switches.dryRun);
    host.terminal.told.write(wantsJson ? jsonOf(outcome, host) : linesOf(outcome, host));
    return outcome.failed ? 1 : 0;
  } catch (error) {
    return tellError(error, host, wantsJson);
  }
}

/** Outputs that are JSON stay strings, as in a workflow: one shape for both. */
function jsonOf(outcome: Outcome<Outputs>, host: TerminalHost): string {
  return `${JSON.stringify(Object.fromEntries(safeOutputs(outcome, host)))}\n`;
}

function linesOf(outcome: Outcome<Outputs>, host: TerminalHost): string {
  return safeOutputs(outcome, host)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${forLog(value)}\n`)
    .join('');
}

/** The values without secrets; the names are ours, whatever a password is. */
function safeOutputs({ outputs }: Outcome<Outputs>, { secrets }: TerminalHost): [string, string][] {
  return Object.entries(outputs).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, secrets.redact(value)]],
  );
}

function tellError(error: unknown, host: TerminalHost, wantsJson: boolean): number {
  const { message, hint, exitCode, trace } = tell(error, host);
  host.log.error(message);
  if (hint !== '') process.stderr.write(`  ${forLog(hint)}\n`);
  if (trace !== undefined) process.stderr.write(`${trace}\n`);
  if (wantsJson)
    host.terminal.told.write(`${JSON.stringify({ error: { message, hint, exit: exitCode } })}\n`);
  return exitCode;
}
