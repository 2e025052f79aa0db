import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

/** What `npm pack` makes, as a user installs it: without the source and without any dependency. */
const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);
let directory: string;
let installed: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'package-'));
  installed = join(directory, 'node_modules/openstack-backup');
  await mkdir(installed, { recursive: true });
  const { stdout } = await execute(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', directory],
    { cwd: root },
  );
  const [file] = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>);
  await execute('tar', [
    '-xzf',
    join(directory, file?.filename ?? ''),
    '-C',
    installed,
    '--strip-components=1',
  ]);
}, 60_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const tool = (...words: readonly string[]) =>
  execute(process.execPath, [join(installed, 'bin/openstack-backup.js'), ...words], { cwd: directory });

it('shows its help', async () => {
  const { stdout } = await tool('--help');
  expect(stdout).toContain('backup-volume');
});

it('refuses a wrong input with exit 2', async () => {
  await expect(tool('backup-volume', '--volumes', 'db', '--mode', 'wrong')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('use auto, full, incremental'),
  });
});

it('has neither source nor dependencies', async () => {
  const { stdout } = await execute('ls', [installed]);
  expect(stdout.split('\n').filter(Boolean).toSorted()).toEqual(
    expect.arrayContaining(['LICENSE', 'bin', 'dist', 'docs', 'package.json']),
  );
  expect(stdout).not.toMatch(/^(?:src|test|node_modules)$/m);
});
