import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** The file in `dist/` that says of which source it is. */
export const BUILT_FROM = 'built-from.txt';

/** All that a build depends on, below the root. */
const INPUTS = [
  'package-lock.json',
  'package.json',
  'scripts/build.ts',
  'tsconfig.build.json',
  'tsconfig.json',
];
const FOLDERS = ['src', 'scripts/build'];

/** SHA-256 in hex of all names and bytes that `npm run build` reads. */
export function digestOfSource(root: string): string {
  const inside = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(root, join(parentPath, name)).split(sep).join('/')),
  );
  const all = createHash('sha256');
  for (const name of [...INPUTS, ...inside].sort()) {
    const bytes = readFileSync(join(root, name));
    all.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return all.digest('hex');
}

/** Whether `dist/` says that it was built of the source as it is now. That it is true, `check:dist` proves. */
export function isFresh(root: string): boolean {
  const path = join(root, 'dist', BUILT_FROM);
  return existsSync(path) && readFileSync(path, 'utf8').trim() === digestOfSource(root);
}
