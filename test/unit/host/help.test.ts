import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { commands } from '../../../src/commands/index.ts';
import { commandAmong, parseArguments } from '../../../src/host/terminal/arguments.ts';
import { groupOf, helpOf, overview, widthFor } from '../../../src/host/terminal/help.ts';
import { groups, inTerminalWords } from '../../../src/inputs/groups.ts';
import { parseInputs } from '../../../src/inputs/table.ts';

const all = await Promise.all(Object.values(commands).map((load) => load()));
const pages = [
  { name: 'the overview', text: overview(all) },
  { name: 'the plan commands', text: groupOf('plan', all) },
  ...all.map((command) => ({ name: command.name, text: helpOf(command) })),
];

test.each(pages)('$name is at most 100 columns wide, and plain', ({ text }) => {
  const lines = text.split('\n');
  expect(lines.filter((line) => line.length > 100 || line.trimEnd() !== line)).toEqual([]);
  expect(text).not.toMatch(/`|undefined|\t/);
});

test('pages are as wide as the terminal, from 60 to 100 columns', () => {
  expect([40, 80, 300, undefined].map(widthFor)).toEqual([60, 80, 100, 100]);
  const text = [overview(all, 80), groupOf('plan', all, 80), ...all.map((each) => helpOf(each, 80))].join('');
  const isExample = (line: string) => /^ {4,6}\S/.test(line);
  expect(text.split('\n').filter((line) => line.length > 80 && !isExample(line))).toEqual([]);
  const words = (page: string) => page.replace(/ \\\n|\s+/g, ' ').replace(/ +/g, ' ');
  const wide = [overview(all), groupOf('plan', all), ...all.map((each) => helpOf(each))].join('');
  expect(words(text)).toBe(words(wide));
});

test.each(all)('$name shows every option once, and every result', (command) => {
  const text = helpOf(command);
  for (const name of [...Object.keys(command.inputs), 'json', 'dry-run', 'verbose'])
    expect([name, text.match(new RegExp(`^  --${name}(?: |$)`, 'gm'))?.length]).toEqual([name, 1]);
  for (const name of Object.keys(command.outputs)) expect(text).toMatch(new RegExp(`^  ${name}(?: |$)`, 'm'));
  for (const input of Object.values(command.inputs))
    if (input.kind === 'choice') {
      expect(text.replace(/\s+/g, ' ')).toContain(`One of: ${input.choices.join(', ')}.`);
      // A choice that is named like an input of another meaning is no option.
      for (const choice of input.choices)
        if (choice in command.inputs) expect(input.description).not.toContain(`\`${choice}\``);
    }
});

test('every input of every command stands in exactly one group', () => {
  const grouped = Object.values(groups).flat();
  expect(new Set(grouped).size).toBe(grouped.length);
  const names = new Set(all.flatMap(({ inputs }) => Object.keys(inputs)));
  expect(grouped.toSorted()).toEqual([...names].toSorted());
});

const examples = all.flatMap(({ name, examples }) => examples.map(({ words }) => [name, words] as const));

/** The examples as a shell takes them from the page. */
const shown = all.flatMap((command) =>
  [...helpOf(command).matchAll(/^ {4}(openstack-backup (?:.*\\\n)*.*)$/gm)].map(([, line = '']) => line),
);

describe('examples', () => {
  test('are two for each command, and stand on its page', () => {
    expect(examples).toHaveLength(all.length * 2);
    expect(shown).toHaveLength(examples.length);
  });

  test.each(shown)('%s', async (line) => {
    const { stdout } = spawnSync('bash', ['-c', `openstack-backup() { printf '%s\\0' "$@"; }\n${line}`], {
      encoding: 'utf8',
    });
    const words = stdout.split('\0').slice(0, -1);
    const { name = '', rest } = await commandAmong(words, async () => ({}), Object.keys(commands));
    const command = await commands[name]?.();
    if (command === undefined) throw new Error(`no command ${name}`);
    const { raw } = parseArguments(rest, command.inputs, command.bare);
    expect(Object.keys(raw).length).toBeGreaterThan(0);
    expect(() => parseInputs(command.inputs, raw)).not.toThrow();
  });
});

test('texts name inputs as a terminal does, and leave names alone', () => {
  const inputs = all.find(({ name }) => name === 'restore-volume')?.inputs ?? {};
  expect(
    inTerminalWords(
      'say `overwrite: true` and `to`, or `publish: release`; "`to` \\" `to`" of `type: x` and `cacert`',
      inputs,
    ),
  ).toBe('say --overwrite and --to, or `publish: release`; "`to` \\" `to`" of --type x and `cacert`');
});
