import { expect, test } from '@jest/globals';
import { requirePlan } from '../../../src/planfile/read.ts';
import { termsByPlan } from '../../../src/prune/by-plan.ts';
import { DAY, NOW, uuid, volumePoint } from './world.ts';

const TEXT = `
version: 1
project: 5bde59c76c73cc5e04335342476fc095
timezone: Europe/Berlin
keep: {daily: 14, min-copies: 3}
back-up:
  - name: databases
    select: metadata:tier=db
    kinds: [volume]
    every: 1d
    keep: {last: 2, gone: 90d}
  - name: off-site
    select: metadata:tier=db
    kinds: [volume]
    every: 1d
    also: true
    keep: {weekly: 8}
  - name: others
    select: name:web-*
    kinds: [volume]
    every: 1d
exclude:
  - select: name:web-scratch
    reason: rebuilt
`;

const point = (name: string, tier?: string) => ({
  ...volumePoint({ number: 1, volume: uuid(0xd, name.length), time: NOW - DAY, name }),
  metadata: tier === undefined ? {} : { tier },
});

test.each([
  [
    'each entry that takes it, with its own rules',
    point('orders', 'db'),
    [
      { policy: { last: 2 }, minCopies: 2, gone: '90d', zone: 'Europe/Berlin' },
      { policy: { weekly: 8 }, minCopies: 2, zone: 'Europe/Berlin' },
    ],
  ],
  ["the plan's own rules", point('web-1'), [{ policy: { daily: 14 }, minCopies: 3, zone: 'Europe/Berlin' }]],
  ['nothing of what no entry takes', point('notes'), []],
  ['nothing of what is excluded', point('web-scratch'), []],
])('%s', async (_what, asked, expected) => {
  const plan = await requirePlan(TEXT, 'plan', () => undefined);
  expect(termsByPlan(plan, [asked], NOW)(asked)).toEqual(expected);
});

test('by the name and the metadata that it had last', async () => {
  const plan = await requirePlan(TEXT, 'plan', () => undefined);
  const now = point('web-1');
  const before = { ...now, time: now.time - DAY, name: 'notes' };
  const terms = termsByPlan(plan, [now, before], NOW);
  expect([terms(before).length, terms(now).length]).toEqual([1, 1]);
});

test('nothing where one of the entries that take it keeps everything', async () => {
  const plan = await requirePlan(
    TEXT.replace('keep: {daily: 14, min-copies: 3}\n', '').replace('    keep: {weekly: 8}\n', ''),
    'plan',
    () => undefined,
  );
  const asked = point('orders', 'db');
  expect(plan.entries.map(({ keep }) => keep === undefined)).toEqual([false, true, true]);
  expect(termsByPlan(plan, [asked], NOW)(asked)).toEqual([]);
});
