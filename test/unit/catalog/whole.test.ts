import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { entriesOf } from '../../../src/catalog/entries.ts';
import type { Inventory } from '../../../src/catalog/inventory.ts';
import { judge, judgeBackups, type Seen, type Shelf } from '../../../src/catalog/whole.ts';
import { writeTags } from '../../../src/chain/tags.ts';
import type { RestorePoint, VolumeBackupPoint } from '../../../src/manifest/schema.ts';
import type { Backup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import type { Image } from '../../../src/openstack/image/v2/images.ts';
import { growth, LINEAR } from '../../support/growth.ts';
import { inventory } from '../../support/inventory.ts';
import {
  backupPoint,
  encryptedWith,
  imagePoint,
  keptImagePoint,
  manifestWith,
  secretPoint,
  serverPoint,
  volumeImagePoint,
} from '../../support/points.ts';
import { backup, image, tags } from '../../support/records.ts';

const cloud = (fields: Partial<Inventory> = {}): Seen => ({ inventory: inventory(fields), shelf: undefined });

/** What is said of the last of the points. */
function said(points: readonly RestorePoint[], seen: Seen): string {
  const state = judge(seen)(manifestWith(...points)).get(points.at(-1)?.id ?? '');
  return state === undefined ? 'nothing' : state.why === '' ? state.state : `${state.state}: ${state.why}`;
}

const CHAIN = '99999999-9999-4999-8999-999999999999';
const FULL = 'f0000000-0000-4000-8000-000000000000';
const INCREMENT = 'f1111111-1111-4111-8111-111111111111';
const VOLUME = '22222222-2222-4222-8222-222222222222';
const OTHER = '33333333-3333-4333-8333-333333333333';

/** A chain of two in the cloud. */
const full = (fields: Partial<Backup> = {}) =>
  backup({ id: FULL, metadata: writeTags(tags({ chain: CHAIN })), ...fields });
const increment = (fields: Partial<Backup> = {}) =>
  backup({
    id: INCREMENT,
    incremental: true,
    metadata: writeTags(tags({ chain: CHAIN, position: 1, parent: FULL })),
    ...fields,
  });

/** The restore point of the increment. */
function ofIncrement(): VolumeBackupPoint {
  const point = backupPoint({ id: VOLUME });
  return {
    ...point,
    backup: { ...point.backup, id: INCREMENT, incremental: true },
    chain: { id: CHAIN, position: 1, parent: FULL },
  };
}

describe('a volume in Cinder backups', () => {
  const rows: readonly (readonly [string, readonly Backup[], string])[] = [
    ['its chain is there', [full(), increment()], 'whole'],
    ['it is gone', [full()], `broken: backup ${INCREMENT} is gone`],
    ['it failed', [full(), increment({ status: 'error' })], `broken: backup ${INCREMENT} is error`],
    ['it is being restored', [full(), increment({ status: 'restoring' })], 'whole'],
    ['its parent is being restored', [full({ status: 'restoring' }), increment()], 'whole'],
    ['its parent is gone', [increment()], `broken: backup ${FULL}, which ${INCREMENT} needs, is gone`],
    [
      'its parent cannot be deleted',
      [full({ status: 'error_deleting' }), increment()],
      `broken: backup ${FULL}, which ${INCREMENT} needs, is error_deleting`,
    ],
    [
      'its parent has the tags of another',
      [full({ metadata: writeTags(tags()) }), increment()],
      `broken: the tags of backup ${FULL} do not fit its chain`,
    ],
    [
      'the id is that of another volume',
      [full(), increment({ volumeId: OTHER })],
      `broken: backup ${INCREMENT} is not the one that was saved`,
    ],
    [
      'it has another size',
      [full(), increment({ size: 2 })],
      `broken: backup ${INCREMENT} is not the one that was saved`,
    ],
    [
      'no tags are shown, and its parent is there',
      [full({ metadata: {} }), increment({ metadata: {} })],
      'whole',
    ],
    [
      'no tags are shown, and its parent is gone',
      [increment({ metadata: {} })],
      `broken: backup ${FULL}, which ${INCREMENT} needs, is gone`,
    ],
    [
      'no tags are shown, and its parent failed',
      [full({ metadata: {}, status: 'error' }), increment({ metadata: {} })],
      `broken: backup ${FULL}, which ${INCREMENT} needs, is error`,
    ],
  ];
  test.each(rows)('%s', (_what, backups, expected) => {
    expect(said([ofIncrement()], cloud({ backups }))).toBe(expected);
  });
});

describe('what nobody could look at is unknown', () => {
  const { cloud: own } = manifestWith();
  const project = { ...own.project, id: 'q'.repeat(32) };
  const rows: readonly (readonly [string, Inventory | undefined, string])[] = [
    ['no cloud was asked', undefined, 'unknown: no cloud was asked'],
    [
      'another project was',
      inventory({ cloud: { ...own, project }, backups: [] }),
      `unknown: it is in project "demo" (${own.project.id}), which was not checked`,
    ],
    [
      'another region was',
      inventory({ cloud: { ...own, region: 'S' }, backups: [] }),
      'unknown: it is in region "R", which was not checked',
    ],
    [
      'the list failed',
      inventory({ backups: undefined, unknown: { backups: 'cannot list the backups: HTTP 503' } }),
      'unknown: cannot list the backups: HTTP 503',
    ],
    [
      'the list was not asked for',
      inventory({ backups: undefined }),
      'unknown: the cloud was not asked for its backups',
    ],
  ];
  test.each(rows)('%s', (_what, seen, expected) => {
    expect(said([ofIncrement()], { inventory: seen, shelf: undefined })).toBe(expected);
  });

  test('a failed list does not fail what another one tells', () => {
    const point = keptImagePoint();
    const seen = cloud({
      backups: undefined,
      images: [imageOf(point.resource)],
      unknown: { backups: 'down' },
    });
    expect(said([point], seen)).toBe('whole');
  });
});

const imageOf = (
  { id, size, checksum }: { id: string; size: number; checksum: string | null },
  fields: Partial<Image> = {},
) =>
  image({
    id,
    size,
    checksum: checksum ?? undefined,
    hash: { algorithm: 'sha512', value: 'd'.repeat(128) },
    ...fields,
  });

describe('an image that stays in the cloud', () => {
  const key = 'cccccccc-cccc-4ccc-8ccc-cccccccccccc';
  const plain = volumeImagePoint({}, null, null);
  const sealed = volumeImagePoint({}, encryptedWith(undefined), null);
  const rows: readonly (readonly [string, RestorePoint, readonly Image[], string])[] = [
    ['is there', plain, [imageOf(plain.image)], 'whole'],
    ['is gone', plain, [], `broken: image ${plain.image.id} is gone`],
    [
      'is deactivated',
      plain,
      [imageOf(plain.image, { status: 'deactivated' })],
      `broken: image ${plain.image.id} is deactivated`,
    ],
    [
      'has other data',
      plain,
      [imageOf(plain.image, { hash: { algorithm: 'sha512', value: 'e'.repeat(128) } })],
      `broken: image ${plain.image.id} no longer has the data that was saved`,
    ],
    [
      'has its key',
      sealed,
      [imageOf(sealed.image, { properties: { cinder_encryption_key_id: sealed.image.keyId ?? '' } })],
      'whole',
    ],
    [
      'has another key',
      sealed,
      [imageOf(sealed.image, { properties: { cinder_encryption_key_id: key } })],
      `broken: image ${sealed.image.id} names a different key than when it was saved`,
    ],
  ];
  test.each(rows)('%s', (_what, point, images, expected) => {
    expect(said([point], cloud({ images }))).toBe(expected);
  });
});

describe('what left the cloud, which need not be asked', () => {
  const point = imagePoint();
  const { name, stored } = point.payload;
  const shelf = (sizes: Iterable<readonly [string, number]>): Shelf => ({
    place: '/backups',
    sizes: new Map(sizes),
    unknown: '',
  });
  const put = (place: string) => ({ ...point, payload: { ...point.payload, place } });
  const rows: readonly (readonly [string, RestorePoint, Shelf | undefined, string])[] = [
    ['is there', point, shelf([[name, stored.size]]), 'whole'],
    ['is not there', point, shelf([]), `broken: payload ${name} is not in /backups`],
    [
      'is cut short',
      point,
      shelf([[name, 5]]),
      `broken: payload ${name} in /backups has 5 bytes, but ${stored.size} were stored there`,
    ],
    ['was put there, and is not', put('/backups'), shelf([]), `broken: payload ${name} is not in /backups`],
    [
      'was put elsewhere',
      put('/other'),
      shelf([]),
      `unknown: payload ${name} was stored in /other, but \`store\` is /backups`,
    ],
    ['was put elsewhere, and is there', put('/other'), shelf([[name, stored.size]]), 'whole'],
    [
      'but no store is given',
      put('/other'),
      undefined,
      `unknown: payload ${name} is in /other, but no \`store\` is given`,
    ],
    [
      'and the store cannot be looked at',
      point,
      { place: '/backups', sizes: undefined, unknown: 'cannot look into /backups' },
      'unknown: cannot look into /backups',
    ],
  ];
  test.each(rows)('%s', (_what, one, seen, expected) => {
    expect(said([one], { inventory: undefined, shelf: seen })).toBe(expected);
  });
});

describe('what needs other restore points', () => {
  const key = secretPoint();
  const payload = (point: { payload: { name: string; stored: { size: number } } | null }) =>
    [point.payload?.name ?? '', point.payload?.stored.size ?? 0] as const;
  const shelfOf = (...points: readonly { payload: { name: string; stored: { size: number } } | null }[]) => ({
    place: '/backups',
    sizes: new Map(points.map(payload)),
    unknown: '',
  });
  const volume = volumeImagePoint({}, encryptedWith(key));

  test('an encrypted volume that left the cloud needs its sealed key', () => {
    const seen = (shelf: Shelf) => ({ inventory: undefined, shelf });
    expect(said([key, volume], seen(shelfOf(key, volume)))).toBe('whole');
    expect(said([key, volume], seen(shelfOf(volume)))).toBe(
      `broken: its key: payload ${key.payload.name} is not in /backups`,
    );
    const keyless = volumeImagePoint({}, encryptedWith(undefined));
    expect(said([keyless], seen(shelfOf(keyless)))).toBe(
      'broken: it is encrypted, but its key was not saved',
    );
  });

  test('one in Cinder backups does not: the cloud has its key', () => {
    const point = {
      ...ofIncrement(),
      resource: { ...ofIncrement().resource, encryption: encryptedWith(key) },
    };
    const seen = { ...cloud({ backups: [full(), increment()] }), shelf: shelfOf() };
    expect(said([key, point], seen)).toBe('whole');
  });

  test('a server needs its disks: one that is broken goes before one that nobody knows', () => {
    const root = keptImagePoint({ name: 'shop root' });
    const data = ofIncrement();
    const server = serverPoint({
      disks: [
        { bootIndex: 0, device: null, tag: null, deleteOnTermination: true, volume: null, point: root.id },
        {
          bootIndex: null,
          device: null,
          tag: null,
          deleteOnTermination: false,
          volume: VOLUME,
          point: data.id,
        },
      ],
    });
    const points = [root, data, server];
    const backups = [full(), increment()];
    const images = [imageOf(root.resource)];
    expect(said(points, cloud({ backups, images }))).toBe('whole');
    expect(said(points, cloud({ backups }))).toBe(
      `broken: its disk "shop root": image ${root.resource.id} is gone`,
    );
    expect(said(points, cloud({ images: undefined, backups: [full()] }))).toBe(
      `broken: its disk "db": backup ${INCREMENT} is gone`,
    );
    expect(said(points, cloud({ images: undefined, backups, unknown: { images: 'down' } }))).toBe(
      'unknown: its disk "shop root": down',
    );
  });
});

test('backups that no manifest names are judged by their tags', () => {
  const made = backup({ id: OTHER, status: 'creating', metadata: writeTags(tags()) });
  const of = judgeBackups(inventory({ backups: [increment(), made] }));
  expect(of(increment())).toEqual({
    state: 'broken',
    why: `backup ${FULL}, which ${INCREMENT} needs, is gone`,
  });
  expect(of(made)).toEqual({ state: 'unknown', why: `backup ${OTHER} is being made` });
  expect(judgeBackups(inventory({ backups: [full(), increment()] }))(increment()).state).toBe('whole');
  const failed = increment({ status: 'error' });
  expect(judgeBackups(inventory({ backups: [full(), failed] }))(failed)).toEqual({
    state: 'broken',
    why: `backup ${INCREMENT} is error`,
  });
});

test('a manifest of sixteen times as many restore points takes about as many times as long', () => {
  const work = (size: number) => {
    const backups = Array.from({ length: size }, () =>
      backup({ metadata: writeTags(tags()), volumeId: randomUUID() }),
    );
    const manifest = manifestWith(...backups.map(pointOf));
    const states = judge(cloud({ backups }))(manifest);
    const entries = entriesOf({ manifest, references: [], doubt: undefined }, states);
    if (entries.some(({ state }) => state !== 'whole')) throw new Error('one is not whole');
  };
  expect(growth(work, 200)).toBeLessThan(LINEAR);
});

function pointOf({ id, volumeId }: Backup): VolumeBackupPoint {
  const point = backupPoint({ id: volumeId });
  return { ...point, backup: { ...point.backup, id } };
}
