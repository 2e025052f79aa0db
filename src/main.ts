import { carryOut, commandNamed, stopSignal, tell } from './carry-out.ts';
import type { Command } from './commands/command.ts';
import { type GitHubHost, githubHost } from './host/github/host.ts';
import { readInputs, workflowInputs } from './host/github/inputs.ts';
import { failureSummary, fitSummary } from './host/github/summary.ts';
import { cloudInputs } from './inputs/cloud.ts';
import type { Outputs, Raw } from './inputs/table.ts';
import { parseInputs } from './inputs/table.ts';
import { KEPT } from './ports/github.ts';
import { PENDING, parsePending } from './publish/github/pending.ts';
import type { Outcome } from './run/context.ts';
import { redactOutput } from './text/redact-json.ts';

/**
 * A step of a workflow: `uses: …/actions/<name>`. Never throws. The exit codes are the terminal's: 0 all well,
 * 1 something failed, 2 wrong input and nothing touched.
 *
 * @param name of the command
 */
export async function run(name: string): Promise<void> {
  const host = hostFor(name);
  try {
    const command = await commandNamed(name);
    const raw = readRaw(command, host);
    const own = { 'dry-run': workflowInputs['dry-run'] };
    const { 'dry-run': dryRun } = parseInputs(own, readInputs(own, host.environment));
    const outcome = await carryOut(command, raw, host, dryRun);
    tellOutcome(outcome, command.outputs, host);
    if (outcome.failed) fail(host, outcome.failure ?? failureOf(host), 1);
    // Whoever stops a step calls it failed, although it may have come to its end.
    if (outcome.kept !== undefined && !host.signal.aborted) host.runner.state(KEPT, outcome.kept);
  } catch (error) {
    tellError(name, host, error);
  }
}

function tellError(name: string, host: GitHubHost, error: unknown): void {
  const { message, hint, exitCode, trace } = tell(error, host);
  if (trace !== undefined) for (const line of trace.split('\n')) host.log.info(line);
  host.runner.summary(failureSummary(name, { message, hint, exitCode }));
  fail(host, hint === '' ? message : `${message}. ${hint}`, exitCode);
}

/**
 * Runs after the job's steps, even if this one was cancelled or killed: ends what the step began, and publishes what it saved
 * but could not publish. Only the former may fail a job.
 */
export async function post(name: string): Promise<void> {
  const host = hostFor(name);
  await end(name, host);
  try {
    await publish(name, host);
  } catch (error) {
    host.log.warn(tell(error, host).message);
  }
}

async function end(name: string, host: GitHubHost): Promise<void> {
  const kept = host.environment[`STATE_${KEPT}`] ?? '';
  if (kept === '') return;
  try {
    const command = await commandNamed(name);
    const { afterwards } = command;
    if (afterwards === undefined) return;
    const raw = readRaw(command, host);
    const ending = {
      ...command,
      run: (...[context, given]: Parameters<Command['run']>) => afterwards(context, given, kept),
    };
    const outcome = await carryOut(ending, raw, host, false);
    tellOutcome(outcome, command.outputs, host);
    if (outcome.failed) fail(host, outcome.failure ?? failureOf(host), 1);
  } catch (error) {
    tellError(name, host, error);
  }
}

async function publish(name: string, host: GitHubHost): Promise<void> {
  const pending = PENDING.map((key) => parsePending(host.environment[`STATE_${key}`] ?? ''));
  const published = new Set<string>();
  for (const one of pending) {
    if (one === undefined || host.github === undefined) continue;
    const { finishPending } = await import('./publish/github/post.ts');
    for (const point of await finishPending(host.github, one, host.log)) published.add(point);
  }
  if (published.size > 0) await markPublished(name, published, host);
}

/** Marks as recorded what is now published. If the cloud does not answer, the next run adopts it once more. */
async function markPublished(name: string, points: ReadonlySet<string>, host: GitHubHost): Promise<void> {
  const command = await commandNamed(name);
  const { markInCloud } = await import('./run/mark-published.ts');
  readRaw(command, host);
  await markInCloud(parseInputs(cloudInputs, readInputs(cloudInputs, host.environment)), points, host);
}

function hostFor(name: string): GitHubHost {
  return githubHost({
    stdout: process.stdout,
    environment: process.env,
    directory: process.env['GITHUB_WORKSPACE'] || process.cwd(),
    signal: stopSignal(),
    title: name,
  });
}

/** Masks secrets as it reads them, before an error can show one. */
function readRaw(command: Command, host: GitHubHost): Raw {
  const raw = readInputs(command.inputs, host.environment);
  for (const [name, input] of Object.entries(command.inputs))
    if (input.secret === true) host.secrets.add(raw[name] ?? '');
  return raw;
}

function tellOutcome(
  { outputs, summary }: Outcome<Outputs>,
  table: Outputs,
  { runner, secrets }: GitHubHost,
): void {
  for (const [name, value] of Object.entries(outputs)) {
    if (value !== undefined) runner.output(name, redactOutput(value, table[name]?.json === true, secrets));
  }
  if (summary !== undefined) runner.summary(fitSummary(secrets.redact(summary)));
}

/** Each failure was already reported; this is the line that the run's page shows. */
function failureOf({ signal }: GitHubHost): string {
  return signal.aborted
    ? 'the run was stopped; what succeeded before is recorded and published'
    : 'part of the run failed, see the errors above; what succeeded is recorded and published';
}

function fail(host: GitHubHost, message: string, exitCode: 1 | 2): void {
  host.fail(message);
  process.exitCode = exitCode;
}
