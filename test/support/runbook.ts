import { spawn } from 'node:child_process';

/** A block of commands of a RESTORE.md. */
export interface Block {
  /** The number of the section that it stands in; 0 for what comes before all of them. */
  readonly section: number;
  readonly commands: string;
}

/** All blocks, as a reader of Markdown sees them: a fence is a line of backticks and nothing else. */
export function blocksOf(runbook: string): Block[] {
  const blocks: Block[] = [];
  let section = 0;
  let open: string[] | undefined;
  for (const line of runbook.split('\n')) {
    const [, number] = /^## (\d+)\. /.exec(line) ?? [];
    if (open === undefined && number !== undefined) section = Number(number);
    if (!/^ {0,3}```/.test(line)) open?.push(line);
    else if (open === undefined) open = [];
    else {
      blocks.push({ section, commands: open.join('\n') });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error('a block has no end');
  return blocks;
}

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
