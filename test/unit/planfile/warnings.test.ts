import { describe, expect, test } from '@jest/globals';
import { maxAgeOf } from '../../../src/planfile/due.ts';
import { denseWindowOf, horizonOf } from '../../../src/planfile/horizon.ts';
import { readPlan } from '../../../src/planfile/read.ts';
import { heldInTheLongRun } from '../../../src/planfile/steady.ts';
import { holds, warningsOf } from '../../../src/planfile/warnings.ts';
import { SMALL } from './bad.ts';

const NOW = Date.parse('2026-11-26T06:00:00Z');
const DAY = 24;

async function warned(lines: string, artifactDays?: number): Promise<string[]> {
  const { plan, problems } = await readPlan(`${SMALL}${lines}`);
  expect(problems).toEqual([]);
  return plan === undefined ? [] : warningsOf(plan, NOW, artifactDays);
}

describe('nothing to warn of', () => {
  test.each([
    ['a chain that is shorter than the days', 'publish: [release]\nkeep: {daily: 14, monthly: 12}\n'],
    ['no chains at all', '    max-chain: 30\n    method: image\npublish: [release]\nkeep: {daily: 14}\n'],
    ['chains of one', '    max-chain: 1\npublish: [release]\nkeep: {weekly: 8}\n'],
    ['artifacts that outlive the rules', 'publish: [artifact]\nkeep: {daily: 60}\n'],
  ])('%s', async (_, lines) => {
    expect(await warned(lines)).toEqual([]);
  });
});

describe('warned of', () => {
  test.each([
    [
      'a chain beyond the daily window',
      '    max-chain: 30\npublish: [release]\nkeep: {daily: 14}\n',
      [
        '"all": a chain of 30 backups (max-chain) spans 30 days, but the rules keep one a day for only 14 days: a chain stays while one of its backups does, so up to 43 backups of a volume stay, although the rules need only 14; lower max-chain',
      ],
    ],
    [
      'a chain for each of the weeks',
      'publish: [release]\nkeep: {weekly: 4}\n',
      [
        expect.stringMatching(
          /^"all": a chain of 7 backups \(max-chain\) spans 7 days, but the rules keep only points that are further apart: .* up to \d+ backups of a volume stay, although the rules need only 5;/,
        ),
      ],
    ],
    [
      'artifacts that expire first',
      'publish: [artifact]\nkeep: {daily: 14, monthly: 12}\n',
      [
        'manifests go to artifacts only, which expire after 90 days, and backups are kept for 365 days: write publish: [release]',
      ],
    ],
    [
      'artifacts that expire before what a tag keeps',
      '    max-chain: 1\npublish: [artifact]\nkeep: {daily: 14, tag: release}\n',
      [
        'manifests go to artifacts only, which expire after 90 days, and backups stay until somebody deletes them: write publish: [release]',
      ],
    ],
    [
      'a chain for points with a tag',
      'publish: [release]\nkeep: {tag: [release, "signed,tested"]}\n',
      [expect.stringContaining('but the rules keep only points that have a tag: a chain stays')],
    ],
    [
      'artifacts that nobody chose',
      'keep: {monthly: 12}\n    \n'.replace('    \n', ''),
      expect.arrayContaining([
        expect.stringMatching(/^publish is not given, so in a workflow manifests go to artifacts only/),
      ]),
    ],
    [
      'no keep',
      'publish: [release]\n',
      ['"all": there is no keep, so nothing is ever deleted, and the quota will be full one day'],
    ],
    [
      'an age without room',
      '    max-age: 24h\npublish: [release]\nkeep: {daily: 14}\n',
      [expect.stringMatching(/^"all": max-age is the same as every \(1d\)/)],
    ],
    [
      'an exclusion that is over',
      'publish: [release]\nkeep: {daily: 14}\nexclude: [{select: x, reason: old, until: 2026-11-25}]\n',
      ['the exclusion "old" ended on 2026-11-25, and excludes nothing any more'],
    ],
    [
      'drills of a store that it does not have',
      'publish: [release]\nkeep: {daily: 14}\ndrill: {every: 30d}\n',
      ['drill: level bytes opens what is in the store, and the plan gives none'],
    ],
    [
      'drills by hand of a store that it does not have',
      'publish: [release]\nkeep: {daily: 14}\ndrill: {every: 1d, level: volume, by-hand: {every: 30d}}\n',
      ['drill.by-hand: level bytes opens what is in the store, and the plan gives none'],
    ],
  ])('%s', async (_, lines, said) => {
    expect(await warned(lines)).toEqual(said);
  });

  test('artifacts are kept as long as the repository says', async () => {
    expect(await warned('publish: [artifact]\nkeep: {daily: 60}\n', 30)).toEqual([
      'manifests go to artifacts only, which expire after 30 days, and backups are kept for 60 days: write publish: [release]',
    ]);
  });
});

test.each([
  [{ last: 3 }, 6, 18, 18],
  [{ daily: 14 }, DAY, 14 * DAY, 14 * DAY],
  [{ daily: 14 }, 6, 14 * DAY, 14 * DAY],
  [{ weekly: 8 }, DAY, 56 * DAY, 0],
  [{ weekly: 8 }, 7 * DAY, 56 * DAY, 56 * DAY],
  [{ within: '30d' }, DAY, 30 * DAY, 30 * DAY],
  [{ daily: 7, monthly: 2 }, DAY, 2 * 730.485, 7 * DAY],
])('%j, every %d hours, reaches %d hours back, and has all of %d', (policy, every, reach, dense) => {
  expect([horizonOf(policy, every), denseWindowOf(policy, every)]).toEqual([reach, dense]);
});

test.each([
  [{ last: 5 }, '1d', 1, { most: 5, byRules: 5 }],
  [{ daily: 14 }, '1d', 7, { most: 20, byRules: 14 }],
  [{ daily: 14 }, '1d', 30, { most: 43, byRules: 14 }],
  [{ last: 1 }, '1d', 7, { most: 8, byRules: 2 }],
])('%j, every %s, in chains of %d: %j', (policy, every, maxChain, held) => {
  const keep = { policy, minCopies: 2, gone: undefined };
  expect(heldInTheLongRun(keep, every, maxChain, 'UTC', NOW)).toEqual(held);
});

test.each([
  ['1d', '1d12h'],
  ['6h', '9h'],
  ['7d', '10d12h'],
  ['1m', '1m15d'],
  ['1y', '1y6m'],
  ['3h', '5h'],
])('every %s is stale after %s', (every, stale) => {
  expect(maxAgeOf({ every, maxAge: undefined })).toBe(stale);
});

test.each([
  ['2026-11-26', 'UTC', '2026-11-26T23:59:59Z', true],
  ['2026-11-26', 'UTC', '2026-11-27T00:00:00Z', false],
  ['2026-11-26', 'Europe/Berlin', '2026-11-26T23:30:00Z', false],
  ['2026-11-26', 'Pacific/Honolulu', '2026-11-27T09:00:00Z', true],
  [undefined, 'UTC', '2099-01-01T00:00:00Z', true],
])('until %s in %s, at %s: %s', (until, zone, now, expected) => {
  const exclusion = { selectors: [], kinds: [], reason: 'x', until };
  expect(holds(exclusion, zone, Date.parse(now))).toBe(expected);
});
