import { describe, expect, test } from '@jest/globals';
import { drawn, missChance, parseSample, sampleWords } from '../../../src/verify/sample.ts';

const names = Array.from({ length: 240 }, (_, index) => `object ${index}`);
const draw = (items: readonly string[], percent: number, seed: number) =>
  drawn(items, (name) => name, { percent, seed });

describe('what is given', () => {
  test.each([
    ['5%', '7', { percent: 5, seed: 7 }],
    ['0.5 %', undefined, { percent: 0.5, seed: 1234 }],
    ['99.9%', '4294967295', { percent: 99.9, seed: 4_294_967_295 }],
    ['100%', undefined, undefined],
    [undefined, undefined, undefined],
  ])('%j and %j', (sample, seed, expected) => {
    expect(parseSample(sample, seed, () => 1234)).toEqual(expected);
  });

  test.each([['5'], ['0%'], ['101%'], ['-5%'], ['5%%'], ['1e1%']])('%j is refused', (sample) => {
    expect(() => parseSample(sample, undefined, () => 1)).toThrow('`sample` is');
  });

  test.each([['-1'], ['4294967296'], ['0x1'], ['1.5']])('the seed %j is refused', (seed) => {
    expect(() => parseSample('5%', seed, () => 1)).toThrow('`seed` is');
  });
});

describe('what is drawn', () => {
  test('is the same with the same seed, in any order, and other with another', () => {
    const once = draw(names, 5, 7);
    expect(once).toHaveLength(12);
    expect(draw(names.toReversed(), 5, 7)).toEqual(once);
    expect(draw(names, 5, 8)).not.toEqual(once);
  });

  test('is at least one of some, all of all, and none of none', () => {
    expect(draw(names, 0.001, 1)).toHaveLength(1);
    expect(drawn(names, (name) => name, undefined)).toEqual(names);
    expect(draw([], 5, 1)).toEqual([]);
  });

  test('comes to each object as often as to the others', () => {
    const counts = new Map(names.map((name) => [name, 0]));
    for (let seed = 0; seed < 1000; seed++)
      for (const name of draw(names, 5, seed)) counts.set(name, (counts.get(name) ?? 0) + 1);
    // Of 1,000 draws of 5 %, 50 are expected, and the standard deviation is 6.9.
    for (const count of counts.values()) expect(Math.abs(count - 50)).toBeLessThan(5 * 6.9);
  });
});

describe('the chance to miss', () => {
  test.each([
    [240, 12, 1, 0.95],
    [240, 240, 1, 0],
    [2, 1, 2, 0],
    [10, 5, 2, (5 / 10) * (4 / 9)],
    [100, 0, 3, 1],
  ])('of %d with %d read and %d damaged is %d', (all, read, faulty, chance) => {
    expect(missChance(all, read, faulty)).toBeCloseTo(chance, 10);
  });

  test('is what drawing shows', () => {
    const faulty = new Set(names.slice(0, 10));
    let missed = 0;
    for (let seed = 0; seed < 2000; seed++)
      if (!draw(names, 5, seed).some((name) => faulty.has(name))) missed++;
    expect(missed / 2000).toBeCloseTo(missChance(240, 12, 10), 1);
  });

  test('is told in words', () => {
    expect(sampleWords('stored objects', 240, 12, { percent: 5, seed: 7 })).toBe(
      '12 of 240 stored objects were read, drawn with seed 7. The chance to miss damage: 1 with 95 %, 10 with 59.3 %, 100 with 0.1 %',
    );
    expect(sampleWords('stored objects', 2, 1, { percent: 5, seed: 7 })).toMatch(/: 1 with 50 %$/);
  });
});
