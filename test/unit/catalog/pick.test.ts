import { describe, expect, test } from '@jest/globals';
import { parseAt, parseTime } from '../../../src/catalog/pick.ts';

const NOW = Date.parse('2026-11-26T12:00:00Z');

describe('a time as people give it', () => {
  test.each([
    ['2026-11-25', '2026-11-25T00:00:00.000Z'],
    ['2026-11-25T06:00', '2026-11-25T06:00:00.000Z'],
    ['2026-11-25 06:00:01', '2026-11-25T06:00:01.000Z'],
    ['2026-11-25T06:00:00+02:00', '2026-11-25T04:00:00.000Z'],
    ['36h', '2026-11-25T00:00:00.000Z'],
    ['14d', '2026-11-12T12:00:00.000Z'],
    ['1w', '2026-11-19T12:00:00.000Z'],
  ])('%s', (text, meant) => expect(new Date(parseTime('since', text, NOW)).toISOString()).toBe(meant));

  test.each(['', 'yesterday', '2026-02-31', '2026-13-01', '26-11-25', '36', '36m', '2026-11-25T25:00:00Z'])(
    '"%s" is none',
    (text) => expect(() => parseTime('since', text, NOW)).toThrow('which is not a time'),
  );
});

describe('what is not later than a second that a list shows was taken within it', () => {
  test.each([
    ['2026-11-25T06:00:01Z', '2026-11-25T06:00:01.999Z'],
    ['2026-11-25T06:00:01+02:00', '2026-11-25T04:00:01.999Z'],
    ['2026-11-25 06:00:01', '2026-11-25T06:00:01.999Z'],
    ['2026-11-25T06:00:01.250Z', '2026-11-25T06:00:01.250Z'],
    ['2026-11-25T06:00', '2026-11-25T06:00:00.000Z'],
    ['2026-11-25', '2026-11-25T00:00:00.000Z'],
    ['0h', '2026-11-26T12:00:00.000Z'],
  ])('%s', (text, meant) => expect(new Date(parseAt(text, NOW)).toISOString()).toBe(meant));
});
