import { expect, test } from '@jest/globals';
import type { Found } from '../../../src/catalog/everything.ts';
import { POINT_PROPERTY } from '../../../src/catalog/kept-image.ts';
import { withoutPruned } from '../../../src/catalog/pruned.ts';
import { unnamedIn } from '../../../src/catalog/unnamed.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import { TEMPORARY_PROPERTY } from '../../../src/temporaries/tags.ts';
import { cloudBackup, pointId, uuid } from '../prune/world.ts';

const DOUBT = { what: 'is not signed', hint: '' };

function found(lists: readonly number[], prunes: readonly number[], isTrusted: boolean): Found {
  const manifest = {
    restorePoints: lists.map((number) => ({ id: pointId(number), method: 'disks' })),
    pruned: prunes.map((number) => ({ point: pointId(number) })),
  } as unknown as Manifest;
  return { manifest, references: ['here'], doubt: isTrusted ? undefined : DOUBT };
}

const left = (all: readonly Found[]) =>
  withoutPruned(all).map(({ manifest }) => manifest.restorePoints.map(({ id }) => Number(id.slice(-4))));

test.each([
  ['what a trusted record says', [found([1, 2], [], true), found([], [1], true)], [[2], []]],
  ['also of what is not trusted', [found([1, 2], [], false), found([], [1], true)], [[2], []]],
  ['nothing trusted by a record that is not', [found([1, 2], [], true), found([], [1], false)], [[1, 2], []]],
  [
    'where nothing is trusted, all records count',
    [found([1, 2], [], false), found([], [1], false)],
    [[2], []],
  ],
])('%s', (_what, all, expected) => {
  expect(left(all)).toEqual(expected);
});

test('an image is offered that has our record, and not one that is a temporary as well', () => {
  const properties = { [POINT_PROPERTY]: pointId(1) };
  const copied = { ...properties, [TEMPORARY_PROPERTY]: 'scratch' };
  const offered = (images: readonly unknown[]) =>
    unnamedIn({ images } as unknown as Parameters<typeof unnamedIn>[0], []).map(({ kind }) => kind);
  expect(offered([{ id: 'i', properties }])).toEqual(['image']);
  expect(offered([{ id: 'i', properties: copied }])).toEqual([]);
});

test('what is being deleted is not offered as a backup that no manifest names', () => {
  const backup = cloudBackup({ number: 1, volume: uuid(0xd, 1), time: 0, point: pointId(1) });
  const inventory = { backups: [backup], images: [] } as unknown as Parameters<typeof unnamedIn>[0];
  expect(unnamedIn(inventory, [found([], [], true).manifest])).toHaveLength(1);
  expect(unnamedIn(inventory, [found([], [1], true).manifest])).toEqual([]);
});
