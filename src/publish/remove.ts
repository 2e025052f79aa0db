import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE, OUR_FILES, SEALED_FILE } from '../manifest/files.ts';
import type { GitHub } from '../ports/github.ts';
import { TAG_PREFIX } from './github/release.ts';

/**
 * Removes a manifest from a place where it would stay for ever: the directory of its run, or its release. Where other
 * files lie beside it, or a person chose the tag, it stays. Artifacts expire by themselves.
 *
 * @param reference as a restore's `manifest` names it
 * @returns whether it is removed
 */
export async function removeManifest(reference: string, github: GitHub | undefined): Promise<boolean> {
  if (reference.startsWith('artifact:')) return false;
  if (!reference.startsWith('release:')) return removeDirectory(reference);
  const tag = reference.slice('release:'.length);
  const release = tag.startsWith(TAG_PREFIX) ? await github?.releases.byTag(tag) : undefined;
  if (release === undefined || !release.assets.every(({ name }) => OUR_FILES.has(name))) return false;
  await github?.releases.remove(release.id);
  return true;
}

/** The manifest first: without it the directory is none of a run's. */
async function removeDirectory(path: string): Promise<boolean> {
  const names = await readdir(path);
  if (!names.every((name) => OUR_FILES.has(name))) return false;
  const isManifest = (name: string) => name === MANIFEST_FILE || name === SEALED_FILE;
  for (const name of [...names.filter(isManifest), ...names.filter((name) => !isManifest(name))])
    await rm(join(path, name), { force: true });
  await rmdir(path);
  return true;
}
