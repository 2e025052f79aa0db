import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * `npm run tools`: installs what `lint:workflows`, `test:act` and `test:cloud` need into build/tools, from Go's module proxy and PyPI.
 * Needs go and python3. Each version is pinned, Go's modules by the checksum database, the wheel by its hashes.
 */
const root = join(import.meta.dirname, '..');
const tools = join(root, 'build/tools');

const modules: Readonly<Record<string, string>> = {
  actionlint: 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12',
  act: 'github.com/nektos/act@v0.2.89',
  versitygw: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
};

function run(command: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const { status, error } = spawnSync(command, words, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${error?.message ?? `exit ${status}`}`);
}

function zizmor(): void {
  const place = join(tools, 'zizmor');
  run('python3', ['-m', 'venv', place]);
  const list = join(import.meta.dirname, 'tools/requirements.txt');
  run(join(place, 'bin/pip'), [
    'install',
    '--quiet',
    '--require-hashes',
    '--only-binary',
    ':all:',
    '-r',
    list,
  ]);
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : ['actionlint', 'zizmor', 'act', 'versitygw'];
for (const name of wanted) {
  const module = modules[name];
  if (module !== undefined) run('go', ['install', module], { GOBIN: tools });
  else if (name === 'zizmor') zizmor();
  else throw new Error(`there is no tool ${name}`);
}
