import { spawn } from 'node:child_process';
import { BIN, COMPILED, type Ran } from './tool.ts';

/** Runs lines that we print for people to copy, in a shell, as they are; `npx` runs the program that is tested. */
export function runPrinted(
  lines: readonly string[],
  { directory, environment }: { readonly directory: string; readonly environment: Record<string, string> },
): Promise<Omit<Ran, 'json'>> {
  const npx = `npx() { [ "$1" = openstack-backup ] && shift && "$NODE" "$BIN" "$@"; }`;
  const child = spawn('bash', ['-euc', [npx, ...lines].join('\n')], {
    cwd: directory,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      ...COMPILED,
      ...environment,
      NODE: process.execPath,
      BIN,
    },
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
    child.on('close', (code) => resolve({ code, ...output }));
  });
}
