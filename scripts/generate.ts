import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import packageJson from '../package.json' with { type: 'json' };
import type { Command } from '../src/commands/command.ts';
import { actions, commands } from '../src/commands/index.ts';
import { actionInputs, workflowInputs } from '../src/host/github/inputs.ts';
import { helpOf, overview } from '../src/host/terminal/help.ts';
import { inWorkflowWords } from '../src/inputs/groups.ts';
import type { Input, Inputs, Outputs } from '../src/inputs/table.ts';
import { ManifestSchema } from '../src/manifest/schema.ts';
import { PlanFileSchema } from '../src/planfile/schema.ts';
import { LEVELS } from './arrows/rules.ts';
import { preDeployInputs, preDeployOutputs, preDeployRuns, preDeploySummary } from './generate/pre-deploy.ts';
import { firstTable, heldTable } from './generate/sums.ts';
import { terminalPicture } from './generate/terminal.ts';

/**
 * Makes from the commands' tables what others read: `action.yml`, `action-types.yml`, the tables of the READMEs; and the
 * manifest's JSON Schema, and the version. With `--check` nothing is written, and what is stale is an error.
 */
const root = join(import.meta.dirname, '..');

/** https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#branding */
const branding: Readonly<Record<string, { readonly icon: string; readonly color: string }>> = {
  apply: { icon: 'calendar', color: 'blue' },
  list: { icon: 'list', color: 'blue' },
  'plan-show': { icon: 'calendar', color: 'blue' },
  show: { icon: 'eye', color: 'blue' },
  report: { icon: 'clipboard', color: 'blue' },
  'pre-deploy': { icon: 'shield', color: 'blue' },
  prune: { icon: 'scissors', color: 'orange' },
  verify: { icon: 'check-circle', color: 'blue' },
  drill: { icon: 'life-buoy', color: 'blue' },
  'backup-server': { icon: 'server', color: 'blue' },
  'backup-volume': { icon: 'save', color: 'blue' },
  'backup-image': { icon: 'save', color: 'blue' },
  'export-secret': { icon: 'key', color: 'blue' },
  'restore-image': { icon: 'rotate-ccw', color: 'green' },
  'restore-secret': { icon: 'key', color: 'green' },
  'restore-server': { icon: 'server', color: 'green' },
  'restore-volume': { icon: 'rotate-ccw', color: 'green' },
};

/** What `uses: OWNER/openstack-backup` means. */
const ROOT = 'apply';

const made = 'Made by `npm run generate` from the table in src/commands.';

/** What is published as an action. */
interface Action {
  readonly slug: string;
  readonly summary: string;
  /** What a step of a workflow can be given. */
  readonly inputs: Inputs;
  readonly outputs: Outputs;
}

function actionOf({ name, summary, inputs, outputs }: Command): Action {
  // A command of two words: "plan-show".
  return {
    slug: name.replace(' ', '-'),
    summary,
    inputs: { ...inputs, ...actionInputs[name], ...workflowInputs },
    outputs,
  };
}

/** Two stubs that load the bundle. @param up from the folder of the file to the root */
function stubs({ slug }: Action, up: string): object {
  return { using: 'node24', main: `${up}dist/${slug}.js`, post: `${up}dist/${slug}-post.js` };
}

function actionYaml({ slug, summary, inputs, outputs }: Action, title: string, runs: object): string {
  const look = branding[slug];
  if (look === undefined) throw new Error(`${slug} has no branding in scripts/generate.ts`);
  return yaml({
    name: title,
    description: summary,
    author: 'openstack-backup',
    branding: look,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [
        name,
        {
          description: described(input),
          required: input.required === true,
          ...(input.default === undefined ? {} : { default: input.default }),
        },
      ]),
    ),
    // Only what GitHub knows: another property ends the job.
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, output]) => [
        name,
        { description: output.description, ...('value' in output ? { value: output.value } : {}) },
      ]),
    ),
    runs,
  });
}

/** An output of a composite names the step that has it. */
async function preDeployYaml(action: Action): Promise<string> {
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map(([name, output]) => [
      name,
      { ...output, value: `\${{ steps.restore-point.outputs.${name} }}` },
    ]),
  );
  return actionYaml({ ...action, outputs }, 'OpenStack: pre-deploy', await preDeployRuns());
}

/** https://github.com/typesafegithub/github-actions-typing */
function actionTypesYaml({ inputs, outputs }: Action): string {
  return yaml({
    inputs: mapped(inputs, typeOf),
    outputs: mapped(outputs, () => ({ type: 'string' })),
  });
}

function typeOf(input: Input): Record<string, unknown> {
  switch (input.kind) {
    case 'text':
      return { type: 'string' };
    case 'list':
      return { type: 'list', separator: '\n', 'list-item': { type: 'string' } };
    case 'boolean':
    case 'integer':
      return { type: input.kind };
    case 'choice':
      return { type: 'enum', 'allowed-values': input.choices };
  }
}

function mapped<T>(all: Readonly<Record<string, T>>, change: (one: T) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]));
}

function yaml(value: unknown): string {
  return `# ${made}\n${stringify(value, { lineWidth: 0, blockQuote: false })}`;
}

function described(input: Input): string {
  const secret =
    input.secret === true && input.default === undefined ? ' Secret: take it from `secrets`.' : '';
  const description = inWorkflowWords(input.description.trim()) + secret;
  if (!/^\S.*[.!]$/.test(description)) throw new Error(`a description is no sentence: "${description}"`);
  return description;
}

function inputsTable({ inputs }: Action): string {
  return table(
    ['input', 'what it is', 'default'],
    Object.entries(inputs).map(([name, input]) => [
      `\`${name}\``,
      described(input) + (input.kind === 'choice' ? ` One of ${list(input.choices)}.` : ''),
      input.required === true ? '**required**' : input.default === undefined ? '' : `\`${input.default}\``,
    ]),
  );
}

function outputsTable({ outputs }: Action): string {
  return table(
    ['output', 'what it is'],
    Object.entries(outputs).map(([name, { description }]) => [`\`${name}\``, description]),
  );
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** @throws Error where the file lacks the markers: a table that silently is not there would be missed by nobody */
function between(text: string, path: string, marker: string, content: string): string {
  const [start, end] = [`<!-- ${marker}: made by npm run generate -->`, `<!-- end of ${marker} -->`];
  const [before, rest, ...more] = text.split(start);
  const after = rest?.split(end);
  if (before === undefined || after?.length !== 2 || more.length > 0)
    throw new Error(`${path} needs exactly one "${start}" and "${end}"`);
  return `${before}${start}\n${content}\n${end}${after[1]}`;
}

async function readmeOf(action: Action, path: string): Promise<string> {
  const text = await readFile(join(root, path), 'utf8');
  return between(between(text, path, 'inputs', inputsTable(action)), path, 'outputs', outputsTable(action));
}

/** The picture of the arrows: each line imports only what is below it. */
async function architecture(path: string): Promise<string> {
  const text = await readFile(join(root, path), 'utf8');
  const picture = LEVELS.map((names) => names.join('   ')).join('\n  ↓\n');
  return between(text, path, 'arrows', `\n\`\`\`\n${picture}\n\`\`\`\n`);
}

async function retentionAndQuota(path: string): Promise<string> {
  const text = await readFile(join(root, path), 'utf8');
  const [held, first] = [heldTable(), await firstTable()].map(([head = [], ...rows]) => table(head, rows));
  return between(between(text, path, 'held', held ?? ''), path, 'first plans', first ?? '');
}

/** Without `form`, which only we know. */
function schemaJson(own: object): string {
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...own };
  return `${JSON.stringify(schema, (key, value: unknown) => (key === 'form' ? undefined : value), 2)}\n`;
}

async function versionModule(): Promise<string> {
  const text = await readFile(join(root, 'src/version.ts'), 'utf8');
  const line = /^export const VERSION = '.*';$/m;
  if (!line.test(text)) throw new Error('src/version.ts has no line "export const VERSION = …"');
  return text.replace(line, `export const VERSION = '${packageJson.version}';`);
}

/** What `--help` prints, for those who have no terminal at hand: as a page, and as pictures. */
async function helpFiles(): Promise<[string, string][]> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const helps = [
    { name: 'openstack-backup', typed: 'openstack-backup --help', text: overview(all) },
    ...all.map((command) => ({
      name: command.name,
      typed: `openstack-backup help ${command.name}`,
      text: helpOf(command),
    })),
  ];
  const page = [
    `# Commands\n\n<!-- ${made} -->\n\nWhat \`openstack-backup --help\` prints, and \`--help\` of each command; as pictures in [help](help).\n`,
    ...helps.map(({ name, text }) => `## ${name}\n\n\`\`\`text\n${text}\`\`\`\n`),
  ].join('\n');
  return [
    ['docs/commands.md', page],
    ...helps.map(({ name, typed, text }): [string, string] => [
      `docs/help/${name.replace(' ', '-')}.svg`,
      terminalPicture(typed, text),
    ]),
  ];
}

/** The reader of stores, which every RESTORE.md brings along. */
async function readerModule(): Promise<string> {
  const path = 'docs/read-store.py';
  const text = (await readFile(join(root, path), 'utf8')).replace(/[\\`]|\$\{/g, '\\$&');
  return `/** The text of ${path}. Made by \`npm run generate\`. */\nexport const READ_STORE = \`${text}\`;\n`;
}

async function everything(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const publish = async (action: Action, text: string) => {
    const folder = `actions/${action.slug}`;
    files.set(`${folder}/action.yml`, text);
    files.set(`${folder}/action-types.yml`, actionTypesYaml(action));
    files.set(`${folder}/README.md`, await readmeOf(action, `${folder}/README.md`));
  };
  for (const load of Object.values(actions)) {
    const command = await load();
    const action = actionOf(command);
    await publish(action, actionYaml(action, `OpenStack: ${command.name}`, stubs(action, '../../')));
    if (action.slug === ROOT)
      files.set('action.yml', actionYaml(action, 'OpenStack backup', stubs(action, '')));
  }
  const composite: Action = {
    slug: 'pre-deploy',
    summary: preDeploySummary,
    inputs: await preDeployInputs(),
    outputs: preDeployOutputs,
  };
  await publish(composite, await preDeployYaml(composite));
  for (const [path, text] of await helpFiles()) files.set(path, text);
  files.set('docs/manifest-v1.schema.json', schemaJson(ManifestSchema));
  files.set('docs/plan-v1.schema.json', schemaJson(PlanFileSchema));
  files.set('docs/architecture.md', await architecture('docs/architecture.md'));
  const sums = 'docs/retention-and-quota.md';
  files.set(sums, await retentionAndQuota(sums));
  files.set('src/version.ts', await versionModule());
  files.set('src/runbook/read-store.ts', await readerModule());
  return files;
}

/** An action whose command is gone would go on being published. */
async function strays(files: ReadonlyMap<string, string>): Promise<string[]> {
  const folders = await readdir(join(root, 'actions'), { withFileTypes: true });
  return folders
    .filter((entry) => entry.isDirectory() && !files.has(`actions/${entry.name}/action.yml`))
    .map(({ name }) => `actions/${name}: no action has that name`);
}

const files = await everything();
const stale: string[] = await strays(files);
for (const [path, text] of files) {
  const old = await readFile(join(root, path), 'utf8').catch(() => undefined);
  if (old === text) continue;
  if (process.argv.includes('--check')) stale.push(`${path}: stale`);
  else {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    process.stdout.write(`${path}\n`);
  }
}
if (stale.length > 0) {
  process.stderr.write(`${stale.map((line) => `${line}\n`).join('')}Run npm run generate.\n`);
  process.exitCode = 1;
}
