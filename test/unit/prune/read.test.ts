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
  const { points } = readRecord(sources, () => true);
  expect(points.map(({ id, tags }) => [id, tags])).toEqual([[point.id, ['a', 'b']]]);
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
