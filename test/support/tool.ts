import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The checkout, or what is shipped where TEST_DIST is set: there bin/ loads nothing else. */
export const BIN = fileURLToPath(
  new URL(
    process.env['TEST_DIST'] === undefined ? '../../bin/openstack-backup.js' : '../../dist/cli.js',
    import.meta.url,
  ),
);

/** What node made of the source, kept from one process to the next: half of what the start of one costs. */
export const COMPILED = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../build/compiled', import.meta.url)),
};

export interface Ran {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one JSON object on stdout, with --json. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface RunOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly stdin?: string;
  /** A command that runs the program, in front of its own words. */
  readonly within?: readonly string[];
  /** Called with all that was written so far, to act in the middle of a run. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs the program as a person would: another process, its own environment, nothing of ours. */
export function runTool(words: readonly string[], options: RunOptions): Promise<Ran> {
  const [program = '', ...all] = [...(options.within ?? []), process.execPath, BIN, ...words];
  const child = spawn(program, all, {
    cwd: options.directory,
    env: { PATH: process.env['PATH'] ?? '', HOME: options.directory, ...COMPILED, ...options.environment },
  });
  child.stdin.end(options.stdin ?? '');
  const output = { stdout: '', stderr: '' };
  const listen = (stream: 'stdout' | 'stderr') =>
    child[stream].on('data', (chunk: Buffer) => {
      output[stream] += chunk.toString();
      options.onOutput?.(output.stdout + output.stderr, (signal) => child.kill(signal));
    });
  listen('stdout');
  listen('stderr');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const { stdout, stderr } = output;
      resolve({
        code,
        stdout,
        stderr,
        json: words.includes('--json') && stdout !== '' ? JSON.parse(stdout) : {},
      });
    });
  });
}
