import { expect, test } from '@jest/globals';
import { writeTags } from '../../../src/chain/tags.ts';
import type { Saved } from '../../../src/prune/point.ts';
import { unrecorded } from '../../../src/prune/unrecorded.ts';
import { backup, tags } from '../../support/records.ts';

const NOW = Date.parse('2026-11-26T06:00:00Z');
const own = tags({ state: 'started', made: '2026-11-01T00:00:00.000Z', pointTags: ['release'] });
const left = backup({
  name: 'my db 2026-11-01T00:00:00Z',
  createdAt: '2026-11-01T00:00:01.000Z',
  dataTimestamp: '2026-11-01T00:00:01.000Z',
  metadata: writeTags(own),
});
const named: Saved = {
  id: 'p',
  kind: 'volume',
  resource: left.volumeId,
  name: 'renamed',
  metadata: { backup: 'db' },
  time: NOW,
  tags: [],
  data: undefined,
  image: undefined,
  needs: [],
  isPart: false,
  manifests: ['/backups/1'],
  pruned: undefined,
};

test('a backup that no run recorded is a point by its tags, named as its volume was last', () => {
  expect(unrecorded([], [left], NOW)).toEqual([
    expect.objectContaining({
      id: own.point,
      resource: left.volumeId,
      name: 'my db',
      metadata: {},
      manifests: [],
    }),
  ]);
  expect(unrecorded([named, { ...named, name: 'before', time: NOW - 1 }], [left], NOW)).toEqual([
    expect.objectContaining({
      id: own.point,
      name: 'renamed',
      metadata: { backup: 'db' },
      time: Date.parse(left.dataTimestamp),
      tags: ['release'],
      data: {
        kind: 'backup',
        id: left.id,
        volume: left.volumeId,
        chain: own.chain,
        position: 0,
        parent: undefined,
      },
      isUnrecorded: true,
    }),
  ]);
});

test.each<[string, Parameters<typeof backup>[0], readonly Saved[]]>([
  ['being made', { status: 'creating' }, []],
  ['failed', { status: 'error' }, []],
  ['on record', { metadata: writeTags({ ...own, state: 'recorded' }) }, []],
  ['of somebody else', { metadata: {} }, []],
  ['of a run that may live', { metadata: writeTags({ ...own, expires: '2026-11-26T06:00:01Z' }) }, []],
  ['of a run that says no end', { metadata: writeTags({ ...own, expires: undefined }) }, []],
  ['perhaps a copy, by its time', { createdAt: '2026-11-02T00:00:00Z' }, []],
  ['listed by its point', {}, [{ ...named, id: own.point }]],
])('one that is %s is none', (_what, change, points) => {
  expect(unrecorded(points, [{ ...left, ...change }], NOW)).toEqual([]);
});

test('of two with the same tags, neither is one', () => {
  expect(unrecorded([], [left, { ...left, id: 'other' }], NOW)).toEqual([]);
});
