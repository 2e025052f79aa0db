import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The files of each: by path. */
export const FILES: Readonly<Record<string, Buffer>> = {
  'etc/hosts': Buffer.from('127.0.0.1 what-was-lost\n'),
  'var/big': randomBytes(3_000_001),
  'var/sparse': Buffer.alloc(500_000, 'line\n'),
};

const environment = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` };

/** Real file systems with {@link FILES}, made without root. Need mke2fs and mkfs.xfs. */
export function fileSystems(): { readonly ext4: Buffer; readonly xfs: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'file-systems-'));
  const path = (name: string) => join(directory, name);
  const made = (program: string, ...words: string[]) =>
    execFileSync(program, words, { env: environment, stdio: 'pipe' });
  for (const folder of ['tree/etc', 'tree/var']) mkdirSync(path(folder), { recursive: true });
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(path(`tree/${name}`), bytes);
  for (const name of ['ext4', 'xfs']) {
    writeFileSync(path(name), '');
    truncateSync(path(name), 40 << 20);
  }
  made('mke2fs', '-q', '-t', 'ext4', '-d', path('tree'), path('ext4'));
  const file = (name: string) => `${name.split('/')[1]} ---644 0 0 ${path(`tree/${name}`)}`;
  const folder = (name: string) => [
    `${name} d--755 0 0`,
    ...Object.keys(FILES)
      .filter((one) => one.startsWith(name))
      .map(file),
    '$',
  ];
  writeFileSync(
    path('proto'),
    ['boot', '0 0', 'd--755 0 0', ...folder('etc'), ...folder('var'), '$', ''].join('\n'),
  );
  // One of a supported size has 300 MiB.
  made('mkfs.xfs', '-q', '--unsupported', '-p', path('proto'), path('xfs'));
  try {
    return { ext4: readFileSync(path('ext4')), xfs: readFileSync(path('xfs')) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
