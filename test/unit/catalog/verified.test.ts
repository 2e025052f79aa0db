import { describe, expect, test } from '@jest/globals';
import type { Found } from '../../../src/catalog/found.ts';
import { provedLevel, standings, verifiedIn, verifiedWords } from '../../../src/catalog/verified.ts';
import type { Manifest, VerifiedPoint } from '../../../src/manifest/schema.ts';

const POINT = 'a';
const day = (number: number) => `2026-11-${String(number).padStart(2, '0')}T00:00:00.000Z`;
const record = (number: number, level: VerifiedPoint['level'], more: Partial<VerifiedPoint> = {}) => ({
  point: POINT,
  level,
  time: day(number),
  ...more,
});
const standing = (...records: VerifiedPoint[]) => standings(records).get(POINT);
const damaged = { fault: 'altered' };

describe('what several records come to', () => {
  test.each<[string, VerifiedPoint[], ReturnType<typeof standing>]>([
    ['nobody looked', [], undefined],
    [
      'the deepest, when it was last reached',
      [record(1, 'L2'), record(2, 'L1a'), record(3, 'L2'), record(4, 'L1b')],
      { level: 'L2', time: day(3) },
    ],
    [
      'all of it rather than a sample',
      [record(1, 'L1a'), record(2, 'L1b', { sampled: 5 })],
      { level: 'L1a', time: day(1) },
    ],
    [
      'a sample where nothing else is',
      [record(1, 'L1a', { sampled: 5, seed: 1 })],
      { level: 'L1a', time: day(1), sampled: 5 },
    ],
    [
      'damage that came later',
      [record(1, 'L2'), record(2, 'L0', damaged)],
      { level: 'L0', time: day(2), ...damaged },
    ],
    ['damage that was mended', [record(1, 'L0', damaged), record(2, 'L1a')], { level: 'L1a', time: day(2) }],
    [
      'damage that a later look was too shallow for',
      [record(1, 'L1a', damaged), record(2, 'L1a')],
      { level: 'L1a', time: day(1), ...damaged },
    ],
    [
      'damage that a sample did not meet',
      [record(1, 'L0', damaged), record(2, 'L1a', { sampled: 99 })],
      { level: 'L0', time: day(1), ...damaged },
    ],
    [
      'damage after it was mended',
      [record(1, 'L0', damaged), record(2, 'L1a'), record(3, 'L0', damaged)],
      { level: 'L0', time: day(3), ...damaged },
    ],
    ['not even L0', [record(1, 'L2'), record(2, null, damaged)], { level: null, time: day(2), ...damaged }],
  ])('%s', (_what, records, expected) => {
    expect(standing(...records)).toEqual(expected);
    expect(standing(...records.toReversed())).toEqual(expected);
  });

  test('a shallower damage does not hide a deeper one', () => {
    const seen = [
      record(1, 'L1a', { fault: 'poisoned' }),
      record(2, 'L0', { fault: 'flipped' }),
      record(3, 'L1a'),
    ];
    expect(standing(...seen)).toEqual({ level: 'L1a', time: day(1), fault: 'poisoned' });
  });
});

test.each<[VerifiedPoint, string | undefined]>([
  [record(1, 'L2'), 'L2'],
  [record(1, 'L1a'), 'L1a'],
  [record(1, 'L0'), undefined],
  [record(1, 'L1a', { sampled: 5 }), undefined],
  [record(1, 'L1a', damaged), undefined],
])('retention relies on %j as %j', (one, level) => {
  expect(provedLevel(standing(one))).toBe(level);
});

test.each<[VerifiedPoint | undefined, string]>([
  [undefined, ''],
  [record(1, 'L2'), 'L2 of 2026-11-01'],
  [record(1, 'L1a', { sampled: 5 }), 'L1a, 5 %, of 2026-11-01'],
  [record(1, 'L0', damaged), 'damaged: seen 2026-11-01'],
])('%j is shown as %j', (one, words) => {
  expect(verifiedWords(one && standing(one))).toBe(words);
});

describe('whose word counts', () => {
  const manifest = (fields: object, what?: string): Found => ({
    manifest: { restorePoints: [], ...fields } as unknown as Manifest,
    references: [],
    doubt: what === undefined ? undefined : { what, hint: '' },
  });
  const points = { restorePoints: [{ id: POINT }] };
  const verified = { verified: [record(1, 'L1a')] };
  const now = Date.parse(day(5));
  const counts = (...found: Found[]) => verifiedIn(found, now).has(POINT);

  test.each<[string, boolean, Found[]]>([
    ['signed, of a signed point', true, [manifest(points), manifest(verified)]],
    ['unsigned, of a signed point', false, [manifest(points), manifest(verified, 'is not signed')]],
    [
      'unsigned, of an unsigned point',
      true,
      [manifest(points, 'is not signed'), manifest(verified, 'is not signed')],
    ],
    ['signed, of an unsigned point', true, [manifest(points, 'is not signed'), manifest(verified)]],
    [
      'altered',
      false,
      [manifest(points, 'is not signed'), manifest(verified, 'was altered: its SHA-256 is …')],
    ],
    [
      'good, of a time that is yet to come',
      false,
      [manifest(points), manifest({ verified: [record(7, 'L1a')] })],
    ],
    [
      'damaged, of a time that is yet to come',
      true,
      [manifest(points), manifest({ verified: [record(7, 'L0', damaged)] })],
    ],
    ['good, of a clock that is a little ahead', true, [manifest({ verified: [record(6, 'L1a')] })]],
  ])('%s: %j', (_what, expected, found) => {
    expect(counts(...found)).toBe(expected);
  });

  test('damage that is found counts, whatever a clock that was ahead had recorded', () => {
    const found = [
      manifest(points),
      manifest({ verified: [record(9, 'L2')] }),
      manifest({ verified: [record(4, 'L0', damaged)] }),
    ];
    expect(verifiedIn(found, now).get(POINT)).toMatchObject({ fault: damaged.fault });
  });
});
