import { describe, expect, test } from '@jest/globals';
import { adviceWith } from '../../../src/chain/advice.ts';
import { spareChain } from '../../../src/chain/spare.ts';
import { quotaIn } from '../../../src/openstack/over-quota.ts';
import type { Need, Quotas } from '../../../src/openstack/quota-names.ts';
import { type Wanted, whatFits } from '../../../src/plan/fit.ts';
import { needOfVolume, quotaAfter, quotaSentence, refuseOver } from '../../../src/plan/quota.ts';
import { growth, LINEAR } from '../../support/growth.ts';
import { backup, chainOf } from '../../support/records.ts';

/** [used, max] */
function quotas(all: Record<string, readonly [used: number, max: number]>): Quotas {
  return Object.fromEntries(Object.entries(all).map(([name, [used, max]]) => [name, { used, max }]));
}

const gigabytes = (size: number): Need => ({ backups: 1, backup_gigabytes: size });
/** A volume in use that is made an image of. */
const copied = (size: number): Need => ({ volumes: 1, snapshots: 1, gigabytes: 2 * size });

/** What is to be saved: its name, when it was saved last, what stays of it, what it needs meanwhile, its own disks. */
type Line = readonly [
  name: string,
  saved: string | undefined,
  stays: Need,
  meanwhile?: Need,
  disks?: readonly string[],
];

function wanted(lines: readonly Line[]): Wanted<string>[] {
  return lines.map(([what, savedAt, stays, meanwhile = {}, disks = [what]]) => ({
    what,
    savedAt,
    parts: disks.map((id) => ({ id, stays })),
    meanwhile,
  }));
}

test('a volume counts in all, and as much of its type', () => {
  const need = { volumes: 1, gigabytes: 5 };
  expect(needOfVolume(need, undefined)).toEqual(need);
  expect(needOfVolume(need, 'luks')).toEqual({ ...need, volumes_luks: 1, gigabytes_luks: 5 });
});

describe('what fits into the quota', () => {
  test.each<
    [
      which: string,
      quotas: Record<string, readonly [used: number, max: number]>,
      lines: readonly Line[],
      fits: string,
      over: Record<string, string>,
    ]
  >([
    [
      'all, where there is room to the last one',
      { backups: [8, 10] },
      [
        ['a', '2026-01-01', gigabytes(1)],
        ['b', '2026-01-02', gigabytes(1)],
      ],
      'a b',
      {},
    ],
    [
      'the one that was saved longest ago, where there is room for one',
      { backups: [9, 10] },
      [
        ['younger', '2026-01-02', gigabytes(1)],
        ['older', '2026-01-01', gigabytes(1)],
      ],
      'older',
      { younger: '11 of 10 backups' },
    ],
    [
      'what was never saved, first of all, in the order that was asked for',
      { backups: [8, 10] },
      [
        ['old', '2020-01-01', gigabytes(1)],
        ['new', undefined, gigabytes(1)],
        ['newer', undefined, gigabytes(1)],
      ],
      'new newer',
      { old: '11 of 10 backups' },
    ],
    [
      'nothing, where all is used up',
      { backups: [10, 10] },
      [['a', undefined, gigabytes(1)]],
      '',
      { a: '11 of 10 backups' },
    ],
    [
      'nothing, where more is used than the operator allows by now',
      { backups: [12, 10] },
      [['a', undefined, gigabytes(1)]],
      '',
      { a: '13 of 10 backups' },
    ],
    [
      'everything, where -1 says that there is no end',
      { backups: [5000, -1], backup_gigabytes: [1e6, -1] },
      [['a', undefined, gigabytes(1000)]],
      'a',
      {},
    ],
    ['everything, where the cloud tells of no quota', {}, [['a', undefined, gigabytes(1000)]], 'a', {}],
    [
      'an increment by the whole size of its volume, as Cinder counts it',
      { backups: [0, 10], backup_gigabytes: [901, 1000] },
      [['a', '2026-01-01', gigabytes(100)]],
      '',
      { a: '1001 of 1000 GB of backups' },
    ],
    [
      'a smaller one behind one that is too large',
      { backups: [0, 10], backup_gigabytes: [900, 1000] },
      [
        ['large', '2026-01-01', gigabytes(200)],
        ['small', '2026-01-02', gigabytes(50)],
      ],
      'small',
      { large: '1100 of 1000 GB of backups' },
    ],
    [
      'both quotas told, where two are too small',
      { backups: [10, 10], backup_gigabytes: [1000, 1000] },
      [['a', undefined, gigabytes(1)]],
      '',
      { a: '11 of 10 backups, 1001 of 1000 GB of backups' },
    ],
    [
      'copies one after the other, where there is room for one',
      { volumes: [9, 10], snapshots: [9, 10], gigabytes: [900, 1000] },
      [
        ['a', '2026-01-01', {}, copied(50)],
        ['b', '2026-01-02', {}, copied(50)],
        ['too large', '2026-01-03', {}, copied(51)],
      ],
      'a b',
      { 'too large': '1002 of 1000 GB of volumes and snapshots' },
    ],
    [
      'none of a type that has a quota of its own, and others',
      { volumes: [0, 10], volumes_luks: [3, 3], volumes_plain: [3, 4] },
      [
        ['encrypted', undefined, {}, { volumes: 1, volumes_luks: 1 }],
        ['plain', undefined, {}, { volumes: 1, volumes_plain: 1 }],
      ],
      'plain',
      { encrypted: '4 of 3 volumes of type luks' },
    ],
    [
      'a server of three disks as a whole or not at all',
      { backups: [8, 10] },
      [
        ['server', '2026-01-01', gigabytes(1), {}, ['x', 'y', 'z']],
        ['other', '2026-01-02', gigabytes(1), {}, ['v', 'w']],
      ],
      'other',
      { server: '11 of 10 backups' },
    ],
    [
      'a disk that two servers have once',
      { backups: [7, 10] },
      [
        ['one', '2026-01-01', gigabytes(1), {}, ['shared', 'x']],
        ['two', '2026-01-02', gigabytes(1), {}, ['shared', 'y']],
      ],
      'one two',
      {},
    ],
    [
      'a disk again for the other server, where the first one that has it does not fit',
      { backups: [9, 10] },
      [
        ['one', '2026-01-01', gigabytes(1), {}, ['shared', 'x']],
        ['two', '2026-01-02', gigabytes(1), {}, ['shared']],
      ],
      'two',
      { one: '11 of 10 backups' },
    ],
    [
      'what stays and what is needed meanwhile, together',
      { images: [8, 10] },
      [
        ['kept', '2026-01-01', { images: 1 }],
        ['through', '2026-01-02', {}, { images: 1 }],
        ['also kept', '2026-01-03', { images: 1 }],
      ],
      'kept through',
      { 'also kept': '11 of 10 images' },
    ],
  ])('%s', (_, has, lines, fits, over) => {
    const fit = whatFits(quotas(has), wanted(lines), 4);
    expect(fit.fits.join(' ')).toBe(fits);
    expect(
      Object.fromEntries(
        fit.over.map(({ what, quota }) => [what, quota.map((line) => line.told).join(', ')]),
      ),
    ).toEqual(over);
  });

  test.each<[room: number, asked: number, atOnce: number]>([
    [100, 4, 4],
    [7, 4, 2],
    [5, 4, 1],
    [4, 4, 1],
    [-1, 4, 4],
  ])(
    'with room for %s GB of copies of 4, 3 and 2 GB, %s that are asked for become %s at once',
    (room, asked, atOnce) => {
      const lines = [4, 3, 2].map((size): Line => [`of ${size}`, undefined, {}, { gigabytes: size }]);
      const max = room < 0 ? -1 : room + 10;
      expect(whatFits(quotas({ gigabytes: [10, max] }), wanted(lines), asked).atOnce).toBe(atOnce);
    },
  );

  test('the sentence tells what stays from what is needed meanwhile', () => {
    const lines = wanted([
      ['a', undefined, gigabytes(3), { volumes: 1 }],
      ['b', undefined, gigabytes(4), { volumes: 1 }],
      ['c', undefined, gigabytes(4), { volumes: 1 }],
    ]);
    const has = quotas({ backups: [1, 10], backup_gigabytes: [1, -1], volumes: [5, 10] });
    expect(quotaSentence(whatFits(has, lines, 2).after)).toBe(
      'quota after this run: 4 of 10 backups, 12 of unlimited GB of backups, and during the run: 7 of 10 volumes',
    );
    expect(quotaSentence([])).toBe('no quota is used');
  });

  test('thousands cost no time that grows with their square', () => {
    const fit = (count: number) => {
      const lines = Array.from(
        { length: count },
        (_, at): Line => [`${at}`, undefined, gigabytes(1), copied(1)],
      );
      const has = quotas({ backups: [0, count - 100], volumes: [0, 10] });
      expect(whatFits(has, wanted(lines), 4).over).toHaveLength(100);
    };
    expect(growth(fit, 500)).toBeLessThan(LINEAR);
  });
});

describe('what is restored whole or not at all', () => {
  test.each<[Record<string, readonly [number, number]>, Need, string | undefined]>([
    [{ volumes: [9, 10] }, { volumes: 1 }, undefined],
    [{ volumes: [10, -1] }, { volumes: 1 }, undefined],
    [{ volumes: [10, 10] }, { volumes: 1 }, 'Delete volumes that are no longer needed'],
    [{ gigabytes: [10, 10] }, { gigabytes: 1 }, 'Delete volumes or volume snapshots'],
    [{ snapshots: [10, 10] }, { snapshots: 1 }, 'Delete volume snapshots'],
    [{ volumes_luks: [2, 2] }, { volumes_luks: 1 }, 'Delete volumes of type luks'],
    [{ gigabytes_luks: [2, 2] }, { gigabytes_luks: 1 }, 'Delete volumes or volume snapshots of type luks'],
    [{ images: [2, 2] }, { images: 1 }, 'Delete images'],
    [{ image_mebibytes: [2, 2] }, { image_mebibytes: 1 }, 'Delete images'],
    [{ instances: [2, 2] }, { instances: 1 }, 'Delete servers'],
    [{ cores: [2, 2] }, { cores: 1 }, 'Delete servers or take a smaller flavor'],
    [{ ram: [2, 2] }, { ram: 1 }, 'Delete servers or take a smaller flavor'],
  ])('of %j, %j: %s', (has, need, advice) => {
    const refuse = () => refuseOver(quotaAfter(quotas(has), need), 'the restored thing');
    if (advice === undefined) expect(refuse).not.toThrow();
    else
      expect(refuse).toThrow(expect.objectContaining({ exitCode: 1, hint: expect.stringContaining(advice) }));
  });
});

/** The cloud's own words, as Cinder 29, Nova 34, Glance 33, Neutron and Barbican have them. */
describe('the quota that a refusal is about', () => {
  test.each([
    ['BackupLimitExceeded: Maximum number of backups allowed (10) exceeded', 'backups'],
    [
      'VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup gigabytes quota. Requested 1G, quota is 1000G and 1000G has been consumed.',
      'backup_gigabytes',
    ],
    ["VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.", 'volumes'],
    [
      "VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded for quota 'volumes_luks'.",
      'volumes_luks',
    ],
    ['SnapshotLimitExceeded: Maximum number of snapshots allowed (10) exceeded', 'snapshots'],
    [
      'VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes_luks quota. Requested 1G, quota is 2G and 2G has been consumed.',
      'gigabytes_luks',
    ],
    [
      'Quota exceeded for cores, ram: Requested 4, 8192, but already used 18, 1024 of 20, 2048 cores, ram',
      'cores',
    ],
    ['Quota exceeded for instances: Requested 1, but already used 10 of 10 instances', 'instances'],
    ['Quota exceeded, too many key pairs.', 'key_pairs'],
    ["Quota exceeded for resources: ['port'].", 'ports'],
    ["Quota exceeded for resources: ['floatingip'].", 'floating_ips'],
    ['Resource image_count_total is over limit of 1 due to current usage 1 and delta 1', 'images'],
    ['Project x is over a limit for [Resource image_size_total is over limit of 5]', 'image_mebibytes'],
    ['Creation not allowed because a quota has been reached', 'secrets'],
    ['Invalid volume: Volume is being backed up', undefined],
  ])('%s', (words, quota) => {
    expect(quotaIn(words)).toBe(quota);
  });
});

describe('the advice where backups are too many', () => {
  const other = '33333333-3333-4333-8333-333333333333';
  const at = (day: string) => ({
    dataTimestamp: `2026-${day}T00:00:00.000Z`,
    createdAt: `2026-${day}T00:00:00.000Z`,
  });

  test('names the oldest whole chain of ours that nothing needs, newest first', () => {
    const [old, young] = [chainOf(3, at('01-01')), chainOf(1, at('02-01'))];
    expect(spareChain([...young, ...old])).toMatchObject({
      volumeId: old[0]?.volumeId,
      ids: [...old].reverse().map(({ id }) => id),
    });
    const advice = adviceWith([...young, ...old])('backups');
    for (const { id } of old) expect(advice).toContain(id);
    expect(advice).toContain('openstack volume backup delete');
    expect(advice).not.toContain(young[0]?.id ?? '');
  });

  test('of several the one whose data is oldest', () => {
    const first = [chainOf(1, at('01-03')), chainOf(1, at('02-03'))];
    const second = [
      chainOf(1, { ...at('01-02'), volumeId: other }),
      chainOf(1, { ...at('02-02'), volumeId: other }),
    ];
    expect(spareChain([...first, ...second].flat())?.ids).toEqual([second[0]?.[0]?.id]);
  });

  test.each([
    ['the only chain of a volume', () => chainOf(3, at('01-01'))],
    [
      'chains of two volumes, one each',
      () => [...chainOf(2, at('01-01')), ...chainOf(2, { ...at('02-01'), volumeId: other })],
    ],
    [
      'one that something else stands on',
      () => {
        const [last, ...rest] = chainOf(2, at('01-01')).reverse();
        return [...rest, { ...backup(), ...last, hasDependents: true }, ...chainOf(1, at('02-01'))];
      },
    ],
    [
      'one that misses a link, and the one behind it',
      () => [...chainOf(3, at('01-01')).slice(1), ...chainOf(1, at('02-01'))],
    ],
    [
      'one whose only successor is in error',
      () => [...chainOf(1, at('01-01')), ...chainOf(1, { ...at('02-01'), status: 'error' })],
    ],
    ['foreign ones', () => [backup(at('01-01')), backup(at('01-02')), ...chainOf(1, at('02-01'))]],
  ])('never %s', (_, make) => {
    expect(spareChain(make())).toBeUndefined();
    expect(adviceWith(make())('backups')).toContain('No chain of openstack-backup can be removed');
  });

  test('is about backups only', () => {
    const spare = [...chainOf(1, at('01-01')), ...chainOf(1, at('02-01'))];
    expect(adviceWith(spare)('snapshots')).not.toContain('backup');
    expect(adviceWith(spare)('backup_gigabytes')).toContain('openstack volume backup delete');
  });
});
