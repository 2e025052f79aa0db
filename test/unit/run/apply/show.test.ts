import { expect, test } from '@jest/globals';
import { whyNothing } from '../../../../src/run/apply/show.ts';

test.each([
  [1, 0, '1 resource is as recent as the plan wants'],
  [3, 0, '3 resources are as recent as the plan wants'],
  [1, 1, '1 resource is being backed up'],
  [2, 2, '2 resources are being backed up'],
  [2, 1, '1 of 2 resources is being backed up, the other is as recent as the plan wants'],
  [4, 2, '2 of 4 resources are being backed up, the others are as recent as the plan wants'],
])('why of %i, %i of them under way, none is due', (all, under, told) => {
  expect(whyNothing(all, under)).toBe(told);
});
