import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** `npm run lint:workflows`: actionlint and zizmor over our workflows, our actions and the examples. Installs nothing. */
const root = join(import.meta.dirname, '..');
const tools = join(root, 'build/tools');

const yamlIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => `${folder}/${name}`);
const workflows = [
  ...yamlIn('.github/workflows'),
  // The plan is no workflow: test/unit/planfile/doc.test.ts reads it.
  ...yamlIn('examples').filter((path) => path !== 'examples/openstack-backup.yml'),
];
const actions = [
  'action.yml',
  ...readdirSync(join(root, 'actions')).map((name) => `actions/${name}/action.yml`),
];

function lint(name: string, path: string, words: readonly string[]): boolean {
  if (!existsSync(path)) {
    process.stderr.write(`${name} is not there: run npm run tools -- ${name}\n`);
    return false;
  }
  const { status } = spawnSync(path, words, { cwd: root, stdio: 'inherit' });
  process.stdout.write(`${name}: ${status === 0 ? 'nothing found' : `exit ${status}`}\n`);
  return status === 0;
}

const clean = [
  // GitHub has `queue` since 2026, actionlint 1.7.12 does not know it: test/unit/docs/workflows.test.ts looks at its value.
  lint('actionlint', join(tools, 'actionlint'), [
    '-ignore',
    'unexpected key "queue" for "concurrency" section',
    ...workflows,
  ]),
  lint('zizmor', join(tools, 'zizmor/bin/zizmor'), [
    '--offline',
    '--no-progress',
    '--strict-collection',
    '--persona=pedantic',
    '--config=.github/zizmor.yml',
    ...workflows,
    ...actions,
    '.github/dependabot.yml',
  ]),
];
process.exitCode = clean.every(Boolean) ? 0 : 1;
