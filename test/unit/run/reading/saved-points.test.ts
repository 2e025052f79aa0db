import { expect, test } from '@jest/globals';
import { savedPointsOf } from '../../../../src/run/reading/saved-points.ts';
import { inventory } from '../../../support/inventory.ts';
import { manifestWith, secretPoint } from '../../../support/points.ts';

const NOW = Date.parse('2026-11-27T00:00:00Z');
const manifest = manifestWith(secretPoint());
test.each([
  ['trusted', undefined, true],
  ['not signed', 'is not signed', true],
  ['altered', 'was altered: its SHA-256 is another', false],
])('what a manifest says that is %s counts as saved: %s', (_how, what, good) => {
  const doubt = what === undefined ? undefined : { what, hint: '' };
  const points = savedPointsOf([{ manifest, references: ['here'], doubt }], inventory(), NOW);
  expect(points.map((point) => point.good)).toEqual([good]);
});

test('what was found damaged does not count, and what was verified is told', () => {
  const [bad, good] = [secretPoint(), secretPoint()];
  const time = '2026-11-26T00:00:00.000Z';
  const records = [
    { point: bad.id, level: 'L0' as const, time, fault: 'altered' },
    { point: good.id, level: 'L1b' as const, time },
  ];
  const found = [manifestWith(bad, good), { ...manifestWith(), verified: records }].map((one) => ({
    manifest: one,
    references: ['here'],
    doubt: undefined,
  }));
  const points = savedPointsOf(found, inventory(), NOW);
  expect(points.map((point) => [point.good, point.verified])).toEqual([
    [false, undefined],
    [true, 'L1b'],
  ]);
});
