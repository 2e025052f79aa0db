import { describe, expect, test } from '@jest/globals';
import { addressed, type Reach } from '../../../../src/run/places/reach.ts';
import { parseStore } from '../../../../src/store/place-name.ts';

const own = { endpoint: 'https://s3.example.com/a%20b&c', region: 'eu-1', pathStyle: false };
const reach: Reach = {
  named: new Map<string, Partial<typeof own>>([
    ['s3://own/nightly', own],
    ['s3://aws', {}],
  ]),
  others: { endpoint: 'http://[::1]:9000', region: undefined },
  cloud: 'archive',
};

describe('the name of a place for another machine', () => {
  test.each([
    ['a directory', '/mnt/a b', 'directory:/mnt/a b'],
    ['a container', 'swift://backups/a', 'swift://backups/a'],
    ['a bucket that an input named, which is at AWS', 's3://aws', 's3://aws'],
    ['another bucket', 's3://own', 's3://own?endpoint=http://[::1]:9000'],
  ])('%s', (_, name, said) => expect(addressed(name, reach)).toBe(said));

  test('is read back as what it was', () => {
    const name = addressed('s3://own/nightly', reach) ?? '';
    expect(parseStore(name)).toEqual({ kind: 's3', bucket: 'own', prefix: 'nightly', ...own });
  });

  test.each([
    's3://own?endpoint=https://evil.example',
    's3://own/',
    's3://AKID@own',
    's3://own/../x',
    'gs://own',
    'swift://own?x',
  ])('%s, which a manifest may say, is none', (name) => expect(addressed(name, reach)).toBeUndefined());
});
