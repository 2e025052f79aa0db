import { carryOut, commandNamed, stoppedBy, stopSignal, tell } from './carry-out.ts';
import type { Command } from './commands/command.ts';
import { commands } from './commands/index.ts';
import { messageOf, PlainError } from './errors.ts';
import { commandAmong, fetchSecrets, parseArguments } from './host/terminal/arguments.ts';
import { type TerminalHost, terminalHost } from './host/terminal/host.ts';
import { jsonOf, linesOf } from './host/terminal/results.ts';
import type { Inputs } from './inputs/table.ts';
import { forJson, forLog } from './text/escape.ts';
import { VERSION } from './version.ts';

/**
 * `openstack-backup COMMAND …`.
 *
 * @returns the exit code: 0 all well, 1 something failed, 2 wrong input and nothing touched, 130 and 143 when stopped
 */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const { name, rest } = await commandAmong(words, inputsOfAll, Object.keys(commands));
    if (name === undefined) return await withoutCommand(words);
    if (name === 'help' && rest.length > 0) return await main([...rest, '--help']);
    if (name === 'help') return await show(0);
    if (name === 'completion') return await completion(rest);
    if (Object.keys(commands).some((other) => other.startsWith(`${name} `)))
      return await showGroup(name, rest);
    return await runCommand(await commandNamed(name), rest);
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    const hint = error.hint ?? '';
    process.stderr.write(`error: ${messageOf(error)}\n${hint === '' ? '' : `  ${hint}\n`}`);
    if (words.includes('--json')) process.stdout.write(errorJson(messageOf(error), hint, error.exitCode));
    return error.exitCode;
  }
}

async function withoutCommand(words: readonly string[]): Promise<number> {
  const { switches } = parseArguments(words, await inputsOfAll());
  return switches.version ? version() : show(switches.help ? 0 : 2);
}

function version(): number {
  process.stdout.write(`${VERSION}\n`);
  return 0;
}

/** @param exitCode 2 if the command is missing */
async function show(exitCode: number): Promise<number> {
  const { overview, widthFor } = await import('./host/terminal/help.ts');
  process.stdout.write(overview(await all(), widthFor(process.stdout.columns)));
  return exitCode;
}

/** Handles the first word of a two-word command, alone. */
async function showGroup(first: string, rest: readonly string[]): Promise<number> {
  const { switches } = parseArguments(rest, await inputsOfAll());
  if (switches.version) return version();
  const { groupOf, widthFor } = await import('./host/terminal/help.ts');
  process.stdout.write(groupOf(first, await all(), widthFor(process.stdout.columns)));
  return switches.help ? 0 : 2;
}

async function completion(rest: readonly string[]): Promise<number> {
  const [shell] = rest.filter((word) => !word.startsWith('-'));
  if (rest.includes('--help') || rest.includes('-h')) return show(0);
  const { completionOf } = await import('./host/terminal/completion.ts');
  process.stdout.write(completionOf(shell, await all()));
  return 0;
}

function all(): Promise<Command[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}

async function inputsOfAll(): Promise<Inputs> {
  return Object.assign({}, ...(await all()).map(({ inputs }) => inputs)) as Inputs;
}

async function runCommand(command: Command, words: readonly string[]): Promise<number> {
  const { switches, raw } = parseArguments(words, command.inputs, command.bare);
  if (switches.version) return version();
  if (switches.help) {
    const { helpOf, widthFor } = await import('./host/terminal/help.ts');
    process.stdout.write(helpOf(command, widthFor(process.stdout.columns)));
    return 0;
  }
  const host = terminalHost({
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    directory: process.cwd(),
    signal: stopSignal(),
    verbose: switches.verbose,
    inputs: command.inputs,
  });
  tellStop(host);
  try {
    const fetched = await fetchSecrets(raw, command.inputs, host.terminal.secret);
    const outcome = await carryOut(command, fetched, host, switches['dry-run']);
    const print = switches.json ? jsonOf : linesOf;
    host.terminal.told.write(print(outcome, command.outputs, host));
    return exitCodeOf(outcome.failed ? 1 : 0, host);
  } catch (error) {
    return tellError(error, host, switches.json);
  }
}

function tellStop({ signal, log }: TerminalHost): void {
  signal.addEventListener(
    'abort',
    () => log.warn(`${messageOf(signal.reason)}: cleaning up; a second Ctrl-C ends at once`),
    { once: true },
  );
}

/** 128 plus the signal's number tells a shell that the command was stopped, so that it ends its script. */
function exitCodeOf(code: number, { signal }: TerminalHost): number {
  const stopped = stoppedBy(signal);
  if (code !== 1 || stopped === undefined) return code;
  return stopped === 'SIGINT' ? 130 : 143;
}

function tellError(error: unknown, host: TerminalHost, wantsJson: boolean): number {
  const { message, hint, exitCode, trace } = tell(error, host);
  const code = exitCodeOf(exitCode, host);
  host.log.error(message);
  if (hint !== '') process.stderr.write(`  ${forLog(hint)}\n`);
  if (trace !== undefined) process.stderr.write(`${trace}\n`);
  if (wantsJson) host.terminal.told.write(errorJson(message, hint, code));
  return code;
}

function errorJson(message: string, hint: string, exit: number): string {
  return `${forJson(JSON.stringify({ error: { message, hint, exit } }))}\n`;
}
