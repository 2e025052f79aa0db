import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { commands } from '../../../src/commands/index.ts';
import { applyInputs } from '../../../src/inputs/apply.ts';
import { groups, inTerminalWords } from '../../../src/inputs/groups.ts';
import { storeInputs } from '../../../src/inputs/store.ts';

const src = join(import.meta.dirname, '../../../src');
const all = await Promise.all(Object.values(commands).map((load) => load()));
const names = Object.values(groups).flat();

/** Where messages are in the words of both: elsewhere they are of the terminal alone, or are commands of others. */
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (path) =>
    path.endsWith('.ts') &&
    !/^(cli\.ts|host\/terminal|runbook|run\/places\/ways-back|commands|inputs\/groups|manifest\/schema)/.test(
      path,
    ),
);

/** Texts of more than a word, without what a comment says. */
function textsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\\n]|\\.)*"/g)]
    .map(([text]) => text.slice(1, -1).replaceAll('\\`', '`'))
    .filter((text) => text.includes(' ') && !text.startsWith('--'));
}

const values = [
  'true',
  'false',
  'release',
  'artifact',
  'directory:',
  ...all.flatMap(({ inputs }) =>
    Object.values(inputs).flatMap((input) => (input.kind === 'choice' ? input.choices : [])),
  ),
].join('|');
const bareWorkflowForm = new RegExp(`(?<![\`\\w-])(?:${names.join('|')}): (?:${values})\\b`);
const terminalForm = new RegExp(`(?<![\\w-])--(?:${names.join('|')}|dry-run|help)\\b`);

test('the two rules see what they are for', () => {
  expect('Say overwrite: true if that is meant').toMatch(bareWorkflowForm);
  expect('Say `overwrite: true` if that is meant').not.toMatch(bareWorkflowForm);
  expect('Give --overwrite if that is meant').toMatch(terminalForm);
  expect(textsOf("f('Give --to X.'); /* no --to */")).toEqual(['Give --to X.']);
});

test('every message names inputs as a workflow does, in backticks: one function says it in the words of a terminal', () => {
  const wrong = files.flatMap((path) =>
    textsOf(readFileSync(join(src, path), 'utf8'))
      .filter((text) => bareWorkflowForm.test(text) || terminalForm.test(text))
      .filter((text) => !/\b(openstack|cryptsetup|qemu-img|guestmount|zstd|aws) /.test(text))
      .map((text) => `${path}: ${text}`),
  );
  expect(wrong).toEqual([]);
});

test.each(all)('no hint of $name in a terminal has the form of a workflow', ({ inputs }) => {
  const workflowForm = new RegExp(`\`(?:${Object.keys(inputs).join('|')})(?:: [^\`]*)?\``);
  const wrong: string[] = [];
  for (const path of files)
    for (const text of textsOf(readFileSync(join(src, path), 'utf8'))) {
      const told = inTerminalWords(text, inputs);
      if (workflowForm.test(told)) wrong.push(`${path}: ${told}`);
    }
  expect(wrong).toEqual([]);
});

test('what another command does is told as that command', () => {
  expect(inTerminalWords('`restore-volume` with `backup: 5f2c` restores it', {})).toBe(
    'openstack-backup restore-volume --backup 5f2c restores it',
  );
});

test('a switch that is on by default is turned off with =false: a word behind it would be another argument', () => {
  expect(inTerminalWords('With `prune: false`, nothing is deleted', applyInputs)).toBe(
    'With --prune=false, nothing is deleted',
  );
});

test('a value that is also the name of an input stays a value', () => {
  const text = 'One of ``store`` and `release`; `store` says where that is';
  expect(inTerminalWords(text, applyInputs)).toBe('One of store and `release`; `store` says where that is');
  expect(inTerminalWords(text, storeInputs)).toBe('One of store and `release`; --store says where that is');
});
