/** Spawns a step of a workflow as the runner does: main or post of an action, its inputs and files, and nothing else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { COMPILED } from './tool.ts';

const root = resolve(import.meta.dirname, '../..');

/** The machine that a job runs on. */
export interface Job extends AsyncDisposable {
  readonly directory: string;
  /** GITHUB_WORKSPACE. */
  readonly workspace: string;
  readonly environment: Record<string, string>;
}

export async function startJob(environment: Record<string, string>): Promise<Job> {
  const directory = await mkdtemp(join(tmpdir(), 'job-'));
  const workspace = join(directory, 'work');
  for (const path of [workspace, join(directory, 'temp'), join(directory, 'home')]) await mkdir(path);
  return {
    directory,
    workspace,
    environment: {
      PATH: process.env['PATH'] ?? '',
      HOME: join(directory, 'home'),
      RUNNER_TEMP: join(directory, 'temp'),
      GITHUB_WORKSPACE: workspace,
      ...environment,
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

export interface Step {
  readonly action: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines that are no commands. */
  readonly lines: readonly string[];
  readonly commands: readonly Command[];
  readonly outputs: Readonly<Record<string, string>>;
  /** As the post gets it, STATE_ before the names. */
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly milliseconds: number;
}

export interface Command {
  readonly name: string;
  readonly title: string | undefined;
  readonly text: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly done: Promise<Outcome>;
  /** Resolves when a line of stdout has that in it; rejects when the step is over before. */
  said(text: string): Promise<void>;
}

let steps = 0;

/** The source, or what is built of it where TEST_DIST is set. */
function entry(action: string, half: 'run' | 'post'): string[] {
  if (process.env['TEST_DIST'] !== undefined)
    return [join(root, 'dist', `${action}${half === 'post' ? '-post' : ''}.js`)];
  const script = `import { ${half} } from '${join(root, 'src/main.ts')}'; await ${half}('${action}');`;
  return ['--no-warnings', '--input-type=module', '--eval', script];
}

export async function startStep(job: Job, step: Step, half: 'run' | 'post' = 'run'): Promise<Running> {
  steps += 1;
  const files = join(job.directory, `step-${steps}`);
  await mkdir(files);
  const names = ['OUTPUT', 'STATE', 'ENV', 'PATH', 'STEP_SUMMARY'];
  for (const name of names) await writeFile(join(files, name), '');
  const started = Date.now();
  const child = spawn(process.execPath, entry(step.action, half), {
    cwd: job.workspace,
    env: {
      ...COMPILED,
      ...job.environment,
      ...Object.fromEntries(names.map((name) => [`GITHUB_${name}`, join(files, name)])),
      ...Object.fromEntries(
        Object.entries(step.inputs ?? {}).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
      ),
      ...step.environment,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const done = new Promise<Outcome>((resolveOutcome, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      outcome(files, { code, signal, stdout, stderr, milliseconds: Date.now() - started }).then(
        resolveOutcome,
        reject,
      );
    });
  });
  const said = (text: string) =>
    new Promise<void>((found, reject) => {
      const look = () => {
        if (stdout.includes(text)) found();
      };
      child.stdout.on('data', look);
      child.on('close', () => reject(new Error(`it never said "${text}":\n${stdout}${stderr}`)));
      look();
    });
  return { process: child, done, said };
}

export async function runStep(job: Job, step: Step, half: 'run' | 'post' = 'run'): Promise<Outcome> {
  return (await startStep(job, step, half)).done;
}

/** The post of a step that ended, with the state that it left. */
export function runPost(job: Job, step: Step, main: Outcome): Promise<Outcome> {
  return runStep(job, { ...step, environment: { ...step.environment, ...main.state } }, 'post');
}

/** As the runner cancels a step: SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL. */
export async function cancel({ process: child, done }: Running): Promise<void> {
  const timers: NodeJS.Timeout[] = [];
  child.kill('SIGINT');
  timers.push(setTimeout(() => child.kill('SIGTERM'), 7_500));
  timers.push(setTimeout(() => child.kill('SIGKILL'), 10_000));
  await done;
  for (const timer of timers) clearTimeout(timer);
}

async function outcome(
  files: string,
  ended: Pick<Outcome, 'code' | 'signal' | 'stdout' | 'stderr' | 'milliseconds'>,
): Promise<Outcome> {
  const all = ended.stdout.split('\n');
  const state = entriesOf(await readFile(join(files, 'STATE'), 'utf8'));
  return {
    ...ended,
    lines: all.filter((line) => line !== '' && !line.startsWith('::')),
    commands: all.flatMap(parseCommand),
    outputs: entriesOf(await readFile(join(files, 'OUTPUT'), 'utf8')),
    state: Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
    summary: await readFile(join(files, 'STEP_SUMMARY'), 'utf8'),
  };
}

function parseCommand(line: string): Command[] {
  const [, name, properties = '', text = ''] = /^::([a-z-]+)(?: ([^:]*))?::(.*)$/.exec(line) ?? [];
  if (name === undefined) return [];
  const title = /(?:^|,)title=([^,]*)/.exec(properties)?.[1];
  return [{ name, title, text: decodeURIComponent(text.replace(/%(?!0A|0D|25)/g, '%25')) }];
}

/** `name<<delimiter`, lines, the delimiter: the last of a name wins. */
function entriesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const [, name, delimiter] = /^([^<]+)<<(.+)$/.exec(lines[at] ?? '') ?? [];
    if (name === undefined || delimiter === undefined) continue;
    const end = lines.indexOf(delimiter, at + 1);
    found[name] = lines.slice(at + 1, end).join('\n');
    at = end;
  }
  return found;
}

export function errorsOf({ commands }: Outcome): string {
  return commands
    .filter(({ name }) => name === 'error')
    .map(({ text }) => text)
    .join('\n');
}

export function warningsOf({ commands }: Outcome): string {
  return commands
    .filter(({ name }) => name === 'warning')
    .map(({ text }) => text)
    .join('\n');
}
