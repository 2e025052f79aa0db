import { describe, expect, test } from '@jest/globals';
import { endpointOf } from '../../src/openstack/catalog.ts';
import { parseCloud } from '../../src/openstack/config/parse.ts';
import { wordsOf } from '../../src/openstack/errors.ts';
import { matches } from '../../src/plan/glob.ts';
import { forLog, forMarkdown, forShell } from '../../src/text/escape.ts';
import { Secrets } from '../../src/text/secrets.ts';
import { growth, LINEAR } from '../support/growth.ts';

const config = parseCloud('c', {
  auth: { auth_url: 'https://c/v3', username: 'u', password: 'p', project_name: 'p' },
});

describe('a pattern of names', () => {
  const fits = (pattern: string, name: string) => matches([...pattern], [...name]);
  test.each([
    ['db-*', 'db-1', true],
    ['db-*', 'web', false],
    ['*', '', true],
    ['?', '', false],
    ['?', '\u{1f600}', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b-', false],
    ['**x', 'yx', true],
    ['a.c', 'abc', false],
    ['x\n*', 'x\ny', true],
  ])('%j and %j: %j', (pattern, name, expected) => expect(fits(pattern, name)).toBe(expected));

  test('agrees with a regular expression on every short one', () => {
    const words = (letters: string, length: number): string[] =>
      length === 0 ? [''] : words(letters, length - 1).flatMap((word) => [...letters].map((l) => word + l));
    for (const pattern of [0, 1, 2, 3, 4].flatMap((length) => words('ab*?', length))) {
      const meant = new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', '.*')}$`);
      for (const name of [0, 1, 2, 3, 4].flatMap((length) => words('ab', length)))
        expect([pattern, name, fits(pattern, name)]).toEqual([pattern, name, meant.test(name)]);
    }
  });
});

describe('what others write costs its length', () => {
  const cloud = (url: string) =>
    endpointOf(
      'image',
      [{ type: 'image', name: '', endpoints: [{ interface: 'public', region: 'r', url }] }],
      {
        ...config,
        region: 'r',
      },
    );
  const many = new Secrets();
  for (let made = 0; made < 500; made += 1) many.add(Buffer.from(`a key of 32 bytes, number ${made}`));
  const works: [string, (size: number) => void, number][] = [
    [
      'a name against a pattern of stars',
      (size) => matches([...'app-*-*-*-*-*-prod'], [...`app-${'-'.repeat(size)}`]),
      2000,
    ],
    ['an error page of tags that never end', (size) => wordsOf('<'.repeat(size)), 1000],
    ['an error page of headings', (size) => wordsOf('<head>'.repeat(size)), 500],
    ['an error of text', (size) => wordsOf(JSON.stringify({ m: '<'.repeat(size) })), 5000],
    ['an endpoint of slashes', (size) => cloud(`https://c/${'/'.repeat(size)}x`), 5000],
    ['a line of a log', (size) => forLog(' '.repeat(size)), 5000],
    ['a cell of a table', (size) => forMarkdown('`'.repeat(size)), 1000],
    ['a word of a shell', (size) => forShell(`'\n`.repeat(size)), 1000],
    ['a text with many secrets about', (size) => many.redact('a key of 32 bytes '.repeat(size)), 200],
  ];
  test.each(works)('%s', (_what, work, size) => {
    expect(growth(work, size)).toBeLessThan(LINEAR);
  });

  test('and no depth of it is too deep', () => {
    const deep = `${'['.repeat(100_000)}"x"${']'.repeat(100_000)}`;
    expect(wordsOf(deep)).toBe('no explanation was given');
    expect(wordsOf('{"badRequest": {"message": "no <br/> room"}}')).toBe('no room');
    expect(wordsOf('<html><head><title>403</title></head><body><h1>403 Forbidden</h1>not yours</body>')).toBe(
      'not yours',
    );
  });
});
