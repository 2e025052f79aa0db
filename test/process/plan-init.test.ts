import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { expectExit, inventory } from '../scenarios/steps.ts';
import { limitBackups } from '../support/shop.ts';

let world: EmbeddedWorld;
let project: string;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const { seed } = world.cloud;
  project = (await world.session('demo')).scope.project.id;
  await limitBackups(world);
  const root = seed.addVolume({ name: 'root', size: 1, bootable: true });
  seed.addServer({ name: 'shop', volumes: [root] });
  seed.addSecret(randomBytes(32), { name: 'backup-key' });
}, 60_000);
afterAll(() => world.close());

test('a first plan passes the check, and shows what is due; it is never written over', async () => {
  const before = await inventory(world);
  const dry = expectExit(await world.tool(['plan', 'init', '--dry-run']), 0);
  expect(dry.stdout).toContain(`\nproject: ${project} #`);
  expect(dry.stdout).toContain('\npublish: ["directory:openstack-backups"] #');
  const { json } = expectExit(await world.tool(['plan', 'init', '--json']), 0);
  const file = join(world.directory, '.github/openstack-backup.yml');
  expect(json).toEqual({ file: '.github/openstack-backup.yml', text: dry.stdout });
  expect(await readFile(file, 'utf8')).toBe(dry.stdout);
  expect(dry.stdout).toMatch(/keep: # .*\n {2}daily: 7\n {2}min-copies: 2\n/);
  expect(expectExit(await world.tool(['plan', 'check', '--json']), 0).json['warnings']).toEqual([]);
  await limitBackups(world, 5);
  expect(expectExit(await world.tool(['plan', 'check', '--json']), 0).json['warnings']).toEqual([
    expect.stringMatching(/^the quota will not be enough: this plan comes to \d+ backups, and 5 are allowed/),
  ]);
  const shown = expectExit(await world.tool(['plan', 'show', '--manifest', 'directory:x']), 0);
  expect(shown.stdout).toMatch(/^2 of 3 due in project demo/);
  // In a repository, a workflow will publish.
  await mkdir(join(world.directory, '.git'));
  const inside = expectExit(await world.tool(['plan', 'init', '--dry-run']), 0);
  expect(inside.stdout).toContain('\npublish: [release] #');
  const again = expectExit(await world.tool(['plan', 'init']), 2);
  expect(again.stderr).toContain(
    'error: .github/openstack-backup.yml already exists\n  Name another file, or print one with --dry-run. Nothing was changed.\n',
  );
  expect(await readFile(file, 'utf8')).toBe(dry.stdout);
  expect(await inventory(world)).toEqual(before);
}, 60_000);

test('a disk that is saved only with its server is said to be, and not to be out of the plan', async () => {
  const entries = 'back-up:\n  - {name: servers, select: all, kinds: [server], every: 1d}\n';
  const head = `version: 1\nproject: ${project}\npublish: ["directory:openstack-backups"]\n`;
  await writeFile(join(world.directory, 'servers.yml'), `${head}${entries}`);
  const { json } = expectExit(await world.tool(['plan', 'show', 'servers.yml', '--json']), 0);
  const rows = json['resources'] as Record<string, string>[];
  expect(rows.map(({ kind, name, entry, state, way }) => [kind, name, entry, state, way])).toEqual(
    expect.arrayContaining([['volume', 'root', 'servers', 'due', 'with server shop']]),
  );
});
