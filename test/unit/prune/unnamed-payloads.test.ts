import { expect, test } from '@jest/globals';
import { unnamedPayloads } from '../../../src/prune/unnamed-payloads.ts';
import { manifestWith, secretPoint } from '../../support/points.ts';

const NOW = Date.parse('2026-11-26T06:00:00Z');
const HOUR = 3_600_000;
const uuid = (number: number) => `0000000a-0000-4000-8000-${String(number).padStart(12, '0')}`;

function shelfOf(stored: Readonly<Record<string, readonly [size: number, hours: number]>>) {
  const all = Object.entries(stored);
  return {
    place: '/back ups',
    sizes: new Map(all.map(([name, [size]]) => [name, size])),
    modified: new Map(all.map(([name, [, hours]]) => [name, NOW - hours * HOUR])),
    unknown: '',
  };
}

test('payloads that nothing names are told with size, age and what deletes them, the largest first', () => {
  const key = secretPoint();
  const lost = `secret-${uuid(1)}.key.age`;
  const map = `volume-${uuid(2)}/maps/20261101T010203Z-${uuid(3)}`;
  const shelf = shelfOf({
    [key.payload.name]: [300, 100],
    [lost]: [300, 24 * 9],
    [map]: [3 << 20, 50],
    [`secret-${uuid(4)}.key.age`]: [300, 47],
    'notes.txt': [10, 24 * 400],
    [`secret-${uuid(4)}`.slice(0, 20)]: [10, 24 * 400],
  });
  const found = [{ manifest: manifestWith(key), references: ['m'], doubt: undefined }];
  expect(unnamedPayloads(shelf, found, NOW)).toEqual([
    `payload ${map} in /back ups (3.00 MiB, 2 d 2 h old): no manifest here names it; one of another project or workflow may. If nobody needs it, remove it with: mkdir -pm 700 '/back ups/volume-${uuid(2)}/pruned' && cp '/back ups/${map}' '/back ups/volume-${uuid(2)}/pruned/${uuid(3)}-0' && rm '/back ups/${map}'`,
    expect.stringMatching(new RegExp(`^payload ${lost} in /back ups \\(300 (B|bytes), 9 d 0 h old\\)`)),
  ]);
  expect(unnamedPayloads({ ...shelf, sizes: undefined }, found, NOW)).toEqual([]);
  expect(unnamedPayloads(undefined, found, NOW)).toEqual([]);
});

test('of very many the first are told, and how many more there are', () => {
  const many = Object.fromEntries(
    Array.from({ length: 50 }, (_, at) => [`secret-${uuid(at)}.key.age`, [300, 100] as const]),
  );
  const told = unnamedPayloads(shelfOf(many), [], NOW);
  expect([told.length, told.at(-1)]).toEqual([
    21,
    '30 more payloads in /back ups that no manifest here names',
  ]);
});
