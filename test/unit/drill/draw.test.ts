import { expect, test } from '@jest/globals';
import { type Candidate, draw } from '../../../src/drill/draw.ts';

const DAY = 86_400_000;
const NOW = 1000 * DAY;

const point = (resource: string, nth: number, age: number, drilled?: number): Candidate => ({
  kind: 'volume',
  resource,
  point: `${resource}-${nth}`,
  taken: NOW - age * DAY,
  drilled: drilled === undefined ? undefined : NOW - drilled * DAY,
});

const seeds = Array.from({ length: 2000 }, (_, seed) => seed);

function counts(candidates: readonly Candidate[], pick: 'latest' | 'random', of: (one: Candidate) => string) {
  const drawn = seeds.map((seed) => draw(candidates, pick, seed, NOW));
  const groups = Map.groupBy(drawn, (one) => (one === undefined ? '' : of(one)));
  return Object.fromEntries([...groups].map(([name, all]) => [name, all.length / seeds.length]));
}

test('nothing is drawn of nothing', () => {
  expect(draw([], 'random', 1, NOW)).toBeUndefined();
});

test('the same seed draws the same, whatever the order; other seeds draw others', () => {
  const all = ['a', 'b', 'c'].flatMap((name) => [1, 2, 3].map((nth) => point(name, nth, nth)));
  const drawn = seeds.map((seed) => draw(all, 'random', seed, NOW)?.point);
  expect(seeds.map((seed) => draw(all.toReversed(), 'random', seed, NOW)?.point)).toEqual(drawn);
  expect(new Set(drawn).size).toBe(all.length);
});

test('the latest is the newest point of the drawn resource', () => {
  const all = [point('a', 1, 9), point('a', 2, 3), point('b', 1, 50), point('b', 2, 70)];
  expect(Object.keys(counts(all, 'latest', (one) => one.point)).sort()).toEqual(['a-2', 'b-1']);
});

test('a resource is likelier by the time since it was drilled, not by how many points it has', () => {
  const many = Array.from({ length: 200 }, (_, nth) => point('many', nth, nth, nth === 0 ? 10 : undefined));
  const of = counts([...many, point('few', 1, 40, 30)], 'random', (one) => one.resource);
  expect(of['few']).toBeCloseTo(0.75, 1);
});

test('one that was never drilled is as likely as the one that waits longest', () => {
  const all = [point('never', 1, 2), point('long', 1, 90, 60), point('just', 1, 90, 0)];
  const of = counts(all, 'random', (one) => one.resource);
  expect(of['never']).toBeCloseTo(0.5, 1);
  expect(of['just'] ?? 0).toBeLessThan(0.02);
});

test('a point is likelier by the time since it was drilled or taken', () => {
  const of = counts([point('a', 1, 90, 10), point('a', 2, 30)], 'random', (one) => one.point);
  expect(of['a-2']).toBeCloseTo(0.75, 1);
});

test('points of the future are drawn too', () => {
  expect(draw([point('a', 1, -5)], 'random', 1, NOW)?.point).toBe('a-1');
});
