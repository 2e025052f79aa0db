import { expect, test } from '@jest/globals';
import { drilledWords, drills, provedDepth } from '../../../src/catalog/drilled.ts';
import type { DrilledPoint } from '../../../src/manifest/schema.ts';

const record = (day: number, more: Partial<DrilledPoint>): DrilledPoint => ({
  point: 'p',
  level: 'volume',
  result: 'passed',
  reached: 'L3',
  time: `2026-11-${String(day).padStart(2, '0')}T00:00:00.000Z`,
  seconds: {},
  size: 1,
  seed: 1,
  seen: [],
  ...more,
});
const failed = { result: 'failed', reached: null } as const;
const standing = (...records: DrilledPoint[]) => drills(records).get('p');

test.each<[string, readonly DrilledPoint[], string]>([
  ['one that passed', [record(1, {})], 'volume, passed 2026-11-01'],
  ['one that failed', [record(1, failed)], 'volume, failed 2026-11-01'],
  [
    'a shallow one after a deep one: both are told',
    [record(1, {}), record(2, { level: 'bytes', reached: 'L2' })],
    'volume, passed 2026-11-01; bytes, passed 2026-11-02',
  ],
  [
    'a failure takes back what passed before',
    [record(1, {}), record(2, failed)],
    'volume, failed 2026-11-02',
  ],
  ['what passes later counts again', [record(2, failed), record(3, {})], 'volume, passed 2026-11-03'],
  [
    'no output takes nothing back',
    [record(1, {}), record(2, { level: 'boot', result: 'no output', reached: null })],
    'volume, passed 2026-11-01; boot, no output 2026-11-02',
  ],
  ['one by hand', [record(1, { by: 'hand' })], 'volume by hand, passed 2026-11-01'],
  [
    'by the program after one by hand: both are told',
    [record(1, { by: 'hand', level: 'bytes', reached: 'L2' }), record(2, {})],
    'volume, passed 2026-11-02; by hand 2026-11-01',
  ],
  [
    'a failure takes that back, too',
    [record(1, { by: 'hand' }), record(2, failed), record(3, {})],
    'volume, passed 2026-11-03',
  ],
  [
    'one by hand that fails takes back nothing but what was proved by hand',
    [record(1, {}), record(2, { by: 'hand' }), record(3, { ...failed, by: 'hand', level: 'bytes' })],
    'volume, passed 2026-11-02; bytes by hand, failed 2026-11-03',
  ],
  [
    'but what the program saw then does',
    [record(1, {}), record(2, { ...failed, by: 'hand' }), record(3, failed)],
    'volume, failed 2026-11-03',
  ],
])('%s', (_what, records, words) => {
  expect(drilledWords(standing(...records))).toBe(words);
  expect(drilledWords(standing(...records.toReversed()))).toBe(words);
});

test('a key that was proved is no longer so after a failure', () => {
  expect(standing(record(1, { key: 'proved' }))?.keyProved).toBe(true);
  expect(standing(record(1, { key: 'proved' }), record(2, failed))?.keyProved).toBe(false);
});

test('nobody drilled it: no words', () => {
  expect(drilledWords(undefined)).toBe('');
});

test('the deeper of drill and verify is relied upon, and nothing after damage was seen', () => {
  const drilled = standing(record(1, {}));
  const verified = { level: 'L1b', time: '2026-11-02T00:00:00Z' } as const;
  expect(provedDepth(verified, drilled)).toBe('L3');
  expect(provedDepth(verified, undefined)).toBe('L1b');
  expect(provedDepth({ ...verified, fault: 'an object is damaged' }, drilled)).toBeUndefined();
  expect(provedDepth(undefined, standing(record(1, failed)))).toBeUndefined();
});

test('a point is as deep as it was after the way by hand failed', () => {
  const drilled = standing(record(1, { key: 'proved' }), record(2, { ...failed, by: 'hand' }));
  expect(provedDepth(undefined, drilled)).toBe('L3');
  expect(drilled?.keyProved).toBe(true);
  expect(drilled?.byHand).toBeUndefined();
});
