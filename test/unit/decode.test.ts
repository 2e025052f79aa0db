import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { flag, moment, optionalHex, texts } from '../../src/decode.ts';

describe('a field of an answer', () => {
  test.each([
    [true, true],
    ['true', true],
    ['True', true],
    [false, false],
    ['false', false],
    ['False', false],
    [null, false],
    [undefined, false],
  ])('%j is the flag %j', (value, said) => {
    expect(flag({ bootable: value }, 'bootable')).toBe(said);
  });

  test.each(['', 'yes', 'FALSE', 0, 1, {}])('%j is no flag', (value) => {
    expect(() => flag({ bootable: value }, 'bootable')).toThrow('bootable is not a boolean');
  });

  test.each([
    ['2026-11-23T01:02:03.000000', '2026-11-23T01:02:03.000Z'],
    ['2026-11-23 01:02:03', '2026-11-23T01:02:03.000Z'],
    ['2026-11-23T01:02:03Z', '2026-11-23T01:02:03.000Z'],
    ['2026-11-23T01:02:03+02:00', '2026-11-22T23:02:03.000Z'],
  ])('%s is %s, on machines of every zone', (said, meant) => {
    expect(moment({ at: said }, 'at')).toBe(meant);
    const lines = `
      import { moment } from ${JSON.stringify(new URL('../../src/decode.ts', import.meta.url).href)};
      process.stdout.write(moment({ at: ${JSON.stringify(said)} }, 'at'));`;
    const words = ['--no-warnings', '--input-type=module', '--eval', lines];
    const far = execFileSync(process.execPath, words, { env: { TZ: 'America/New_York' } });
    expect(far.toString()).toBe(meant);
  });

  test('is a hash in lower case, or no hash', () => {
    expect(optionalHex({ checksum: 'AB01' }, 'checksum')).toBe('ab01');
    for (const value of ['abc', 'xy', '../a'])
      expect(() => optionalHex({ checksum: value }, 'checksum')).toThrow();
  });

  test('is a list of strings, or none', () => {
    expect(texts({ tags: ['a'] }, 'tags')).toEqual(['a']);
    for (const value of ['a', [1], {}]) expect(() => texts({ tags: value }, 'tags')).toThrow();
  });
});
