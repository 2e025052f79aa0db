import { expect, test } from '@jest/globals';
import type { Verdict } from '../../../src/prune/decide.ts';
import type { PrunePlan } from '../../../src/prune/plan.ts';
import { planSummary } from '../../../src/prune/show.ts';

const verdicts = (count: number, keep: boolean) =>
  Array.from({ length: count }, () => ({
    keep,
    reasons: [],
    point: { kind: 'volume', name: 'db', time: 0 },
  })) as unknown as Verdict[];

test.each([
  [0, 1000, undefined],
  [1000, 0, undefined],
  [1, 1000, 'and 1 more with the verdict keep'],
  [1000, 7, 'and 7 more with the verdict keep'],
  [1005, 0, 'and 5 more with the verdict delete'],
  [1500, 20, 'and 500 more with the verdict delete, 20 more with the verdict keep'],
])('of %i that go and %i that stay, the rows left out are counted apart', (gone, stay, told) => {
  const going = verdicts(gone, false);
  const plan = { verdicts: [...verdicts(stay, true), ...going], going, manifests: [], digest: 'd' };
  const summary = planSummary('title', plan as unknown as PrunePlan);
  expect(/^and .*$/m.exec(summary)?.[0]).toBe(told);
  expect(summary.match(/\| db \|/g)).toHaveLength(Math.min(1000, gone + stay));
});
