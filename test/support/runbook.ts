import { spawn } from 'node:child_process';
import { blocksOf } from '../../src/runbook/blocks.ts';

export interface RunbookRun {
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Pasted first of all, and after the preparations. */
  readonly before?: string;
  readonly between?: string;
  /** Variables that are wanted in the end. */
  readonly variables?: readonly string[];
}

export interface RunbookRan {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Pastes the blocks of some sections into a bash, as a person would; but for those that need root. */
export async function runBlocks(
  runbook: string,
  sections: readonly number[],
  { environment, directory, before = '', between = '', variables = [] }: RunbookRun,
): Promise<RunbookRan> {
  const wanted = blocksOf(runbook).filter(({ commands }) => !commands.includes('sudo '));
  const commandsOf = (section: number) =>
    wanted.filter((block) => block.section === section).map(({ commands }) => commands);
  const script = [
    before,
    ...commandsOf(0),
    between,
    ...sections.flatMap(commandsOf),
    ...variables.map((name) => `printf '\\n@%s=%s\\n' ${name} "$${name}"`),
  ].join('\n');
  const child = spawn('bash', ['--norc', '-c', script], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, LANG: 'C.UTF-8', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code,
        ...output,
        variables: Object.fromEntries(
          [...output.stdout.matchAll(/^@(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
        ),
      }),
    );
  });
}
