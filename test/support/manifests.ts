import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Manifest, RestorePoint } from '../../src/manifest/schema.ts';

/** The restore points of a manifest in a directory, that is not sealed. */
export async function pointsIn(path: string, directory: string): Promise<readonly RestorePoint[]> {
  return (JSON.parse(await readFile(resolve(directory, path), 'utf8')) as Manifest).restorePoints;
}
