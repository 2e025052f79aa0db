import { describe, expect, test } from '@jest/globals';
import { Seek } from '../../../src/catalog/seek.ts';
import type { State } from '../../../src/catalog/whole.ts';
import type { Manifest, VolumeBackupPoint } from '../../../src/manifest/schema.ts';
import { backupPoint, manifestWith, secretPoint } from '../../support/points.ts';

/** Of one volume, taken on that day. */
function taken(day: number, name = 'db', id = '22222222-2222-4222-8222-222222222222'): VolumeBackupPoint {
  const point = backupPoint({ name, id });
  return { ...point, backup: { ...point.backup, dataTimestamp: `2026-11-0${day}T00:00:00.000Z` } };
}

const [first, second, third] = [taken(1), taken(2), taken(3)];
const day = (which: number) => Date.parse(`2026-11-0${which}T12:00:00Z`);
const broken =
  (...points: readonly VolumeBackupPoint[]) =>
  (): ReadonlyMap<string, State> =>
    new Map(points.map(({ id }) => [id, { state: 'broken', why: 'its backup is gone' }]));
const idsOf = (points: readonly { readonly id: string }[]) => points.map(({ id }) => id);

describe('the points of a manifest that will do', () => {
  const rows: readonly (readonly [string, number | undefined, VolumeBackupPoint[], VolumeBackupPoint[]])[] = [
    ['all, where no time is said', undefined, [], [first, second, third]],
    ['those that are not later', day(2), [], [first, second]],
    ['but for broken ones', day(2), [second], [first]],
    ['none, where all are later', day(0), [], []],
  ];
  test.each(rows)('%s', (_what, at, lost, expected) => {
    const seek = new Seek({ kind: 'volume', wanted: undefined, at, statesOf: broken(...lost) });
    expect(idsOf(seek.wanted(manifestWith(first, second, third)))).toEqual(idsOf(expected));
  });
});

test('what is left of the manifest is the newest of each resource, and what is of another kind', () => {
  const key = secretPoint();
  const other = taken(1, 'web', '33333333-3333-4333-8333-333333333333');
  const manifest: Manifest = manifestWith(key, third, first, second, other);
  const seek = new Seek({ kind: 'volume', wanted: undefined, at: day(2), statesOf: broken() });
  expect(idsOf(seek.narrowed(manifest).restorePoints)).toEqual([key.id, second.id, other.id]);
});

test('only what is broken, newer and not later is skipped', () => {
  const seek = new Seek({ kind: 'volume', wanted: 'db', at: day(2), statesOf: broken(second, third) });
  const manifest = seek.narrowed(manifestWith(first, second, third));
  expect(seek.passedOver(manifest)).toEqual([
    `restore point ${second.id} of volume "db", of 2026-11-02T00:00:00.000Z, is skipped: its backup is gone`,
  ]);
});

describe('who finds nothing is told', () => {
  test('the times that there are, and what is broken', () => {
    const seek = new Seek({ kind: 'volume', wanted: 'db', at: day(0), statesOf: broken(second) });
    seek.wanted(manifestWith(first));
    seek.wanted(manifestWith(second));
    expect(seek.seen()).toBe(
      'The manifests have volume "db" of: 2026-11-02T00:00:00.000Z (broken: its backup is gone), 2026-11-01T00:00:00.000Z.',
    );
  });

  test('the names of that kind', () => {
    const seek = new Seek({ kind: 'volume', wanted: 'nope' });
    seek.wanted(manifestWith(first, secretPoint()));
    expect(seek.seen()).toBe(`The manifests have: "db" (${first.resource.id}).`);
  });

  test('not everything of a long list', () => {
    const seek = new Seek({ kind: 'volume', wanted: 'nope' });
    for (let at = 0; at < 25; at += 1) seek.wanted(manifestWith(backupPoint({ name: `v${at}` })));
    expect(seek.seen()).toMatch(/"v19" \([0-9a-f-]+\), and 5 more\.$/);
  });

  test('nothing, where there is nothing of the kind', () => {
    const seek = new Seek({ kind: 'server', wanted: 'nope' });
    seek.wanted(manifestWith(first));
    expect(seek.seen()).toBe('');
  });
});
