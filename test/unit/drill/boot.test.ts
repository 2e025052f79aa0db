import { describe, expect, test } from '@jest/globals';
import { withoutSecrets } from '../../../src/drill/boot/check.ts';
import { lastLines, plainConsole, verdictOf } from '../../../src/drill/boot/console.ts';
import { parseExpect } from '../../../src/drill/boot/expect.ts';
import { flavorFor } from '../../../src/drill/boot/flavor.ts';
import { bootFinding } from '../../../src/drill/boot/result.ts';

describe('what a console shows', () => {
  const verdict = (text: string, expected = 'login:') => verdictOf(plainConsole(text), parseExpect(expected));

  test.each([
    ['web login: ', 'login:'],
    ['\u001b[1;32mweb\u001b[0m lo\u001b[0mgin:', 'web login:'],
    ['one\r\nweb login: \r\n', '/^\\w+ login: $/'],
  ])('%j has %s', (text, expected) => {
    expect(verdict(text, expected)).toEqual({ kind: 'seen' });
  });

  test.each([
    ['', true],
    ['\r\n  \u001b[2J\r\n', true],
    [
      'SeaBIOS (version 1.16)\r\nMachine UUID 7\r\niPXE (http://ipxe.org)\r\nBooting from Hard Disk...\r\n',
      true,
    ],
    ['BdsDxe: loading Boot0001 "disk"\r\n', true],
    ['Booting from Hard Disk...\r\nGRUB loading.\r\n', false],
    ['GRUB loading\nNo bootable device.\n', false],
  ])('%j decides nothing; silent: %s', (text, silent) => {
    expect(verdict(text)).toEqual({ kind: 'waiting', silent });
  });

  test.each(['No bootable device.', 'BdsDxe: No bootable option or device was found.'])(
    'a firmware that says %s gave up',
    (line) => {
      expect(verdict(`SeaBIOS (version 1)\n${line}\n`)).toEqual({ kind: 'unbootable', line });
    },
  );

  test('its last lines are short, and none is empty', () => {
    expect(lastLines(`a\n\n b \n${'c'.repeat(300)}\n`, 2)).toEqual(['b', `${'c'.repeat(200)}…`]);
  });
});

describe('the flavor', () => {
  const flavor = (name: string, ram: number, disk: number, vcpus = 1) => ({
    id: `id-${name}`,
    name,
    ram,
    disk,
    vcpus,
  });
  const all = [flavor('large', 4096, 40), flavor('small', 512, 5), flavor('diskless', 1024, 0)];
  const source = { id: null, name: 'large' };

  test.each([
    ['that of the source', { source, ram: 0, disk: 20 }, undefined, 'large'],
    [
      'not that of the source if its disk is too small',
      { source: { id: 'id-small', name: '' }, ram: 0, disk: 8 },
      undefined,
      'diskless',
    ],
    ['the smallest', { source: undefined, ram: 0, disk: 0 }, undefined, 'small'],
    ['the smallest with that memory', { source: undefined, ram: 2048, disk: 0 }, undefined, 'large'],
    ['the one that was asked for', { source, ram: 0, disk: 0 }, 'id-small', 'small'],
  ])('%s', (_, needed, wish, name) => {
    expect(flavorFor(needed, all, wish).name).toBe(name);
  });

  test.each([
    [{ source: undefined, ram: 9000, disk: 0 }, undefined, 'no flavor fits'],
    [{ source: undefined, ram: 0, disk: 8 }, 'small', 'has a root disk of 5 GiB, but 8 are needed'],
    [{ source: undefined, ram: 600, disk: 0 }, 'small', 'has 512 MiB of memory, but the image needs 600'],
    [{ source: undefined, ram: 0, disk: 0 }, 'none', 'there is no flavor "none"'],
  ])('%j with %s is refused', (needed, wish, said) => {
    expect(() => flavorFor(needed, all, wish)).toThrow(said);
  });
});

describe('what it proves', () => {
  const seen = { kind: 'seen', afterMs: 1000, words: '"x"' } as const;
  const silent = { kind: 'silent', words: '"x"' } as const;
  const failed = { kind: 'failed', why: 'no "x"', tail: ['panic'], words: '"x"' } as const;
  const [yes, no] = [{ why: undefined }, { why: 'the check said no (exit 1)' }];

  test.each([
    [seen, undefined, { reached: 'L4' }],
    [seen, yes, { reached: 'L5' }],
    [seen, no, { reached: null, why: no.why }],
    [silent, undefined, { reached: null, undecided: expect.any(String) }],
    [silent, yes, { reached: 'L5' }],
    [undefined, yes, { reached: 'L5' }],
    [undefined, no, { reached: null, why: no.why }],
    [failed, undefined, { reached: null, why: 'no "x"', console: ['panic'] }],
  ])('%j and %j', (booted, check, expected) => {
    const {
      seen: _seen,
      size: _size,
      keyProved: _key,
      ...finding
    } = bootFinding({ ran: 'it ran', booted, check });
    expect(finding).toEqual(expected);
  });
});

test('a check gets no secret that is known, and no input', () => {
  const environment = {
    PATH: '/bin',
    INPUT_CLOUD: 'x',
    OS_PASSWORD: 'p',
    OS_AUTH_URL: 'u',
    MINE: 'a hush b',
    ACTIONS_RUNTIME_TOKEN: 't',
  };
  const redact = (text: string) => text.replace('hush', '***');
  expect(withoutSecrets(environment, redact)).toEqual({ PATH: '/bin', OS_AUTH_URL: 'u' });
});
