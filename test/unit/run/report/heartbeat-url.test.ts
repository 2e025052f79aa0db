import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../../src/errors.ts';
import { beatUrl, heartbeatSecrets, parseHeartbeat } from '../../../../src/run/report/heartbeat-url.ts';

const ID = '1f6e3c2a-8d4b-4f0a-9b61-2c7f5a3e9d10';

test.each([
  [`https://hc-ping.com/${ID}`, `/${ID}/start`, `/${ID}`, `/${ID}/fail`],
  [`https://hc-ping.com/${ID}/`, `/${ID}/start`, `/${ID}/`, `/${ID}/fail`],
  [
    ` https://ping.example/p1n9k3yp1n9k3y/db?create=1\n`,
    '/p1n9k3yp1n9k3y/db/start?create=1',
    '/p1n9k3yp1n9k3y/db?create=1',
    '/p1n9k3yp1n9k3y/db/fail?create=1',
  ],
])('%s', (given, start, success, fail) => {
  const url = parseHeartbeat(given);
  const told = (['start', 'success', 'fail'] as const).map((beat) => {
    const { pathname, search, origin } = new URL(beatUrl(url, beat));
    expect(origin).toBe(url.origin);
    return pathname + search;
  });
  expect(told).toEqual([start, success, fail]);
});

test.each(['hc-ping.com/x', 'ftp://hc-ping.com/x', 'https://', 'javascript:1', 'https://h/x#y', ID])(
  'no URL of a check: %s is not repeated in the message',
  (given) => {
    const parse = () => parseHeartbeat(given);
    expect(parse).toThrow(InputError);
    expect(parse).toThrow('`heartbeat` is not an http or https URL');
  },
);

describe('what of it is secret', () => {
  test.each([
    [`https://hc-ping.com/${ID}`, [`https://hc-ping.com/${ID}`, `/${ID}`, ID]],
    ['https://u:pa55word@h.example/ping?token=abcdef123456', ['pa55word', 'abcdef123456']],
    ['https://h.example/p1n9k3yp1n9k3y/openstack-backup', ['p1n9k3yp1n9k3y']],
  ])('%s', (given, secrets) => {
    expect(heartbeatSecrets(parseHeartbeat(given))).toEqual(expect.arrayContaining(secrets));
  });

  test('words that stand in every line of ours are not, nor a bare host', () => {
    const all = ['https://h.example/p1n9k3yp1n9k3y/openstack-backup', 'https://127.0.0.1/'].flatMap((given) =>
      heartbeatSecrets(parseHeartbeat(given)),
    );
    for (const word of ['openstack-backup', '127.0.0.1', '/', 'https://', 'h.example'])
      expect(all).not.toContain(word);
  });
});
