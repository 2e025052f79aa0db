import { expect, test } from '@jest/globals';
import { addressOf, urlOf } from '../../../../src/store/s3/address.ts';

test.each([
  [['backups', '', undefined], 'eu-central-1', 'p', 'https://backups.s3.eu-central-1.amazonaws.com/p'],
  [['backups', 'a/b', undefined], 'us-east-1', 'a/b/p', 'https://backups.s3.us-east-1.amazonaws.com/a/b/p'],
  [['backups', '', undefined], 'cn-north-1', '', 'https://backups.s3.cn-north-1.amazonaws.com.cn/'],
  // The certificate is for one label.
  [['my.backups', '', undefined], 'eu-west-1', 'p', 'https://s3.eu-west-1.amazonaws.com/my.backups/p'],
  [
    ['backups', '', 'https://s3.eu-west-1.amazonaws.com'],
    'x',
    'p',
    'https://backups.s3.eu-west-1.amazonaws.com/p',
  ],
  [['backups', '', 'https://s3.example.org'], 'x', '', 'https://s3.example.org/backups'],
  [['backups', '', 'http://[::1]:7480/'], 'x', 'a/p', 'http://[::1]:7480/backups/a/p'],
  [
    ['backups', '', 'https://example.org/s3/'],
    'x',
    "ä b/(p)'",
    'https://example.org/s3/backups/%C3%A4%20b/%28p%29%27',
  ],
  [
    ['backups', '', 'https://amazonaws.com.example.org'],
    'x',
    'p',
    'https://amazonaws.com.example.org/backups/p',
  ],
] as const)('%j in %s: %s is %s', ([bucket, prefix, endpoint], region, key, url) => {
  expect(urlOf(addressOf(bucket, prefix, endpoint), region, key).href).toBe(url);
});

test('the bucket stands where one is told to put it', () => {
  const url = (endpoint: string | undefined, pathStyle: boolean) =>
    urlOf({ ...addressOf('backups', '', endpoint), pathStyle }, 'eu-west-1', 'p').href;
  expect(url(undefined, true)).toBe('https://s3.eu-west-1.amazonaws.com/backups/p');
  expect(url('https://s3.example.org:9000', false)).toBe('https://backups.s3.example.org:9000/p');
  expect(url('https://s3.example.org', true)).toBe('https://s3.example.org/backups/p');
});

test.each([
  ['', ''],
  ['/', ''],
  ['a', 'a/'],
  ['/a/b/', 'a/b/'],
])('the prefix %j stands before names as %j', (given, prefix) =>
  expect(addressOf('backups', given, undefined).prefix).toBe(prefix),
);
