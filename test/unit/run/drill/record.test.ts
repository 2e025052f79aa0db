import { expect, test } from '@jest/globals';
import type { Finding } from '../../../../src/drill/finding.ts';
import { recordsOf } from '../../../../src/run/drill/record.ts';

const of = { point: 'p', resource: { kind: 'volume', id: 'v' } } as const;
const rest = {
  level: 'volume',
  byHand: false,
  seed: 7,
  seconds: { found: 1 },
  time: '2026-11-27T00:00:00Z',
} as const;
const finding: Finding = { reached: 'L3', seen: ['ext4'], size: 9, keyProved: false };

test('what passed is recorded as passed, with what it was of', () => {
  expect(recordsOf(of, finding, rest)).toMatchObject([
    {
      point: 'p',
      resource: { kind: 'volume', id: 'v' },
      result: 'passed',
      reached: 'L3',
      seed: 7,
      seen: ['ext4'],
    },
  ]);
});

test('what failed is recorded as failed, and proves no key', () => {
  const failed = { ...finding, reached: null, why: 'other bytes' };
  const [record] = recordsOf(of, failed, rest);
  expect(record).toMatchObject({ result: 'failed', reached: null, why: 'other bytes' });
  expect(record).not.toHaveProperty('key');
});

test('a key that was proved is recorded, and long words are cut', () => {
  const long = 'x'.repeat(10_000);
  const [record] = recordsOf(
    of,
    { ...finding, keyProved: true, seen: [long], why: long },
    { ...rest, byHand: true },
  );
  expect([record?.key, record?.by]).toEqual(['proved', 'hand']);
  expect([record?.seen[0]?.length, record?.why?.length]).toEqual([4096, 4096]);
});

test('a failure by hand is one of the way, and also one of the data if that was seen to be wrong', () => {
  const failed = { ...finding, reached: null, why: 'other bytes' };
  const by = (more: Partial<Finding>, byHand: boolean) =>
    recordsOf(of, { ...failed, ...more }, { ...rest, byHand }).map(({ by, result }) => [by, result]);
  expect(by({ isOfWay: true }, true)).toEqual([['hand', 'failed']]);
  expect(by({}, true)).toEqual([
    ['hand', 'failed'],
    [undefined, 'failed'],
  ]);
  expect(by({ isOfWay: true }, false)).toEqual([[undefined, 'failed']]);
  expect(recordsOf(of, finding, { ...rest, byHand: true })).toHaveLength(1);
});
