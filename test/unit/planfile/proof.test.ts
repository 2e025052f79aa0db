import { expect, test } from '@jest/globals';
import {
  isDrillDue,
  isUnproved,
  type Proof,
  proofsOf,
  provedWords,
  restoreWords,
  type SeenDrill,
} from '../../../src/planfile/proof.ts';
import { secondsOf } from '../../../src/planfile/span.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-27T00:00:00Z');

const drill = (age: number, more: Partial<SeenDrill> = {}): SeenDrill => ({
  kind: 'volume',
  resource: 'v',
  point: 'p',
  time: NOW - age * DAY,
  result: 'passed',
  reached: 'L3',
  restoreSeconds: 60,
  ...more,
});
const failed = { result: 'failed', reached: undefined } as const;
const of = (...drills: SeenDrill[]) => proofsOf(drills).get('volume v');

test.each<[string, readonly SeenDrill[], string | undefined]>([
  ['the newest that passed', [drill(9), drill(2, { point: 'q', reached: 'L2' })], 'L2, 2 d 0 h ago'],
  ['a failure of its point takes it back', [drill(9), drill(2, failed)], 'no: the drill failed'],
  ['a failure of another point does not', [drill(9), drill(2, { ...failed, point: 'q' })], 'L3, 9 d 0 h ago'],
  ['what passes later counts', [drill(9, failed), drill(2)], 'L3, 2 d 0 h ago'],
  [
    'the newest by hand is told as well',
    [drill(40, { byHand: true }), drill(30, { byHand: true, reached: 'L2' }), drill(2)],
    'L3, 2 d 0 h ago; by hand L2, 30 d 0 h ago',
  ],
  ['and is taken back as well', [drill(30, { byHand: true }), drill(3, failed), drill(2)], 'L3, 2 d 0 h ago'],
  [
    'one by hand that fails takes back only what was proved by hand',
    [drill(9), drill(8, { byHand: true }), drill(2, { ...failed, byHand: true })],
    'L3, 8 d 0 h ago; by hand failed, 2 d 0 h ago',
  ],
  [
    'and one by hand that passes later counts again',
    [drill(9, { ...failed, byHand: true }), drill(2, { byHand: true, point: 'q' })],
    'L3, 2 d 0 h ago; by hand L3, 2 d 0 h ago',
  ],
  [
    'another point that fails by hand is told beside it',
    [drill(9, { byHand: true }), drill(2, { ...failed, byHand: true, point: 'q' })],
    'L3, 9 d 0 h ago; by hand L3, 9 d 0 h ago; by hand failed, 2 d 0 h ago',
  ],
  ['nothing', [], undefined],
])('%s', (_what, drills, words) => {
  expect(provedWords(of(...drills), NOW)).toBe(words);
  expect(provedWords(of(...drills.toReversed()), NOW)).toBe(words);
});

test('a month of drills gives the times that half and 95 % of the restores kept', () => {
  const month = Array.from({ length: 30 }, (_, nth) =>
    drill(nth, { point: `p${nth}`, restoreSeconds: 60 * (nth + 1) }),
  );
  const proof = of(...month, drill(40, { ...failed, restoreSeconds: 99_999 }));
  expect(proof?.restore).toEqual({ p50: 900, p95: 1740, count: 30 });
  expect(restoreWords(proof, '2h')).toBe('15 min, 95 % within 29 min (30 drills)');
  expect(restoreWords(of(...month.map((one) => ({ ...one, restoreSeconds: 7300 }))), '2h')).toBe(
    '2 h 1 min, 95 % within 2 h 1 min (30 drills), over the rto of 2h',
  );
  expect(restoreWords(proof, '30min')).not.toContain('over the rto');
  expect(restoreWords(proof, '28min')).toContain('over the rto of 28min');
});

test('what only was read says nothing of how long a restore takes', () => {
  expect(restoreWords(of(drill(1, { restoreSeconds: undefined })), undefined)).toBeUndefined();
});

test.each<[string, Proof | undefined, string | undefined, boolean]>([
  ['a new proof', of(drill(2)), '30d', false],
  ['an old one', of(drill(31)), '30d', true],
  ['none', undefined, '30d', true],
  ['only a failure', of(drill(1, failed)), '30d', true],
  ['a plan that does not ask', undefined, undefined, false],
])('%s of a resource', (_what, proof, maxAge, unproved) => {
  expect(isUnproved(proof, { maxAge }, 'UTC', NOW)).toBe(unproved);
});

test('a plan without drills finds nothing unproved', () => {
  expect(isUnproved(undefined, undefined, 'UTC', NOW)).toBe(false);
});

test.each([
  [[], true],
  [[drill(0.5)], false],
  [[drill(0.95)], true],
  [[drill(3), drill(0.2)], false],
  // By a clock that was wrong.
  [[drill(-5)], true],
])('a drill each day: %#', (drills, due) => {
  expect(isDrillDue(drills, { every: '1d' }, NOW)).toBe(due);
});

test.each([
  ['2h', 7200],
  ['1h30min', 5400],
  ['45min', 2700],
  ['1d', 86_400],
])('an rto of %s is %i seconds', (rto, seconds) => {
  expect(secondsOf(rto)).toBe(seconds);
});
