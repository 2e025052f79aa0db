import { spawnSync } from 'node:child_process';
import { describe, test } from '@jest/globals';

function installed(programs: readonly string[]): boolean {
  return programs.every(
    (name) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`]).status === 0,
  );
}

/** In a CI what is missing is a failure, never a hole: GitHub and .ci/run set this. */
const mustHave = (process.env['CI'] ?? '') !== '';

/** `describe` of what needs these programs. Without them its tests are skipped, and fail where CI is set. */
export const describeWith = (...programs: string[]) =>
  mustHave || installed(programs) ? describe : describe.skip;

/** The same of a single test. */
export const testWith = (...programs: string[]) => (mustHave || installed(programs) ? test : test.skip);
