import { expect, test } from '@jest/globals';
import { counted, toMinute, toSecond } from '../../../src/text/words.ts';

test.each([
  [0, '0 volumes'],
  [1, '1 volume'],
  [2, '2 volumes'],
])('%d of a thing is %s', (count, told) => {
  expect(counted(count, 'volume')).toBe(told);
});

test('a plural that is not made by an s is handed in', () => {
  expect(counted(1, 'policy', 'policies')).toBe('1 policy');
  expect(counted(3, 'policy', 'policies')).toBe('3 policies');
});

test('a time is cut, not rounded', () => {
  const time = Date.parse('2026-11-26T02:13:59.999Z');
  expect(toMinute(time)).toBe('2026-11-26 02:13 UTC');
  expect(toSecond(time)).toBe('2026-11-26T02:13:59Z');
});
