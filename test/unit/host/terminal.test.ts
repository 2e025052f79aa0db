import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { fetchSecrets } from '../../../src/host/terminal/arguments.ts';
import { pipes } from '../../../src/host/terminal/pipes.ts';
import { type Inputs, parseInputs } from '../../../src/inputs/table.ts';
import { Secrets } from '../../../src/text/secrets.ts';

const table = {
  volumes: { kind: 'list', required: true, description: 'Volumes.' },
  to: { kind: 'text', description: 'Target.' },
  overwrite: { kind: 'boolean', default: 'false', description: 'Sure?' },
  count: { kind: 'integer', default: '4', min: 1, max: 9, description: 'How many.' },
  mode: { kind: 'choice', default: 'auto', choices: ['auto', 'full'], description: 'Which.' },
  key: { kind: 'text', secret: true, description: 'A secret.' },
} as const satisfies Inputs;

describe('secrets', () => {
  const open = (secrets = new Secrets(), isTTY = false) =>
    pipes({
      stdin: () => Readable.from([Buffer.from('from stdin')]),
      stdout: Object.assign(new PassThrough(), { isTTY }),
      stderr: { write: () => true },
      environment: { KEY: 's3cret', EMPTY: '' },
      directory: '/',
      secrets,
    });
  const fetch = (value: string, secrets?: Secrets) =>
    fetchSecrets({ key: value, to: 'env:HOME' }, table, open(secrets).secret);

  test('come from the environment, a file or standard input, and are told of', async () => {
    const secrets = new Secrets();
    expect(await fetch('env:KEY', secrets)).toEqual({ key: 's3cret', to: 'env:HOME' });
    expect(await fetch('-', secrets)).toMatchObject({ key: 'from stdin' });
    const version = (await fetch('file:/proc/version', secrets))['key'] ?? '';
    expect(version).toContain('Linux');
    expect(secrets.redact(`s3cret, from stdin, ${version}`)).toBe('***, ***, ***');
  });

  test('that are bytes come as they are, and are told of in hex', async () => {
    const secrets = new Secrets();
    const directory = mkdtempSync(join(tmpdir(), 'secret-'));
    writeFileSync(join(directory, 'key'), Buffer.from('ff00fe01', 'hex'));
    const bytes = await open(secrets).secret('key', `file:${join(directory, 'key')}`);
    rmSync(directory, { recursive: true });
    expect(bytes.toString('hex')).toBe('ff00fe01');
    expect(secrets.redact('ff00fe01')).toBe('***');
  });

  test('standard input is read for one thing, and bytes are not shown to a person', async () => {
    const one = open();
    await one.secret('key', '-');
    await expect(one.secret('identity', '-')).rejects.toThrow('both --key and --identity come from it');
    expect(() => open(new Secrets(), true).output()).toThrow('standard output is a terminal');
  });

  test('never in the command line, and the message does not repeat them', async () => {
    await expect(fetch('hunter2')).rejects.toThrow('--key is secret and must not be on the command line');
    await expect(fetch('hunter2')).rejects.not.toThrow('hunter2');
  });

  test.each([
    ['env:EMPTY', 'the variable EMPTY is not set'],
    ['env:NOPE', 'the variable NOPE is not set'],
    ['file:/nope', 'cannot read the file /nope'],
  ])('%s', async (value, message) => {
    await expect(fetch(value)).rejects.toThrow(message);
  });
});

describe('inputs', () => {
  test('have types and defaults', () => {
    expect(parseInputs(table, { volumes: ' a, b\n\nc ' })).toEqual({
      volumes: ['a', 'b', 'c'],
      to: undefined,
      overwrite: false,
      count: 4,
      mode: 'auto',
      key: undefined,
    });
  });

  test('all problems are told at once', () => {
    expect(() => parseInputs(table, { overwrite: 'yes', count: '10', mode: 'ful', nope: 'x' })).toThrow(
      'unknown input `nope`; `volumes` is required: Volumes.; `overwrite` is "yes": use true or false; `count` is "10": use a whole number from 1 to 9; `mode` is "ful": use auto, full',
    );
  });

  test.each(['1.5', '0', '-1', '1e1', ' 2', 'x'])('%j is no count', (count) => {
    expect(() => parseInputs(table, { volumes: 'a', count })).toThrow('use a whole number');
  });
});
