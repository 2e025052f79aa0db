import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** What `npm pack` makes, as a user installs it into an empty folder, from no registry: it needs nothing beside itself. */
const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);
const MIB = 1024 * 1024;
let directory: string;
let home: string;
let packed: { readonly filename: string; readonly size: number; readonly unpackedSize: number };
let env: Record<string, string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'package-'));
  home = join(directory, 'home');
  await mkdir(home);
  env = {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`,
    HOME: directory,
    npm_config_cache: join(directory, 'cache'),
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  };
  const { stdout } = await execute(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', directory],
    { cwd: root },
  );
  packed = Object.values(JSON.parse(stdout) as Record<string, typeof packed>)[0] as typeof packed;
  await execute('npm', ['install', '--no-audit', '--no-fund', join(directory, packed.filename)], {
    cwd: home,
    env,
  });
}, 60_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const installed = () => join(home, 'node_modules/openstack-backup');

describe('npx openstack-backup, from a folder that has nothing else', () => {
  const npx = (...words: readonly string[]) =>
    execute('npx', ['openstack-backup', ...words], { cwd: home, env });

  it('shows its help', async () => {
    const { stdout } = await npx('--help');
    expect(stdout).toContain('backup-volume');
  });

  it('refuses a wrong input with exit 2', async () => {
    await expect(npx('backup-volume', '--volumes', 'db', '--mode', 'wrong')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('use auto, full, incremental'),
    });
  });
});

it('is small, and brings no other package along', async () => {
  const lock = JSON.parse(await readFile(join(home, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>;
  };
  expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/openstack-backup']);
  expect(packed.size).toBeLessThan(1.25 * MIB);
  expect(packed.unpackedSize).toBeLessThan(5 * MIB);
});

it('has what runs, what is read and under which terms, and neither source nor tests', async () => {
  const { stdout } = await execute('ls', [installed()]);
  expect(stdout.split('\n').filter(Boolean)).toEqual([
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bin',
    'dist',
    'docs',
    'package.json',
  ]);
});

it('can be published under its name by anybody who may: not private, and says which Node it needs', async () => {
  const made = JSON.parse(await readFile(join(installed(), 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  expect(made).toMatchObject({
    name: 'openstack-backup',
    engines: { node: '>=24' },
    publishConfig: { access: 'public' },
  });
  expect(made['private']).toBeUndefined();
  expect(made['dependencies']).toBeUndefined();
});

describe('an old Node', () => {
  /** Says that it is another than it is; the bundle behind it must not be reached. */
  const pretend = `data:text/javascript,${encodeURIComponent(
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.4' } }); Object.defineProperty(process, 'version', { value: 'v20.19.4' });",
  )}`;

  it.each(['dist/cli.js', 'bin/openstack-backup.js'])(
    'is told in %s by one line, and what to do',
    async (file) => {
      const words = ['--import', pretend, join(installed(), file), '--help'];
      await expect(execute(process.execPath, words)).rejects.toMatchObject({
        code: 2,
        stdout: '',
        stderr:
          'error: openstack-backup needs Node 24 or newer, and this is v20.19.4\n  Bring one along: npx --package node@24 --package openstack-backup openstack-backup …\n',
      });
    },
  );
});

describe('a checkout', () => {
  let checkout: string;
  beforeAll(async () => {
    checkout = join(directory, 'checkout');
    for (const name of ['bin', 'dist', 'src', 'package.json'])
      await cp(join(root, name), join(checkout, name), { recursive: true });
  });
  const tool = (...words: readonly string[]) =>
    execute(process.execPath, [join(checkout, 'bin/openstack-backup.js'), ...words]);

  it('runs without npm ci: the bundle needs no package', async () => {
    expect((await tool('--help')).stdout).toContain('backup-volume');
    await expect(tool('backup-volume', '--volumes', 'db', '--mode', 'wrong')).rejects.toMatchObject({
      code: 2,
    });
  });

  it('says npm ci where a package is missing, and calls it no fault of ours', async () => {
    await mkdir(join(checkout, 'node_modules'), { recursive: true });
    await writeFile(join(checkout, 'node_modules/.package-lock.json'), '{}');
    await stat(join(checkout, 'src/cli.ts'));
    const failed = (await tool('backup-volume', '--volumes', 'db').catch((error: unknown) => error)) as {
      code: number;
      stderr: string;
    };
    expect(failed.code).toBe(2);
    expect(failed.stderr).toContain('Run npm ci in the checkout');
    expect(failed.stderr).not.toMatch(/bug in openstack-backup|\n {4}at /);
  });
});
