import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  EARLY_RUNBOOK,
  MANIFEST_FILE,
  OUR_FILES,
  parseStored,
  SEALED_FILE,
  STORED,
} from '../manifest/files.ts';
import { isPiece, JOURNAL_FILE } from '../manifest/journal.ts';
import type { GitHub } from '../ports/github.ts';
import type { OpenStore, Place } from '../store/place.ts';
import { TAG_PREFIX } from './github/release.ts';

/**
 * Removes a manifest from a place where it would stay for ever: the directory of its run, also in a store, or its
 * release. It stays if other files are beside it, or if a person chose the tag. Artifacts expire by themselves.
 *
 * @param reference as a restore's `manifest` gives it; the run is over
 * @returns whether it is gone: another run may remove it at the same time
 */
export async function removeManifest(
  reference: string,
  { github, store }: { readonly github: GitHub | undefined; readonly store: OpenStore },
): Promise<boolean> {
  if (reference.startsWith('artifact:')) return false;
  const stored = parseStored(reference);
  if (stored !== undefined) return removeStored(await store(stored.store), stored.run);
  if (!reference.startsWith('release:')) return removeDirectory(reference);
  const tag = reference.slice('release:'.length);
  if (github === undefined || !tag.startsWith(TAG_PREFIX)) return false;
  const release = await github.releases.byTag(tag);
  if (release === undefined) return true;
  if (!release.assets.every(({ name }) => OUR_FILES.has(name))) return false;
  await github.releases.remove(release.id);
  return true;
}

/**
 * The manifest goes first: without it, the directory no longer counts as a run's. Another run may be removing it, too.
 */
async function removeDirectory(path: string): Promise<boolean> {
  const names = await orGone(readdir(path));
  if (names === undefined) return true;
  const ours = inOrder(names);
  if (ours === undefined) return false;
  for (const name of ours) await rm(join(path, name), { force: true });
  await orGone(rmdir(path));
  return true;
}

async function removeStored(place: Place, run: string): Promise<boolean> {
  const folder = `${STORED}/${run}/`;
  const names: string[] = [];
  for await (const { name } of place.list(folder)) names.push(name.slice(folder.length));
  const ours = inOrder(names);
  if (ours === undefined) return false;
  for (const name of ours) await place.remove(folder + name);
  return true;
}

/**
 * The manifest first; undefined if not all are of a run. A run that died left its journal: of its pieces the last goes
 * first, as those before it are a journal of their own.
 */
function inOrder(names: readonly string[]): string[] | undefined {
  const isManifest = (name: string) => name === MANIFEST_FILE || name === SEALED_FILE;
  const isOurs = (name: string) =>
    OUR_FILES.has(name) || name === JOURNAL_FILE || isPiece(name) || EARLY_RUNBOOK.test(name);
  if (!names.every(isOurs)) return undefined;
  const pieces = names.filter(isPiece).sort((one, other) => numberOf(other) - numberOf(one));
  const others = names.filter((name) => !isManifest(name) && !isPiece(name));
  return [...names.filter(isManifest), ...pieces, ...others];
}

/** Of a piece of a journal. */
function numberOf(piece: string): number {
  return Number(piece.split('.').at(-2));
}

async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
