import { expect, test } from '@jest/globals';
import { keyName } from '../../../src/payload/name.ts';

const id = '5f2c9a01-0000-4000-8000-000000000000';

test('the name of a key tells how to open it by hand', () => {
  expect(keyName(id, true)).toBe(`secret-${id}.key.age`);
  expect(keyName(id, false)).toBe(`secret-${id}.key`);
});

test('is never a path', () => expect(() => keyName('../x', false)).toThrow('is not the name of a payload'));
