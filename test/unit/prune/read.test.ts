import { expect, test } from '@jest/globals';
import { schemas } from '../../../src/manifest/parse.ts';
import { withTags } from '../../../src/manifest/points.ts';
import { readRecord, type Source } from '../../../src/prune/read.ts';
import { MOST_TAGS } from '../../../src/text/tag.ts';
import {
  backupPoint,
  imagePoint,
  manifestWith,
  secretPoint,
  serverPoint,
  volumeImagePoint,
} from '../../support/points.ts';

const sourceOf = (...points: Parameters<typeof manifestWith>): Source => ({
  manifest: manifestWith(...points),
  references: ['/manifest.json'],
});

test('a point of two manifests has the tags that any of them gives it', () => {
  const point = backupPoint();
  const sources = [['a'], [], ['b', 'a']].map((tags) => sourceOf(withTags(point, tags)));
  const { points } = readRecord(sources, () => true, Date.now());
  expect(points.map(({ id, tags }) => [id, tags])).toEqual([[point.id, ['a', 'b']]]);
});

test('what nobody signed deletes nothing that is signed, and says nothing of it', () => {
  const point = backupPoint();
  const { id } = point;
  const time = '2026-11-01T00:00:00Z';
  const says: Source = {
    manifest: {
      ...manifestWith(),
      pruned: [{ point: id, kind: 'volume', id: 'v', name: 'v', time, reason: 'no rule keeps it' }],
      verified: [{ point: id, level: null, time, fault: 'damaged' }],
      drilled: [
        {
          point: id,
          level: 'boot',
          result: 'passed',
          reached: 'L5',
          time,
          seconds: {},
          size: 1,
          seed: 1,
          seen: [],
        },
      ],
    },
    references: ['/other'],
  };
  const doubt = { what: 'is not signed', hint: '' };
  const seen = (...sources: Source[]) => {
    const [one] = readRecord(sources, () => true, Date.parse('2026-11-27T00:00:00Z')).points;
    return [one?.pruned !== undefined, one?.verified?.fault, one?.drilled?.proved?.reached];
  };
  const all = [true, 'damaged', 'L5'];
  expect(seen(sourceOf(point), says)).toEqual(all);
  expect(seen(sourceOf(point), { ...says, doubt })).toEqual([false, undefined, undefined]);
  expect(seen({ ...sourceOf(point), doubt }, { ...says, doubt })).toEqual(all);
  const altered = { what: 'was altered: its SHA-256 is another', hint: '' };
  expect(seen({ ...sourceOf(point), doubt }, { ...says, doubt: altered })).toEqual([
    false,
    undefined,
    undefined,
  ]);
});

const kinds = [backupPoint(), volumeImagePoint(), imagePoint(), secretPoint(), serverPoint()];
const most = Array.from({ length: MOST_TAGS }, (_, at) => `${at}`.padStart(64, 'T'));

test.each(kinds.map((point) => [point.method, point] as const))(
  '%s takes tags, and none that is odd',
  async (_, point) => {
    const { problemOf } = await schemas();
    for (const tags of [[], ['pre-deploy'], ['v1.2_3', 'b'], most])
      expect(problemOf(withTags(point, tags))).toBeUndefined();
    for (const tags of [
      [''],
      ['two words'],
      ['x'.repeat(65)],
      ['a\n'],
      ['a,b'],
      ['a', 'a'],
      [...most, 'one more'],
    ])
      expect(problemOf(withTags(point, tags))?.instancePath).toMatch(/^\/tags/);
    expect(problemOf({ ...point, tags: [] })?.instancePath).toBe('/tags');
  },
);
