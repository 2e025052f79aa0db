import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { commands } from '../../../src/commands/index.ts';
import { completionOf, shells } from '../../../src/host/terminal/completion.ts';
import { testWith } from '../../support/installed.ts';

const all = await Promise.all(Object.values(commands).map((load) => load()));
const directory = mkdtempSync(join(tmpdir(), 'completion-'));
for (const shell of shells) writeFileSync(join(directory, shell), completionOf(shell, all));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What this bash offers for the words of a line. */
function inBash(words: readonly string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const { stdout, stderr } = spawnSync(
    'bash',
    [
      '-c',
      `source ${join(directory, 'bash')}; COMP_WORDS=(openstack-backup ${line}); COMP_CWORD=${words.length}; _openstack_backup; printf '%s\\n' "$\{COMPREPLY[@]}"`,
    ],
    { encoding: 'utf8' },
  );
  if (stderr !== '') throw new Error(stderr);
  return stdout.split('\n').filter(Boolean);
}

describe('bash completes', () => {
  test.each([
    ['commands', ['restore-v'], ['restore-volume']],
    ['options', ['backup-volume', '--meth'], ['--method']],
    ['options behind others', ['backup-volume', '--cloud', 'x', '--max'], ['--max-chain']],
    ['choices', ['backup-volume', '--method', ''], ['auto', 'cinder-backup', 'image']],
    ['choices behind =', ['backup-volume', '--method', '=', 'im'], ['image']],
    ['nothing for free text', ['backup-volume', '--cloud', ''], []],
    ['shells', ['completion', 'z'], ['zsh']],
    ['commands of help', ['help', 'unl'], ['unlock']],
    ['the first of two words', ['pla'], ['plan']],
    ['the second of two words', ['plan', 'ch'], ['check']],
    ['options behind two words', ['plan', 'check', '--pl'], ['--plan']],
    ['two words behind help', ['help', 'pl'], ['plan']],
    ['an option before the command', ['--ver'], ['--version']],
  ])('%s', (_, words, offered) => {
    expect(inBash(words)).toEqual(offered);
  });

  test('every option of every command', () => {
    for (const { name, inputs } of all)
      expect(inBash([...name.split(' '), '--'])).toEqual(
        expect.arrayContaining(Object.keys(inputs).map((key) => `--${key}`)),
      );
  });
});

test.each(shells)('the script of %s has every command and every choice', (shell) => {
  const script = completionOf(shell, all);
  for (const { name, inputs } of all) {
    for (const word of name.split(' ')) expect(script).toContain(word);
    for (const input of Object.values(inputs))
      if (input.kind === 'choice') expect(script).toContain(input.choices.join(' '));
  }
});

for (const shell of shells)
  testWith(shell)(`${shell} takes its script`, () => {
    const { error, status, stderr } = spawnSync(shell, ['-n', join(directory, shell)], { encoding: 'utf8' });
    expect([error, status, stderr]).toEqual([undefined, 0, '']);
  });

test.each([undefined, 'tcsh', 'constructor'])('%j is no shell of ours', (shell) => {
  expect(() => completionOf(shell, all)).toThrow(
    shell === undefined ? 'no shell given' : 'unsupported shell',
  );
});
