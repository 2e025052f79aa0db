import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Proves that `dist/` is what the source gives: builds it anew, and git must see no change, new file or missing one. */
const root = join(import.meta.dirname, '..');

function changes(...paths: readonly string[]): string {
  const words = ['status', '--porcelain', '--untracked-files=all', '--', ...paths];
  return execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trimEnd();
}

function fail(why: string, listed: string): never {
  process.stderr.write(`${why}\n${listed}\n`);
  process.exit(1);
}

// A change that is not committed would be built into dist, and the commit would not be what was proved.
const before = changes(
  'src',
  'dist',
  'scripts/build',
  'scripts/build.ts',
  'package.json',
  'package-lock.json',
  'tsconfig*.json',
);
if (before !== '') fail('These are not committed, so nothing can be proved about dist:', before);
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'build.ts')], { stdio: 'inherit' });
if (status !== 0) fail('dist cannot be built', '');
const after = changes('dist');
if (after !== '') fail('dist is stale. Run npm run build, and commit:', after);
process.stdout.write('dist is fresh\n');
