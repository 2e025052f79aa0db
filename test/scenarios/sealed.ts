import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { Manifest } from '../../src/manifest/schema.ts';
import type { Ran } from '../support/tool.ts';
import { expectExit, manifestOf } from './steps.ts';
import type { World } from './world.ts';

/** Who can open what is sealed to `recipient`. */
export interface Keeper {
  readonly recipient: string;
  /** For the environment of a run that says `--identity env:IDENTITY`. */
  readonly environment: { readonly IDENTITY: string };
}

export async function makeKeeper(): Promise<Keeper> {
  const identity = await generateIdentity();
  return { recipient: await identityToRecipient(identity), environment: { IDENTITY: identity } };
}

export async function manifestIn(ran: Ran): Promise<Manifest> {
  return JSON.parse(await readFile(manifestOf(ran), 'utf8')) as Manifest;
}

/** All files in the terminal's own store by their paths in it, half-written ones too. */
export async function storeFiles(world: World): Promise<string[]> {
  const entries = await readdir(STORE(world), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => relative(STORE(world), join(parentPath, name)));
}

/** Those of them that a manifest can name: keys, and the maps of disks. */
export async function payloadFiles(world: World): Promise<string[]> {
  return (await storeFiles(world)).filter((path) => /^[^./][^/]*(\/maps\/[^/]+)?$/.test(path)).sort();
}

export const STORE = (world: World) => join(world.directory, 'openstack-backups', 'payloads');

/** Saves something sealed to the keeper. */
export async function save(world: World, keeper: Keeper, ...words: string[]): Promise<Ran> {
  return expectExit(await world.tool([...words, '--recipients', keeper.recipient, '--json']), 0);
}

/** Restores from the manifest of a run. */
export async function bringBack(
  world: World,
  keeper: Keeper,
  command: string,
  saved: Ran | string,
  ...more: string[]
): Promise<Ran> {
  const manifest = typeof saved === 'string' ? saved : manifestOf(saved);
  return world.tool(
    [command, '--manifest', manifest, '--allow-unsigned', '--identity', 'env:IDENTITY', '--json', ...more],
    { environment: keeper.environment },
  );
}

/** A manifest that is otherwise than a run wrote it, as a file of its own. */
export async function altered(
  world: World,
  ran: Ran,
  change: (manifest: Manifest) => unknown,
): Promise<string> {
  const manifest = structuredClone(await manifestIn(ran));
  change(manifest);
  const path = join(world.directory, 'altered.json');
  await writeFile(path, JSON.stringify(manifest));
  return path;
}
