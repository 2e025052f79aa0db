import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { describeWith } from '../../support/installed.ts';

/** The commands of docs/one-file-back.md that need no root, on a disk with a partition. */
const page = readFileSync(join(import.meta.dirname, '../../../docs/one-file-back.md'), 'utf8');
const START = 1_048_576;
const SIZE = 40 << 20;
let directory: string;

const blockOf = (title: string): string => {
  const [, section = ''] = page.split(`\n## ${title}`);
  return /```sh\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
};
const shell = (script: string) =>
  spawnSync('bash', ['-euc', script], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: `${process.env['PATH']}:/usr/sbin` },
  });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'one-file-'));
  const disk = join(directory, 'db.raw');
  writeFileSync(disk, '');
  truncateSync(disk, SIZE);
  const entry = Buffer.alloc(66);
  entry.writeUInt8(0x83, 4);
  entry.writeUInt32LE(START / 512, 8);
  entry.writeUInt32LE((SIZE - START) / 512, 12);
  entry.writeUInt16BE(0x55aa, 64);
  writeSync(openSync(disk, 'r+'), entry, 0, entry.length, 446);
  writeFileSync(join(directory, 'saved'), 'what was lost');
  const made = shell(
    `mkfs.ext4 -q -E offset=${START} db.raw ${(SIZE - START) >> 10}k
    printf 'mkdir etc\\ncd etc\\nwrite saved hosts\\n' | debugfs -w 'db.raw?offset=${START}'`,
  );
  expect(made.status).toBe(0);
});
afterEach(() => rmSync(directory, { recursive: true }));

describeWith('debugfs', 'mkfs.ext4')('docs/one-file-back.md', () => {
  test('gets a file and a directory back with debugfs', () => {
    const block = blockOf('Without root: debugfs');
    expect(block).toContain('rdump');
    const { status, stdout } = shell(block);
    expect(status).toBe(0);
    expect(stdout).toContain('hosts');
    for (const file of ['hosts', 'found/etc/hosts'])
      expect(readFileSync(join(directory, file), 'utf8')).toBe('what was lost');
  });
});

describeWith(
  'partx',
  'debugfs',
  'mkfs.ext4',
)('docs/one-file-back.md', () => {
  test('finds where the file system begins', () => {
    const shown = execFileSync('bash', ['-c', blockOf('Where the file system begins')], {
      cwd: directory,
      encoding: 'utf8',
    });
    const [, start] = /^ *1 +(\d+)/m.exec(shown) ?? [];
    expect(Number(start) * 512).toBe(START);
  });
});
