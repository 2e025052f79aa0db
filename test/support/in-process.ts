import { randomUUID } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Command } from '../../src/commands/command.ts';
import { messageOf, PlainError } from '../../src/errors.ts';
import { terminalHost } from '../../src/host/terminal/host.ts';
import { parseInputs, type Raw } from '../../src/inputs/table.ts';
import { type GitHub, KEPT } from '../../src/ports/github.ts';
import type { Liveness } from '../../src/ports/owner.ts';
import { openContext } from '../../src/run/open-context.ts';

export interface Told {
  readonly code: 0 | 1 | 2;
  readonly outputs: Readonly<Record<string, string | undefined>>;
  readonly log: string;
  /** Markdown; empty where there is none. */
  readonly summary: string;
  /** Of a dry run. */
  readonly plan?: unknown;
  /** For a terminal; empty where there is none. */
  readonly printed: string;
  /** What a person would be shown as the error. */
  readonly error: string;
}

/** Time a hundred times as fast: polls and deadlines of minutes pass in a test's seconds. */
export function fastClock(factor = 100): Clock {
  const base = Date.now();
  return {
    now: () => base + (Date.now() - base) * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}

/** Runs a command without a process of its own: for matrices of hundreds of runs. */
export async function runInProcess(
  command: Command,
  raw: Raw,
  options: {
    readonly environment: Readonly<Record<string, string>>;
    readonly directory: string;
    readonly clock?: Clock;
    readonly dryRun?: boolean;
    /** Of all other runs; every other one is over unless told. */
    readonly others?: Liveness;
    /** In a workflow: of GitHub's services those that the command uses. */
    readonly github?: GitHub;
    /** What the step kept: its post step runs. */
    readonly kept?: string;
  },
): Promise<Told> {
  const written: string[] = [];
  const host = {
    ...terminalHost({
      stdin: () => Readable.from([]),
      stdout: new PassThrough(),
      stderr: { write: (text) => written.push(text) },
      environment: options.environment,
      directory: options.directory,
      signal: new AbortController().signal,
      verbose: true,
      inputs: {},
    }),
    clock: options.clock ?? fastClock(),
    run: { id: randomUUID(), owner: `github:o/r:${written.length + 1}:1` },
    // Runs of the matrix follow one another.
    liveness: async () => options.others ?? ('ended' as const),
    github: options.github,
  };
  const { context, close } = openContext(host, options.dryRun ?? false);
  try {
    const inputs = parseInputs(command.inputs, raw);
    const outcome = await (options.kept === undefined
      ? command.run(context, inputs)
      : command.afterwards?.(context, inputs, options.kept));
    if (outcome === undefined) throw new TypeError(`${command.name} has nothing to end`);
    if (outcome.kept !== undefined) options.github?.remember(KEPT, outcome.kept);
    return {
      code: outcome.failed ? 1 : 0,
      outputs: outcome.outputs,
      log: written.join(''),
      summary: outcome.summary ?? '',
      printed: outcome.printed ?? '',
      error: '',
      ...('plan' in outcome && { plan: outcome.plan }),
    };
  } catch (error) {
    const known = error instanceof PlainError ? error : undefined;
    if (known === undefined) throw error;
    const text = host.secrets.redact(`${messageOf(error)} ${known.hint ?? ''}`);
    return {
      code: known.exitCode,
      outputs: {},
      log: written.join(''),
      summary: '',
      printed: '',
      error: text,
    };
  } finally {
    await close();
  }
}
