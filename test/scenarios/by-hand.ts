import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import { CLIENT, clientPath } from '../support/openstack-client/index.ts';
import { runBlocks } from '../support/runbook.ts';
import type { Ran } from '../support/tool.ts';
import { type Keeper, manifestIn, STORE } from './sealed.ts';
import { manifestOf } from './steps.ts';
import type { World } from './world.ts';

/** With the real `openstack` client in front. */
export async function searchPath(): Promise<string> {
  return [await clientPath(), CLIENT, process.env['PATH']].join(':');
}

/** Carries out a command that was printed, with the real `openstack` client. */
export async function byClient(world: World, command: string): Promise<void> {
  const env = { ...world.environment('demo'), PATH: await searchPath() };
  await promisify(execFile)('bash', ['-c', command], { env });
}

/**
 * Carries out the RESTORE.md of a run as it stands there: by bash, the real `openstack` client, age, zstd, curl.
 *
 * @param wanted the variables of what the sections bring back
 * @returns their values: the ids
 */
export async function byHand(
  world: World,
  keeper: Keeper,
  saved: Ran,
  wanted: readonly string[],
): Promise<string[]> {
  const { restorePoints } = await manifestIn(saved);
  const text = await readFile(join(dirname(manifestOf(saved)), 'RESTORE.md'), 'utf8');
  const directory = join(world.directory, 'by-hand');
  await mkdir(directory, { recursive: true });
  await mkdir(STORE(world), { recursive: true });
  await writeFile(join(directory, 'identity'), `${keeper.environment.IDENTITY}\n`);
  const sections = restorePoints.map((_point, index) => index + 1);
  const ran = await runBlocks(text, sections, {
    directory,
    variables: wanted,
    environment: {
      ...world.environment('demo'),
      PATH: `${await searchPath()}:/usr/sbin`,
      STORE: STORE(world),
      IDENTITY: join(directory, 'identity'),
      WORK: directory,
    },
  });
  if (ran.code !== 0) throw new Error(`exit ${ran.code}\n${text}\n${ran.stdout}\n${ran.stderr}`);
  expect(await readdir(directory)).not.toContain('taken');
  await rm(directory, { recursive: true });
  return wanted.map((name) => ran.variables[name] ?? '');
}
