import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { byHand } from '../../../src/payload/by-hand.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'openstack-backup-by-hand-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** The lines in a shell whose `sudo` is no root: it opens nothing, and what is opened reads `plain`. */
function carryOut(output: string): number {
  const lines = byHand({
    image: 'disk.luks',
    output,
    key: 'file:key',
    identity: undefined,
    imageLayers: [],
    keyLayers: [],
    filter: 'cat',
  });
  writeFileSync(join(directory, 'key'), 'k');
  const sudo = 'sudo() { case $1 in cat) printf plain;; *) cat > /dev/null;; esac; }';
  try {
    execFileSync('bash', ['-e', '-c', [sudo, ...lines].join('\n')], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    return 0;
  } catch (error) {
    return (error as { status: number }).status;
  }
}

describe('the lines that do by hand what unlock does', () => {
  test('write a file that is its owner’s alone', () => {
    expect(carryOut('plain.raw')).toBe(0);
    expect(readFileSync(join(directory, 'plain.raw'), 'utf8')).toBe('plain');
    expect(statSync(join(directory, 'plain.raw')).mode & 0o777).toBe(0o600);
  });

  test('overwrite nothing, as unlock does not', () => {
    writeFileSync(join(directory, 'plain.raw'), 'precious');
    expect(carryOut('plain.raw')).not.toBe(0);
    expect(readFileSync(join(directory, 'plain.raw'), 'utf8')).toBe('precious');
  });
});
