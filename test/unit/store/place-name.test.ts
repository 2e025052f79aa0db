import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../src/errors.ts';
import {
  checkedEndpoint,
  checkedRegion,
  isInClear,
  parsePlace,
  parseStore,
} from '../../../src/store/place-name.ts';

test.each([
  ['directory:/var/backups', { kind: 'directory', path: '/var/backups' }],
  ['directory:a:b', { kind: 'directory', path: 'a:b' }],
  ['artifact', { kind: 'artifact' }],
  ['release', { kind: 'release' }],
  ['directory:', undefined],
  ['directory', undefined],
  ['Directory:x', undefined],
  ['/var/backups', undefined],
  ['artifact:1/x', undefined],
  ['store', { kind: 'store', name: undefined }],
  ['s3://bucket/a', { kind: 'store', name: 's3://bucket/a' }],
  ['', undefined],
])('%j is the place %j', (text, place) => expect(parsePlace(text)).toEqual(place));

describe('a place for payloads', () => {
  const s3 = (bucket: string, prefix = '', more: object = {}) => ({
    ...{ kind: 's3', bucket, prefix, endpoint: undefined, region: undefined, pathStyle: undefined },
    ...more,
  });
  const swift = (container: string, prefix = '') => ({ kind: 'swift', container, prefix });

  test.each([
    ['directory:/var/backups', { kind: 'directory', path: '/var/backups' }],
    ['directory:s3://x', { kind: 'directory', path: 's3://x' }],
    ['s3://backups', s3('backups')],
    ['s3://backups/', s3('backups')],
    ['s3://backups/production', s3('backups', 'production')],
    ['s3://backups/of/Production_2/', s3('backups', 'of/Production_2')],
    ['s3://my.bucket-1/a', s3('my.bucket-1', 'a')],
    ['s3://Old_Bucket', s3('Old_Bucket')],
    ['s3://b?endpoint=https://s3.example.com', s3('b', '', { endpoint: 'https://s3.example.com' })],
    ['s3://b/p?endpoint=http%3A%2F%2F127.0.0.1%3A7480', s3('b', 'p', { endpoint: 'http://127.0.0.1:7480' })],
    ['s3://b/p/?region=eu-central-1', s3('b', 'p', { region: 'eu-central-1' })],
    ['s3://b?path-style=true', s3('b', '', { pathStyle: true })],
    [
      's3://b/p?endpoint=https://s3.example.com/&region=default&path-style=false',
      s3('b', 'p', { endpoint: 'https://s3.example.com', region: 'default', pathStyle: false }),
    ],
    ['s3://b?', s3('b')],
    ['swift://backups', swift('backups')],
    ['swift://backups/', swift('backups')],
    ['swift://backups/a/b', swift('backups', 'a/b')],
    ['swift://Back_ups.2/a', swift('Back_ups.2', 'a')],
  ])('%j is %j', (text, named) => expect(parseStore(text)).toEqual(named));

  const FORMS = 'Write directory:PATH, s3://BUCKET/PREFIX or swift://CONTAINER/PREFIX.';
  test.each([
    ['', 'unsupported store ""', FORMS],
    ['artifact', 'unsupported store "artifact"', FORMS],
    ['directory:', 'unsupported store "directory:"', FORMS],
    ['/var/backups', 'unsupported store "/var/backups"', FORMS],
    ['gs://bucket', 'unsupported store "gs://bucket"', FORMS],
    ['https://s3.example.com/bucket', 'unsupported store "https://s3.example.com/bucket"', FORMS],
    ['s3:https://s3.example.com/bucket', 'unsupported store "s3:https', FORMS],
    ['S3://bucket', 'unsupported store "S3://bucket"', 'Write s3://BUCKET/PREFIX.'],
    ['s3:bucket/a', 'unsupported store "s3:bucket/a"', 'Write s3://BUCKET/PREFIX.'],
    ['s3:/bucket', 'unsupported store "s3:/bucket"', 'Write s3://BUCKET/PREFIX.'],
    ['swift:backups', 'unsupported store "swift:backups"', 'Write swift://CONTAINER/PREFIX.'],
    ['Swift://backups', 'unsupported store "Swift://backups"', 'Write swift://CONTAINER/PREFIX.'],
    ['s3://', 'store "s3://": no bucket is named', 'Write s3://BUCKET or s3://BUCKET/PREFIX. Its name has'],
    ['s3:///prefix', 'store "s3:///prefix": no bucket is named', 'Write s3://BUCKET'],
    [
      'swift://',
      'store "swift://": no container is named',
      'Write swift://CONTAINER or swift://CONTAINER/PREFIX.',
    ],
    ['s3://-bucket', '"-bucket" is no bucket', 'letters, digits'],
    ['s3://..', '".." is no bucket', 'letters, digits'],
    ['s3://bücket', '"bücket" is no bucket', 'letters, digits'],
    ['swift://my backups', '"my backups" is no container', 'letters, digits'],
    ['swift://.', '"." is no container', 'letters, digits'],
    [`swift://${'x'.repeat(256)}`, 'is no container', 'letters, digits'],
    ['s3://b/a//c', '"" cannot be a part of the prefix', 'Each part between slashes'],
    ['s3://b/../c', '".." cannot be a part of the prefix', 'Each part between slashes'],
    ['s3://b/a b', '"a b" cannot be a part of the prefix', 'Each part between slashes'],
    ['s3://b/a%2Fc', '"a%2Fc" cannot be a part of the prefix', 'Each part between slashes'],
    ['swift://b/.hidden', '".hidden" cannot be a part of the prefix', 'Each part between slashes'],
    ['s3://b/a\nc', 'cannot be a part of the prefix', 'Each part between slashes'],
    ['s3://b?profile=x', '"profile" is unknown after the question mark', 'Write endpoint=URL'],
    [
      's3://b?region=a&region=b',
      '"region" is unknown after the question mark, or given twice',
      'Write endpoint',
    ],
    ['s3://b?path-style=yes', 'path-style is neither true nor false', 'Write path-style=true.'],
    ['s3://b?endpoint=s3.example.com', 'the endpoint of S3 is "s3.example.com"', 'https://s3.example.com'],
    [
      's3://b?endpoint=https://s3.example.com/b%3Fx',
      'the endpoint of S3 is "https://s3',
      'without the bucket',
    ],
    ['s3://b?endpoint=ftp://s3.example.com', 'the endpoint of S3 is "ftp://', 'Write it like'],
    ['swift://b?region=x', 'a container takes nothing after a question mark', 'Write swift://CONTAINER'],
  ])('%j is refused: %s', (text, message, hint) => {
    const refused = (): unknown => {
      try {
        return parseStore(text);
      } catch (error) {
        return error;
      }
    };
    const error = refused();
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ exitCode: 2 });
    expect((error as InputError).message).toContain(message);
    expect((error as InputError).hint).toContain(hint);
  });

  test.each([
    's3://AKIA:hunter2@bucket/p',
    'swift://user:hunter2@container',
    's3:user:hunter2@bucket',
    's3://b?endpoint=https://user:hunter2@s3.example.com',
    'https://user:hunter2@s3.example.com/bucket',
    'S3://user:hunter2@b',
  ])('%j never shows what may be a key', (text) => {
    const told = () => parseStore(text);
    expect(told).toThrow(InputError);
    expect(told).not.toThrow(/hunter2/);
  });

  test('an endpoint may be given by itself', () => {
    expect(checkedEndpoint(undefined)).toBeUndefined();
    expect(checkedEndpoint('https://example.org/s3/')).toBe('https://example.org/s3');
    expect(checkedEndpoint('http://[::1]:7480/')).toBe('http://[::1]:7480');
    expect(() => checkedEndpoint('nonsense')).toThrow('the endpoint of S3 is "nonsense"');
  });
});

test.each([
  's3://AKIA:wJalr/SECRET@bucket/p',
  's3://b?endpoint=https://AK:wJ/SECRET@h',
  's3://b?endpoint=https://AK:SECRET@h&x=1',
  's3://b/p?access-key=AK&secret-key=SECRET',
  'swift://user:a/SECRET@container',
  's3://-b?secret-key=SECRET',
  's3://b/a b?secret-key=SECRET',
  'swift://c?secret-key=SECRET',
  'S3://b?secret-key=SECRET',
  'S3://b?secret-key=a@SECRET',
  's3://b?SECRET',
  's3://b?SECRET==',
  's3://AK:SECRET%40b',
  's3://b#SECRET',
  's3://b?endpoint=s3.example.com%3Fsecret-key=SECRET',
])('a key in %j is not shown', (text) => {
  const said = (): string => {
    try {
      parseStore(text);
      return '';
    } catch (error) {
      return `${String(error)} ${String((error as { hint?: string }).hint)}`;
    }
  };
  expect(said()).not.toBe('');
  expect(said()).not.toContain('SECRET');
});

test('a key in an endpoint is not shown', () => {
  for (const endpoint of [
    'https://AK:wJ/SECRET@h',
    'https://AK:SECRET%40h',
    'https://h?secret-key=SECRET',
    'https://h/#SECRET',
  ])
    expect(() => checkedEndpoint(endpoint)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.not.stringContaining('SECRET') }),
    );
});

test('what is wrong is told of the input that names it', () => {
  expect(() => parseStore('s3://-b', 'publish')).toThrow('publish "s3://-b": "-b" is no bucket');
  expect(() => parseStore('s3://k@b', 'manifest')).toThrow('the s3:// of `manifest` has a user');
});

test.each([
  ['http://s3.example.com', true],
  ['http://localhost.example.com', true],
  ['http://127.example.com', true],
  ['http://10.0.0.1:9000', true],
  ['https://s3.example.com', false],
  ['http://localhost:9000', false],
  ['http://127.0.0.1:9000/x', false],
  ['http://[::1]', false],
])('%s can be read on the way: %s', (url, isRead) => expect(isInClear(url)).toBe(isRead));

test.each(['eu central', 'evil.example/', '..', ''])('%j is no region', (region) => {
  expect(() => checkedRegion(region)).toThrow('the region of S3 is');
});
