import { expect, test } from '@jest/globals';
import { InputError } from '../../../src/errors.ts';
import { parseDuration } from '../../../src/retention/duration.ts';

test.each([
  ['14d', { years: 0, months: 0, days: 14, hours: 0 }],
  ['1y5m7d2h', { years: 1, months: 5, days: 7, hours: 2 }],
  ['36h', { years: 0, months: 0, days: 0, hours: 36 }],
  ['0y2m', { years: 0, months: 2, days: 0, hours: 0 }],
])('%s', (words, span) => {
  expect(parseDuration(words)).toEqual(span);
});

test.each(['', '0d', '14', 'd', '2h1d', '1.5d', '-1d', '1w', '14 d', '1d ', '٣d', '99999999h', '1d1d'])(
  '"%s" is refused',
  (words) => {
    expect(() => parseDuration(words)).toThrow(InputError);
  },
);
