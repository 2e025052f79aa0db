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
  const of = counts([...many, point('few', 1, 40, 15)], 'random', (one) => one.resource);
  // 1.5 to the power of 4 against 1.
  expect(of['few']).toBeCloseTo(0.835, 1);
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

test('with one drill a day each of 60 resources has its turn in 60 days, and hardly one waits for 90', () => {
  const count = 60;
  const last = new Map<string, number>();
  const waits: number[] = [];
  const names = Array.from({ length: count }, (_, nth) => `r${nth}`);
  for (let day = 0; day < 3000; day += 1) {
    const now = NOW + day * DAY;
    const all = names.map((resource) => ({
      ...point(resource, 1, 0),
      taken: now,
      drilled: last.get(resource),
    }));
    const { resource = '' } = draw(all, 'random', day, now) ?? {};
    const before = last.get(resource);
    if (before !== undefined) waits.push((now - before) / DAY);
    last.set(resource, now);
  }
  expect(last.size).toBe(count);
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  expect(Math.abs(mean - count)).toBeLessThan(5);
  expect(waits.filter((wait) => wait > 1.5 * count).length / waits.length).toBeLessThan(0.01);
  expect(Math.max(...waits)).toBeLessThan(2 * count);
  // It is no fixed order.
  expect(new Set(waits).size).toBeGreaterThan(40);
});
