import { expect, test } from '@jest/globals';
import { parsePlace } from '../../../src/store/place-name.ts';

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
  ['', undefined],
])('%j is the place %j', (text, place) => expect(parsePlace(text)).toEqual(place));
