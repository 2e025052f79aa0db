import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE, OUR_FILES, SEALED_FILE } from '../manifest/files.ts';
import type { GitHub } from '../ports/github.ts';
import { TAG_PREFIX } from './github/release.ts';

/**
 * Removes a manifest from a place where it would stay for ever: the directory of its run, or its release. It stays if
 * other files are beside it, or if a person chose the tag. Artifacts expire by themselves.
 *
 * @param reference as a restore's `manifest` gives it
 * @returns whether it is gone: another run may remove it at the same time
 */
export async function removeManifest(reference: string, github: GitHub | undefined): Promise<boolean> {
  if (reference.startsWith('artifact:')) return false;
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
  if (!names.every((name) => OUR_FILES.has(name))) return false;
  const isManifest = (name: string) => name === MANIFEST_FILE || name === SEALED_FILE;
  for (const name of [...names.filter(isManifest), ...names.filter((name) => !isManifest(name))])
    await rm(join(path, name), { force: true });
  await orGone(rmdir(path));
  return true;
}

async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
