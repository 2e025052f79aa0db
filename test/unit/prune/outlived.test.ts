import { expect, test } from '@jest/globals';
import type { Manifest } from '../../../src/manifest/schema.ts';
import type { Cloud } from '../../../src/prune/cloud.ts';
import { outlived } from '../../../src/prune/outlived.ts';
import type { Source } from '../../../src/prune/read.ts';
import { cloudBackup, cloudOf, DAY, NOW, pointId, recordOf, uuid, volumePoint } from './world.ts';

const DB = uuid(0xd, 1);
const at = (days: number) => new Date(NOW - days * DAY).toISOString();

function source(name: string, days: number, more: Partial<Manifest>): Source {
  const run = { id: uuid(1, days), tool: '', started: at(days), finished: at(days) };
  return {
    manifest: { run, restorePoints: [], failed: [], ...more } as unknown as Manifest,
    references: [name],
  };
}

const lists = (...numbers: number[]) =>
  ({ restorePoints: numbers.map((number) => ({ id: pointId(number) })) }) as unknown as Partial<Manifest>;
const prunes = (...numbers: number[]) =>
  ({ pruned: numbers.map((number) => ({ point: pointId(number) })) }) as unknown as Partial<Manifest>;
const verifies = (...numbers: number[]) =>
  ({ verified: numbers.map((number) => ({ point: pointId(number) })) }) as unknown as Partial<Manifest>;
const drills = (days: number, ...numbers: number[]) =>
  ({
    drilled: numbers.map((number) => ({ point: pointId(number), time: at(days) })),
  }) as unknown as Partial<Manifest>;
const failing = { failed: [{ kind: 'volume', id: DB, name: 'db', error: '' }] } as Partial<Manifest>;

/** Points 1 and 2 were pruned, 3 stays; of 1 nothing is left. */
const wish = (number: number) => ({
  number,
  volume: DB,
  time: NOW - (9 - number) * DAY,
  point: pointId(number),
});
const points = [1, 2, 3].map((number) => ({
  ...volumePoint(wish(number)),
  pruned: number < 3 ? at(1) : undefined,
}));
const cloud = cloudOf(points, { backups: [2, 3].map((number) => cloudBackup(wish(number))) });

const left = (sources: readonly Source[], seen: Partial<Cloud> = {}) =>
  outlived(recordOf(points, { sources }), { ...cloud, ...seen }, NOW).flatMap(({ references }) => references);

test.each<[string, Source[], string[], Partial<Cloud>]>([
  ['one of which all is gone', [source('a', 8, lists(1))], ['a'], {}],
  ['not one of which something is there still', [source('a', 8, lists(1, 2))], [], {}],
  ['not one of which a point stays', [source('a', 8, lists(1, 3))], [], {}],
  ['not where the backups could not be listed', [source('a', 8, lists(1))], [], { isAll: false }],
  ['no record either', [source('r', 1, prunes(1))], [], { isAll: false }],
  ['not one whose data is gone although nobody pruned it', [source('a', 8, lists(3))], [], { backups: [] }],
  ['a record that no manifest needs', [source('r', 1, prunes(1))], ['r'], {}],
  [
    'not one whose point a manifest still lists',
    [source('a', 8, lists(1)), source('r', 1, prunes(1))],
    ['a'],
    {},
  ],
  ['not one whose point the cloud still has', [source('r', 1, prunes(2))], [], {}],
  [
    'a record of what was verified and is gone',
    [source('a', 8, lists(1)), source('v', 1, verifies(1))],
    ['a', 'v'],
    {},
  ],
  ['not the record of what stays', [source('a', 8, lists(1, 3)), source('v', 1, verifies(1, 3))], [], {}],
  ['the record of what no manifest knows any more', [source('v', 1, verifies(1))], ['v'], {}],
  ['not the record of what the cloud still has', [source('v', 1, verifies(2))], [], {}],
  ['not a drill of the last year, whatever became of its point', [source('d', 364, drills(364, 1))], [], {}],
  ['a drill of a year ago', [source('a', 8, lists(1)), source('d', 366, drills(366, 1))], ['a', 'd'], {}],
  ['not that of what stays', [source('a', 8, lists(1, 3)), source('d', 366, drills(366, 3))], [], {}],
  ['not one that lists nothing at all', [source('e', 1, {})], [], {}],
  ['not one that says what last failed', [source('a', 1, { ...lists(1), ...failing })], [], {}],
  ['one whose failure is long over', [source('a', 8, { ...lists(1), ...failing })], ['a'], {}],
])('%s', (_what, sources, expected, seen) => {
  expect(left(sources, seen)).toEqual(expected);
});

test.each([
  [0, []],
  [35, []],
  [35.01, ['a']],
])('that of a run that began %d days ago and did not say that it ended', (days, expected) => {
  const { manifest, references } = source('a', days, lists(1));
  expect(left([{ manifest: { ...manifest, run: { ...manifest.run, finished: null } }, references }])).toEqual(
    expected,
  );
});

test('not one whose payloads nobody looked for', () => {
  const payloads = points.map((point) => ({
    ...point,
    data: { kind: 'payload', name: 'p', size: 1 } as const,
  }));
  const leftOf = (stored: ReadonlySet<string> | undefined) =>
    outlived(recordOf(payloads, { sources: [source('a', 8, lists(1))] }), { ...cloud, stored }, NOW).length;
  expect([leftOf(undefined), leftOf(new Set(['p'])), leftOf(new Set())]).toEqual([0, 0, 1]);
});
