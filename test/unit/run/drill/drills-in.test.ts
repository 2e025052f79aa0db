import { expect, test } from '@jest/globals';
import type { Found } from '../../../../src/catalog/found.ts';
import { drillsIn } from '../../../../src/run/drill/drills-in.ts';

const UNSIGNED = { what: 'is not signed' };
const ALTERED = { what: 'was altered' };
const DB = { kind: 'volume', id: 'v-db' };

const found = (manifest: object, doubt?: object) =>
  ({ manifest: { restorePoints: [], ...manifest }, references: [], doubt }) as unknown as Found;
const lists = (point: string, doubt?: object) =>
  found({ restorePoints: [{ id: point, resource: DB }] }, doubt);
const drilled = (more: object, doubt?: object) =>
  found(
    {
      drilled: [
        {
          point: 'p',
          time: '2026-11-26T00:00:00Z',
          result: 'passed',
          reached: 'L3',
          seconds: { found: 1, restored: 60, checked: 500 },
          ...more,
        },
      ],
    },
    doubt,
  );
const counted = (...all: Found[]) =>
  drillsIn(all, Date.parse('2026-11-27T00:00:00Z')).map(({ resource, restoreSeconds }) => [
    resource,
    restoreSeconds,
  ]);
const counts = [['v-db', 61]];

test.each<[string, Found[], unknown]>([
  ['of a point that a manifest lists', [lists('p'), drilled({})], counts],
  ['of a point that is gone, which says of what it was', [drilled({ resource: DB })], counts],
  ['nothing of a point that is gone, if it does not', [drilled({})], []],
  [
    'what a manifest says of a point comes before the record',
    [lists('p'), drilled({ resource: { kind: 'image', id: 'i' } })],
    counts,
  ],
  ['unsigned, where all is', [lists('q', UNSIGNED), drilled({ resource: DB }, UNSIGNED)], counts],
  [
    'not unsigned, where points of the same are signed',
    [lists('q'), drilled({ resource: DB }, UNSIGNED)],
    [],
  ],
  ['not unsigned, of a point that is signed', [lists('p'), drilled({}, UNSIGNED)], []],
  ['not passed, of a time that is yet to come', [lists('p'), drilled({ time: '2027-11-26T00:00:00Z' })], []],
  [
    'failed, of a time that is yet to come',
    [lists('p'), drilled({ time: '2027-11-26T00:00:00Z', result: 'failed' })],
    counts,
  ],
  ['not altered', [drilled({ resource: DB }, ALTERED)], []],
  [
    'of nothing that was restored, no time',
    [drilled({ resource: DB, seconds: { found: 1, checked: 2 } })],
    [['v-db', undefined]],
  ],
])('a drill counts: %s', (_what, all, expected) => {
  expect(counted(...all)).toEqual(expected);
});
