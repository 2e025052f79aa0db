import { spawnSync } from 'node:child_process';
import { describe, test } from '@jest/globals';

function installed(programs: readonly string[]): boolean {
  return programs.every(
    (name) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`]).status === 0,
  );
}

/** `describe` of what needs these programs. Without them its tests are skipped, which .ci/run counts as failed. */
export const describeWith = (...programs: string[]) => (installed(programs) ? describe : describe.skip);

/** The same of a single test. */
export const testWith = (...programs: string[]) => (installed(programs) ? test : test.skip);
