import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ncc from '@vercel/ncc';

const root = join(import.meta.dirname, '..');
const js = join(root, 'build/bench');

/**
 * Bundles `store-run.ts` as the program is bundled: types that are stripped and modules that are looked for in each run
 * are time and memory that no user sees.
 *
 * @returns the file to run
 */
export async function bundled(directory: string): Promise<string> {
  await rm(js, { recursive: true, force: true });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.bench.json', '--noCheck'], {
    cwd: root,
  });
  const { code, assets } = await ncc(join(js, 'bench/store-run.js'), {
    externals: {},
    license: '',
    cache: false,
    quiet: true,
  });
  await mkdir(directory);
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await writeFile(join(directory, 'index.js'), code);
  for (const [name, { source }] of Object.entries(assets)) await writeFile(join(directory, name), source);
  return join(directory, 'index.js');
}
