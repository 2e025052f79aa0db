import { describe, expect, test } from '@jest/globals';
import { commandAmong, parseArguments } from '../../../src/host/terminal/arguments.ts';
import type { Inputs } from '../../../src/inputs/table.ts';
import { nearest } from '../../../src/text/nearest.ts';

const table = {
  volumes: { kind: 'list', required: true, description: 'Volumes.' },
  to: { kind: 'text', description: 'Target.' },
  overwrite: { kind: 'boolean', default: 'false', description: 'Sure?' },
  mode: { kind: 'choice', default: 'auto', choices: ['auto', 'full'], description: 'Which.' },
  key: { kind: 'text', secret: true, description: 'A secret.' },
} as const satisfies Inputs;

const on = (...names: string[]) => ({
  ...{ json: false, 'dry-run': false, verbose: false, help: false, version: false },
  ...Object.fromEntries(names.map((name) => [name, true])),
});

describe('options', () => {
  test.each([
    [
      ['--volumes', 'a', '--json', '--volumes=b', '--overwrite', '--mode', 'full', '--dry-run'],
      { volumes: 'a\nb', overwrite: 'true', mode: 'full' },
      on('json', 'dry-run'),
    ],
    [['--overwrite', 'false'], { overwrite: 'false' }, on()],
    [['--overwrite=false', '--json=false', '--verbose=TRUE'], { overwrite: 'false' }, on('verbose')],
    [['--no-overwrite', '--to', 'x', '-h'], { overwrite: 'false', to: 'x' }, on('help')],
    [['--overwrite', '--to', 'x'], { overwrite: 'true', to: 'x' }, on()],
    [['--key', '-', '--to=--x', '--no-json'], { key: '-', to: '--x' }, on()],
    [['--to='], { to: '' }, on()],
    [['--to', '-1'], { to: '-1' }, on()],
  ])('%j', (words, raw, switches) => {
    expect(parseArguments(words, table)).toEqual({ raw, switches });
  });

  test.each([
    [['--nope', 'x'], 'unknown option --nope', '--help lists the options.'],
    [['--volume', 'x'], 'unknown option --volume', 'Did you mean --volumes? --help lists the options.'],
    [['--jsno'], 'unknown option --jsno', 'Did you mean --json? --help lists the options.'],
    [['--constructor', 'x'], 'unknown option --constructor', '--help lists the options.'],
    [['--no-to'], 'unknown option --no-to', 'Did you mean --to?'],
    [['-x'], 'unknown option -x', '--help'],
    [['volumes'], 'unexpected argument "volumes"', '--help'],
    [['--key', 'env:KEY', 'volumes'], 'unexpected argument', '--help'],
    [['--to'], '--to has no value', 'Write --to VALUE'],
    [['--to', '--json'], '--to has no value', 'Write --to VALUE'],
    [['--to', 'a', '--to', 'b'], '--to is given twice', 'once'],
    [['--json=maybe'], '--json takes true or false', 'Write --json'],
    [['--no-overwrite=true'], 'unknown option --no-overwrite', 'Did you mean --overwrite?'],
  ])('%j is refused', (words, message, hint) => {
    expect(() => parseArguments(words, table)).toThrow(
      expect.objectContaining({ message, hint: expect.stringContaining(hint), exitCode: 2 }),
    );
  });

  test('a word without an option is what the command says, once', () => {
    expect(parseArguments(['a', '--json'], table, 'to')).toEqual({ raw: { to: 'a' }, switches: on('json') });
    for (const words of [
      ['a', 'b'],
      ['--to', 'a', 'b'],
      ['a', '--to', 'b'],
    ])
      expect(() => parseArguments(words, table, 'to')).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  test.each([
    [['plan', 'check', 'x'], { name: 'plan check', rest: ['x'] }],
    [['plan', '--json', 'check'], { name: 'plan check', rest: ['--json'] }],
    [['--json', 'plan', 'check'], { name: 'plan check', rest: ['--json'] }],
    [['plan'], { name: 'plan', rest: [] }],
    [['plan', '--help'], { name: 'plan', rest: ['--help'] }],
    [['list', 'check'], { name: 'list', rest: ['check'] }],
    [['plan', 'chekc'], { name: 'plan chekc', rest: [] }],
  ])('%j is one command', async (words, among) => {
    expect(await commandAmong(words, async () => table, ['list', 'plan check'])).toEqual(among);
  });

  test('a stray word is not shown: it may be a secret', () => {
    expect(() => parseArguments(['--key', 'env:KEY', 'hunter2'], table)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});

describe('the command', () => {
  test.each([
    [['backup', '--to', 'x'], 'backup', ['--to', 'x']],
    [
      ['--to', 'x', '--json', 'backup', '--mode', 'full'],
      'backup',
      ['--to', 'x', '--json', '--mode', 'full'],
    ],
    [['--overwrite', 'false', 'backup'], 'backup', ['--overwrite', 'false']],
    [['--overwrite', 'backup'], 'backup', ['--overwrite']],
    [['--version'], undefined, ['--version']],
    [[], undefined, []],
  ])('of %j', async (words, name, rest) => {
    expect(await commandAmong(words, async () => table)).toEqual({ name, rest });
  });

  test('an unknown option before it is named, and not its value taken for the command', async () => {
    await expect(commandAmong(['--tu', 'x', 'backup'], async () => table)).rejects.toThrow(
      'unknown option --tu',
    );
  });
});

test.each([
  ['bakup-volume', 'backup-volume'],
  ['backup-volmue', 'backup-volume'],
  ['volume', 'volumes'],
  ['restore', undefined],
  ['x'.repeat(10_000), undefined],
  ['', undefined],
])('%j is near to %j', (word, meant) => {
  expect(nearest(word, ['backup-volume', 'restore-volume', 'volumes', 'to'])).toBe(meant);
});
