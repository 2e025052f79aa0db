import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { messageOf, OperationError, withHint } from '../../../src/errors.ts';
import { forLog, forMarkdown, forShell, quoted } from '../../../src/text/escape.ts';
import { Secrets } from '../../../src/text/secrets.ts';

const HOSTILE = 'x\n::error::y `id` $(id) \u001b[31m ##[error]z \u202e | <b> @all';

describe('the log', () => {
  test('a line stays a line, without control characters', () => {
    expect(forLog(HOSTILE)).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(forLog(HOSTILE)).toContain('x\\n::error::y');
  });

  test.each(['::error::x', '  ::add-mask::x', '##[error]x', 'a ##[group]b'])(
    '%j is no command of a runner',
    (line) => {
      expect(forLog(line)).not.toMatch(/^\s*::|##\[/);
    },
  );

  test('a long name is cut', () => {
    expect(quoted('a'.repeat(255))).toBe(`"${'a'.repeat(100)}…"`);
  });
});

describe('Markdown', () => {
  test('nothing of a name is structure', () => {
    expect(forMarkdown(HOSTILE)).not.toMatch(/[\n`|<>@[\]*_]/);
    expect(forMarkdown('a|b')).toBe('a&#124;b');
    expect(forMarkdown('&lt;')).toBe('&#38;lt;');
  });
});

describe('the shell', () => {
  test.each(["it's", '', '-rf', '~', '$HOME', 'a b', "'; rm -rf / #", 'a\\', 'ü', 'plain-name_1.2'])(
    '%j is one word and itself, in every shell',
    (name) => {
      expect(execFileSync('sh', ['-c', `printf %s ${forShell(name)}`]).toString()).toBe(name);
    },
  );

  test.each([HOSTILE, "\u202e'\\x41\u200b1", '\t\u0001\r\u2028$(id)'])(
    '%j is one line, with nothing unseen in it, and itself, in any locale',
    (name) => {
      const word = forShell(name);
      expect(word).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
      for (const locale of ['C', 'C.UTF-8'])
        expect(
          execFileSync('bash', ['--norc', '-c', `printf %s ${word}`], { env: { LC_ALL: locale } }).toString(),
        ).toBe(name);
    },
  );

  test('what no word can hold is replaced', () => {
    expect(execFileSync('bash', ['--norc', '-c', `printf %s ${forShell('a\0b\n')}`]).toString()).toBe(
      'a\ufffdb\n',
    );
  });
});

describe('secrets', () => {
  const key = Buffer.from('00ff10ab7c3d2e1f00ff10ab7c3d2e1f00ff10ab7c3d2e1f00ff10ab7c3d2e1f', 'hex');
  const hex = key.toString('hex');
  test.each([
    ['hex', hex],
    ['hex in capitals', hex.toUpperCase()],
    ['base64', key.toString('base64')],
    ['base64 without padding', key.toString('base64').replace(/=+$/, '')],
    ['base64url', key.toString('base64url')],
    ['base64 in a URL', encodeURIComponent(key.toString('base64'))],
    ['hex of the passphrase', Buffer.from(hex).toString('hex')],
    ['base64 of the passphrase', Buffer.from(hex).toString('base64')],
  ])('a key is hidden as %s', (_encoding, text) => {
    const secrets = new Secrets();
    secrets.add(key);
    expect(secrets.redact(`before ${text} after`)).toBe('before *** after');
  });

  test.each([
    ['itself', 'p4ss/w+rd "x"'],
    ['a URL', encodeURIComponent('p4ss/w+rd "x"')],
    ['JSON', JSON.stringify('p4ss/w+rd "x"').slice(1, -1)],
    ['base64', Buffer.from('p4ss/w+rd "x"').toString('base64')],
  ])('a password is hidden in %s', (_sink, text) => {
    const secrets = new Secrets();
    secrets.add('p4ss/w+rd "x"');
    expect(secrets.redact(`a ${text} b`)).toBe('a *** b');
  });

  test.each([
    ['HTML', 'p4ss/w+rd &#39;&lt;&quot;x&quot;&gt; &amp;'],
    ['HTML, hexadecimal', 'p4ss/w+rd &#x27;&lt;&quot;x&quot;&gt; &amp;'],
    ['HTML outside of attributes', `p4ss/w+rd '&lt;"x"&gt; &amp;`],
    ['Markdown', forMarkdown(`p4ss/w+rd '<"x"> &`)],
    ['a URL in lower case', 'p4ss%2fw%2brd%20%27%3c%22x%22%3e%20%26'],
    ['a URL as Python has it', 'p4ss%2Fw%2Brd%20%27%3C%22x%22%3E%20%26'],
    ['a form', "p4ss%2Fw%2Brd+'%3C%22x%22%3E+%26"],
  ])('a password is hidden in %s', (_sink, text) => {
    const secrets = new Secrets();
    secrets.add(`p4ss/w+rd '<"x"> &`);
    expect(secrets.redact(`a ${text} b`)).toBe('a *** b');
  });

  test('the longest counts, and what begins in another is hidden to its end', () => {
    const secrets = new Secrets();
    for (const secret of ['hunter2', 'hunter2-and-more', 'more-than-that']) secrets.add(secret);
    expect(secrets.redact('x hunter2 y hunter2-and-more z')).toBe('x *** y *** z');
    expect(secrets.redact('x hunter2-and-more-than-that y hunter2hunter2')).toBe('x *** y ******');
  });

  test('a value is hidden without the blanks around it', () => {
    const secrets = new Secrets();
    secrets.add('  hunter2hunter2\n');
    expect(secrets.redact('is hunter2hunter2!')).toBe('is ***!');
  });

  test('an identity is hidden in the cause of an error', () => {
    const secrets = new Secrets();
    const identity = 'AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ';
    secrets.add(`# a comment of some length\n${identity}\n`);
    const error = new Error('no', { cause: new Error(`bad line: ${identity}`) });
    expect(secrets.redact(messageOf(error))).toBe('no: bad line: ***');
  });

  test('half a character is no reason to fail', () => {
    const secrets = new Secrets();
    secrets.add('pass\ud800word');
    expect(secrets.redact('a pass\ud800word')).toBe('a ***');
  });

  test('each long line of a PEM is hidden', () => {
    const secrets = new Secrets();
    secrets.add('-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAA\n-----END PRIVATE KEY-----\n');
    expect(secrets.redact('MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAA')).toBe('***');
  });

  test('the host is told of every encoding once', () => {
    const told: string[] = [];
    const secrets = new Secrets((encoding) => told.push(encoding));
    secrets.add('hunter2hunter2');
    secrets.add('hunter2hunter2');
    expect(told).toContain('hunter2hunter2');
    expect(told).toContain(Buffer.from('hunter2hunter2').toString('base64'));
    expect(new Set(told).size).toBe(told.length);
  });

  test('an empty or very short secret does not blot out the log', () => {
    const secrets = new Secrets();
    secrets.add('');
    secrets.add('ab');
    expect(secrets.redact('abc')).toBe('abc');
  });
});

test.each<[string, unknown, string]>([
  ['with a hint', new OperationError('it failed', 'Try again.'), 'it failed. Try again.'],
  ['with an empty one', new OperationError('it failed', ''), 'it failed'],
  ['without one', new OperationError('it failed'), 'it failed'],
  ['of another kind', new TypeError('it failed'), 'it failed'],
])('an error %s, on one line', (_, error, told) => {
  expect(withHint(error)).toBe(told);
});
