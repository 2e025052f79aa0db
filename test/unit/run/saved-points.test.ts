import { expect, test } from '@jest/globals';
import { savedPointsOf } from '../../../src/run/saved-points.ts';
import { inventory } from '../../support/inventory.ts';
import { manifestWith, secretPoint } from '../../support/points.ts';

const manifest = manifestWith(secretPoint());
test.each([
  ['trusted', undefined, true],
  ['not signed', 'is not signed', true],
  ['altered', 'was altered: its SHA-256 is another', false],
])('what a manifest says that is %s counts as saved: %s', (_how, what, good) => {
  const doubt = what === undefined ? undefined : { what, hint: '' };
  const points = savedPointsOf([{ manifest, references: ['here'], doubt }], inventory());
  expect(points.map((point) => point.good)).toEqual([good]);
});
