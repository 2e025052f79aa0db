import { expect, test } from '@jest/globals';
import type { BlocksPayload, RestorePoint } from '../../../../src/manifest/schema.ts';
import { newerMaps, newerMapsIfListed } from '../../../../src/run/reading/newer-maps.ts';
import { memoryPlace, withoutLists } from '../../../support/memory-place.ts';
import { secretPoint, volumeImagePoint } from '../../../support/points.ts';

const POINT = '11111111-1111-4111-8111-111111111111';
const mapOf = (folder: string, day: number) => `${folder}/maps/202611${day}T010203Z-${POINT}`;

/** A restore point of a volume whose map is in the store. */
function stored(map: string): RestorePoint {
  const { payload, ...point } = volumeImagePoint();
  const blocks = { ...payload, layout: 'blocks', name: map } as unknown as BlocksPayload;
  return { ...point, payload: blocks };
}

function placeWith(...names: string[]) {
  const place = memoryPlace();
  for (const name of names) place.held.set(name, Buffer.from('map'));
  return place;
}

const old = mapOf('volume-v', 20);

test('a disk that the place has newer than any manifest says is told', async () => {
  const place = placeWith(mapOf('volume-v', 21), old, mapOf('volume-w', 25));
  expect(await newerMaps(place, [stored(old), secretPoint()])).toEqual([
    expect.stringMatching(
      /^memory has volume .* of 2026-11-21T01:02:03Z, too, which is newer than 2026-11-20T01:02:03Z/,
    ),
  ]);
  expect(await newerMapsIfListed(place, [stored(old)])).toHaveLength(1);
});

test.each([
  ['the newest', placeWith(old, mapOf('volume-v', 19), mapOf('volume-w', 25))],
  ['in another place', placeWith(mapOf('volume-v', 21))],
  ['in a place that cannot be listed', withoutLists(placeWith(mapOf('volume-v', 21), old))],
])('nothing of one that is %s', async (_where, place) => {
  expect(await newerMapsIfListed(place, [stored(old)])).toEqual([]);
});
