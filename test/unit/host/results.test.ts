import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { restoreVolume } from '../../../src/commands/restore-volume.ts';
import { terminalHost } from '../../../src/host/terminal/host.ts';
import { jsonOf, linesOf } from '../../../src/host/terminal/results.ts';

function host(...secrets: string[]) {
  const made = terminalHost({
    stdin: () => Readable.from([]),
    stdout: new PassThrough(),
    stderr: { write: () => true },
    environment: {},
    directory: '/',
    signal: new AbortController().signal,
    verbose: false,
    inputs: restoreVolume.inputs,
  });
  for (const secret of secrets) made.secrets.add(secret);
  return made;
}

const outputs = {
  'volume-id': '5f2c1234',
  missing: '["say `overwrite: true`"]',
  kept: '[{"kind":"secret","id":"5f2c1234","name":"my secret"}]',
  report: '{"sizeBytes":12345678,"encrypted":true,"type":null,"method":"image"}',
};

describe('--json', () => {
  test('nests what is JSON inside an output', () => {
    expect(JSON.parse(jsonOf({ outputs }, restoreVolume.outputs, host()))).toEqual({
      'volume-id': '5f2c1234',
      missing: ['say --overwrite'],
      kept: [{ kind: 'secret', id: '5f2c1234', name: 'my secret' }],
      report: { sizeBytes: 12_345_678, encrypted: true, type: null, method: 'image' },
    });
  });

  test('stays JSON whatever a password is, and keeps its names and our words', () => {
    const json = jsonOf(
      { outputs },
      restoreVolume.outputs,
      host('secret', 'true', 'null', '1234', 'kind', 'image', '":"', '","name'),
    );
    expect(JSON.parse(json)).toEqual({
      'volume-id': '5f2c***',
      missing: ['say --overwrite ***'],
      kept: [{ kind: 'secret', id: '5f2c***', name: 'my ***' }],
      report: { sizeBytes: 12_345_678, encrypted: true, type: null, method: 'image' },
    });
  });

  test('has nothing in it that a terminal obeys, and means the same', () => {
    const name = 'a\u009b2J\u007f\u202eb\u001b[2J';
    const json = jsonOf({ outputs: {}, plan: { name } }, restoreVolume.outputs, host());
    expect(json).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(json)).toEqual({ plan: { name } });
  });

  test('has the plan of a dry run', () => {
    const json = jsonOf({ outputs: {}, plan: { restore: [{ name: 'db' }] } }, restoreVolume.outputs, host());
    expect(json).toBe('{"plan":{"restore":[{"name":"db"}]}}\n');
  });
});

test('what a command prints is nothing that a terminal or a workflow obeys', () => {
  const printed =
    'a\tb\n  not proved: \u001b]0;x\u0007\u009b2J\n ::error::x\n::add-mask::y\n##[group]\nc::d\n';
  const shown = linesOf({ outputs: {}, printed }, restoreVolume.outputs, host());
  expect(shown).toBe(
    'a\tb\n  not proved: \\u001b]0;x\\u0007\\u009b2J\n :\u200b:error::x\n:\u200b:add-mask::y\n#\u200b#[group]\nc::d\n',
  );
});

describe('without it', () => {
  const linesWith = (given: Parameters<typeof linesOf>[0]) =>
    linesOf(given, restoreVolume.outputs, host('hunter2'));

  test('a line for each that has a value', () => {
    expect(linesWith({ outputs: { 'volume-id': 'hunter2\ny', kept: '' } })).toBe('volume-id: ***\\ny\n');
  });

  test('a line for each sentence of a list, and no records, which are for programs', () => {
    const missing = '["its size","say `overwrite: true`"]';
    expect(linesWith({ outputs: { ...outputs, missing } })).toBe(
      'volume-id: 5f2c1234\nmissing: its size\nmissing: say --overwrite\n',
    );
    expect(linesWith({ outputs: { missing: '[]' } })).toBe('');
  });

  test('the commands that restore what was saved come last, for a terminal that obeys nothing in them', () => {
    const waysBack = ['npx openstack-backup restore-volume # db\u009b2J', 'and hunter2'];
    expect(linesWith({ outputs: { 'volume-id': '1' }, waysBack })).toBe(
      'volume-id: 1\nTo restore:\n  npx openstack-backup restore-volume # db\\u009b2J\n  and ***\n',
    );
  });
});

describe('of a result that makes each of its parts when it is read', () => {
  const made = (parts: Readonly<Record<string, unknown>>) => {
    const read: string[] = [];
    const result = Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(parts).map(([name, value]) => [
          name,
          {
            get: () => {
              read.push(name);
              return value;
            },
          },
        ]),
      ),
    ) as Parameters<typeof jsonOf>[0];
    return { result, read };
  };

  test('--json makes the outputs and the plan once, and nothing else', () => {
    const { result, read } = made({ outputs, plan: { a: 1 }, printed: 'table' });
    expect(JSON.parse(jsonOf(result, restoreVolume.outputs, host()))).toMatchObject({ plan: { a: 1 } });
    expect(read.sort()).toEqual(['outputs', 'plan']);
  });

  test('what is printed is all that is made without it', () => {
    const { result, read } = made({ outputs, printed: 'table\n' });
    expect(linesOf(result, restoreVolume.outputs, host())).toBe('table\n');
    expect(read).toEqual(['printed']);
  });
});
