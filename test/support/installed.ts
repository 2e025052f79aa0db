import { spawnSync } from 'node:child_process';

/** Whether all these programs are there. Tests that need one are skipped without it, which .ci/run counts as failed. */
export function installed(...programs: readonly string[]): boolean {
  return programs.every(
    (name) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`]).status === 0,
  );
}
