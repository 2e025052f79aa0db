import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startEmbeddedCloud } from '../fakes/cloud/index.ts';

/** The commands of docs/manifest.md, carried out as they stand there on a manifest of a real run. */
const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);
let directory: string;
let manifest: string;
let blocks: { readonly mark: string; readonly commands: string }[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifest-doc-'));
  const text = await readFile(join(root, 'docs/manifest.md'), 'utf8');
  blocks = [...text.matchAll(/<!-- (tried|keys) -->\n```sh\n(.+?)```/gs)].map(
    ([, mark = '', commands = '']) => ({
      mark,
      commands,
    }),
  );
  for (const commands of commandsOf('keys')) await shell(commands, directory);
  await using cloud = await startEmbeddedCloud();
  cloud.seed.addVolume({ name: 'db' });
  const words = ['backup-volume', '--volumes', 'db', '--sign-key', 'file:sign.pem', '--json'];
  const { stdout } = await execute(process.execPath, [join(root, 'bin/openstack-backup.js'), ...words], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory, ...cloud.openrc('demo') },
  });
  manifest = (JSON.parse(stdout) as { manifest: string }).manifest;
  await shell(`cp verify.pem ${dirname(manifest)}`, directory);
}, 60_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const commandsOf = (mark: string) =>
  blocks.filter((block) => block.mark === mark).map(({ commands }) => commands);
const shell = (commands: string, cwd: string) => execute('sh', ['-euc', commands], { cwd });

it('hold for the manifest that was written', async () => {
  const tried = commandsOf('tried');
  expect(tried.length).toBe(2);
  for (const commands of tried) await shell(commands, dirname(manifest));
});

it('fail for one that was altered by a byte', async () => {
  await appendFile(manifest, ' ');
  for (const commands of commandsOf('tried'))
    await expect(shell(commands, dirname(manifest))).rejects.toMatchObject({ code: 1 });
});
