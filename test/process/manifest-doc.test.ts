import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { headOf, JournalWriter, journalFile } from '../../src/manifest/journal.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { startEmbeddedCloud } from '../fakes/cloud/index.ts';
import { backupPoint } from '../support/points.ts';

/** The commands of docs/manifest.md, carried out as they stand there on a manifest of a real run. */
const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);
let directory: string;
let manifest: string;
let blocks: { readonly mark: string; readonly commands: string }[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifest-doc-'));
  const text = await readFile(join(root, 'docs/manifest.md'), 'utf8');
  blocks = [...text.matchAll(/<!-- (tried|keys|journal) -->\n```sh\n(.+?)```/gs)].map(
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

it('hold for a journal too, which is read as it is described, and fail for one that was altered', async () => {
  const [commands = '', ...others] = commandsOf('journal');
  expect([commands === '', others]).toEqual([false, []]);
  const path = join(directory, 'manifest.json.journal');
  const key = createPrivateKey(await readFile(join(directory, 'sign.pem')));
  const writer = new JournalWriter(journalFile(path), key, undefined);
  const made = JSON.parse(await readFile(manifest, 'utf8')) as Manifest;
  const points = [made.restorePoints[0], backupPoint({ name: 'second' })].filter(
    (point) => point !== undefined,
  );
  await writer.add(headOf(made), { cloud: made.cloud });
  for (const point of points) await writer.add({ point });
  await appendFile(path, '{"point": {"id');
  await shell(commands, directory);
  const lines = (await readFile(join(directory, 'journal.lines'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines[0]).toEqual({
    format: 'openstack-backup manifest, journal',
    version: 1,
    run: made.run,
  });
  expect(lines[1]).toEqual({ cloud: made.cloud });
  expect(lines.flatMap(({ point }) => (point === undefined ? [] : [point]))).toEqual(points);
  await writeFile(path, (await readFile(path, 'utf8')).replace('second', 'altered'));
  await expect(shell(commands, directory)).rejects.toMatchObject({ code: 1 });
});
