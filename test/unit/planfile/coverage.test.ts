import { describe, expect, test } from '@jest/globals';
import type { Backup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { assign } from '../../../src/planfile/assign.ts';
import { type Coverage, coverageOf, coverageRecord, failuresIn } from '../../../src/planfile/coverage.ts';
import { dutiesOf } from '../../../src/planfile/due.ts';
import { quotaDoubts } from '../../../src/planfile/fits.ts';
import { quotaLeft } from '../../../src/planfile/nights.ts';
import type { PlanFile } from '../../../src/planfile/plan-file.ts';
import { proofsOf, type SeenDrill } from '../../../src/planfile/proof.ts';
import { readPlan } from '../../../src/planfile/read.ts';
import type { Resource } from '../../../src/planfile/resource.ts';
import type { SavedPoint } from '../../../src/planfile/saved.ts';

const NOW = Date.parse('2026-11-26T02:00:00Z');
const HOUR = 3_600_000;
const GIB = 2 ** 30;

const resource = (kind: Resource['kind'], name: string, more: Partial<Resource> = {}): Resource => ({
  kind,
  id: `${kind[0]}-${name}`,
  name,
  metadata: {},
  bytes: 10 * GIB,
  encrypted: false,
  keyId: undefined,
  volumes: [],
  ...more,
});
const db = resource('volume', 'db');
const vault = resource('volume', 'vault', { encrypted: true, keyId: 's-key' });
const shop = resource('server', 'shop', { volumes: ['v-db', 'v-vault'] });

async function planOf(more = '', entries = '  - {name: all, select: all, every: 1d}\n'): Promise<PlanFile> {
  const { plan, problems } = await readPlan(`version: 1\nproject: p\nback-up:\n${entries}${more}`);
  expect(problems).toEqual([]);
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

const point = (hoursAgo: number, of: Resource = db, more: Partial<SavedPoint> = {}): SavedPoint => ({
  kind: of.kind,
  resource: of.id,
  time: NOW - hoursAgo * HOUR,
  good: true,
  pieces: [],
  ...more,
});

async function covered(
  resources: readonly Resource[],
  points: readonly SavedPoint[],
  more: {
    plan?: string;
    entries?: string;
    failures?: [string, number, string][];
    backups?: Partial<Backup>[];
    /** When the backup of db was asked for that is under way: hours ago. */
    underWay?: number;
    drills?: SeenDrill[];
  } = {},
): Promise<Coverage[]> {
  const plan = await planOf(more.plan, more.entries);
  const { assignments } = assign(plan, resources, NOW);
  const { underWay } = more;
  const terms = {
    zone: plan.zone,
    hasStore: plan.store !== undefined,
    now: NOW,
    underWay: new Map(
      underWay === undefined
        ? []
        : [
            [
              db.id,
              {
                backup: 'b-1',
                since: new Date(NOW - underWay * HOUR).toISOString(),
                encrypted: false,
                size: 1,
              },
            ],
          ],
    ),
  };
  return coverageOf({
    assignments,
    duties: dutiesOf(assignments, points, terms),
    points,
    failures: new Map(
      (more.failures ?? []).map(([key, hoursAgo, error]) => [key, { time: NOW - hoursAgo * HOUR, error }]),
    ),
    backups: (more.backups ?? []) as Backup[],
    zone: plan.zone,
    proofs: proofsOf(more.drills ?? []),
    drill: plan.drill,
    now: NOW,
  });
}

const EXCLUDED = 'exclude: [{select: db, reason: rebuilt by CI, until: 2027-06-30}]\n';

describe('the status of a volume', () => {
  test.each<[string, readonly SavedPoint[], Parameters<typeof covered>[2], string, string]>([
    ['young', [point(20)], {}, 'covered', '20 h old, every 1d'],
    ['between due and too old', [point(30)], {}, 'covered', '30 h old, every 1d'],
    ['too old', [point(37)], {}, 'stale', '37 h old, every 1d'],
    ['never saved', [], {}, 'stale', 'never saved, every 1d'],
    ['saved, and broken since', [point(2, db, { good: false })], {}, 'stale', 'never saved, every 1d'],
    [
      'saved, and its newest point lacks something',
      [point(40), point(2, db, { good: false, broken: 'an object is missing' })],
      {},
      'stale',
      `40 h old, every 1d; that of ${new Date(NOW - 2 * HOUR).toISOString()} is broken: an object is missing`,
    ],
    [
      'saved, and an older point lacks something',
      [point(2), point(40, db, { good: false, broken: 'an object is missing' })],
      {},
      'covered',
      '2 h old, every 1d',
    ],
    [
      'failed since',
      [point(20)],
      { failures: [['volume v-db', 1, 'no room']] },
      'failing',
      '20 h old; no room',
    ],
    ['failed always', [], { failures: [['volume v-db', 1, 'no room']] }, 'failing', 'never saved; no room'],
    [
      'failed before',
      [point(20)],
      { failures: [['volume v-db', 50, 'no room']] },
      'covered',
      '20 h old, every 1d',
    ],
    [
      'another that failed',
      [point(20)],
      { failures: [['server v-db', 1, 'x']] },
      'covered',
      '20 h old, every 1d',
    ],
    ['excluded', [], { plan: EXCLUDED }, 'excluded', 'rebuilt by CI, until 2027-06-30'],
  ])('%s', async (_, points, more, status, why) => {
    const coverage = await covered([db], points, more);
    expect(coverage.map(coverageRecord)).toEqual([expect.objectContaining({ status, why })]);
  });

  test('that no entry matches', async () => {
    expect(await covered([resource('image', 'golden')], [])).toEqual([
      expect.objectContaining({ status: 'uncovered', entry: '', why: 'no entry of the plan matches it' }),
    ]);
  });
});

test('a disk that an entry saves with its server is drilled with that: only what is by itself waits for a proof', async () => {
  const coverage = await covered([shop, db, resource('volume', 'away')], [point(2, shop), point(2)], {
    plan: 'drill: {every: 1d, max-age: 30d}\n',
  });
  expect(coverage.map(({ name, unproved, proved }) => [name, unproved, proved])).toEqual([
    ['shop', true, 'never drilled'],
    ['db', undefined, undefined],
    ['away', true, 'never drilled'],
  ]);
});

test.each([
  [29, undefined, 'L3, 29 d 0 h ago'],
  [31, true, 'L3, 31 d 0 h ago: longer than 30d'],
])('a proof of %d days ago, where 30 are allowed', async (days, unproved, proved) => {
  const drill: SeenDrill = {
    kind: 'volume',
    resource: db.id,
    point: 'p',
    time: NOW - days * 24 * HOUR,
    result: 'passed',
    reached: 'L3',
    restoreSeconds: 60,
  };
  const plan = 'drill: {every: 1d, max-age: 30d, rto: 30min}\n';
  const [row] = await covered([db], [point(2)], { plan, drills: [drill] });
  expect([row?.unproved, row?.proved]).toEqual([unproved, proved]);
  expect(row?.restoreSeconds).toEqual({ p50: 60, p95: 60, count: 1 });
});

test('a volume that is saved with its server is covered by the entry of that', async () => {
  const entries = '  - {name: shops, select: shop, kinds: [server], every: 1d}\n';
  const away = resource('volume', 'away');
  const coverage = await covered([shop, db, away], [point(2, shop)], { entries });
  expect(coverage.map(({ name, status, entry, why }) => [name, status, entry, why])).toEqual([
    ['shop', 'covered', 'shops', '2 h old, every 1d'],
    ['db', 'covered', 'shops', 'with server "shop": 2 h old, every 1d'],
    ['away', 'uncovered', '', 'no entry of the plan matches it'],
  ]);
  const stale = await covered([shop, db], [], { entries });
  expect(stale.map(({ status }) => status)).toEqual(['stale', 'stale']);
});

test('a disk fails with its server, whatever that is called, and for the same reason', async () => {
  const entries = '  - {name: shops, select: all, kinds: [server], every: 1d}\n';
  const odd = { ...shop, name: 'shop; old' };
  const failures: [string, number, string][] = [[`server ${shop.id}`, 1, 'no room']];
  const coverage = await covered([odd, db], [point(2, shop)], { entries, failures });
  expect(coverage.map(({ status, why, error }) => [status, why, error])).toEqual([
    ['failing', '2 h old', 'no room'],
    ['failing', 'with server "shop; old": 2 h old', 'no room'],
  ]);
  expect(coverage.map(coverageRecord).map((row) => [row.why, 'error' in row])).toEqual([
    ['2 h old; no room', false],
    ['with server "shop; old": 2 h old; no room', false],
  ]);
});

describe('the key of what is encrypted', () => {
  test.each<[string, Resource, readonly string[]]>([
    [
      'of a volume that an entry matches is told with it',
      resource('secret', 'key', { id: 's-key', name: '' }),
      ['volume'],
    ],
    [
      'of nothing that is here needs an entry of its own',
      resource('secret', 'other', { name: '' }),
      ['secret', 'volume'],
    ],
  ])('%s', async (_, secret, kinds) => {
    const entries = '  - {name: by name, select: "name:vault", kinds: [volume, secret], every: 1d}\n';
    const plan =
      'store: "directory:/mnt"\nrecipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]\n';
    const coverage = await covered([secret, vault], [], { plan, entries });
    expect(coverage.map(({ kind }) => kind).sort()).toEqual(kinds);
  });

  test.each<[string, readonly SavedPoint[], Coverage['key']]>([
    ['is not saved by a backup', [point(1, vault, { key: 'unsaved' })], 'unsaved'],
    ['is saved with an image', [point(1, vault, { key: 'saved' })], 'saved'],
    [
      'is saved by an older point',
      [point(1, vault, { key: 'unsaved' }), point(99, vault, { key: 'saved' })],
      'saved',
    ],
    ['is saved by itself', [point(1, resource('secret', 'key'))], 'saved'],
    ['is not saved by what is broken', [point(1, vault, { key: 'saved', good: false })], 'unsaved'],
    ['is not that of another', [point(1, db, { key: 'saved' })], 'unsaved'],
  ])('%s', async (_, points, key) => {
    expect((await covered([vault], points))[0]?.key).toBe(key);
    expect((await covered([db], points))[0]?.key).toBeUndefined();
  });
});

test('how far its chain is', async () => {
  const uuid = (digit: string) => `${digit.repeat(8)}-1111-4111-8111-111111111111`;
  const metadata = {
    'openstack-backup:run': uuid('1'),
    'openstack-backup:point': uuid('2'),
    'openstack-backup:chain': uuid('3'),
    'openstack-backup:position': '5',
  };
  const backup = {
    id: 'b',
    volumeId: 'v-db',
    status: 'available',
    dataTimestamp: '2026-11-25T00:00:00.000Z',
  };
  expect((await covered([db], [], { backups: [{ ...backup, metadata }] }))[0]?.chain).toBe('6 of 7');
  expect((await covered([db], [], { backups: [{ ...backup, metadata: {} }] }))[0]?.chain).toBeUndefined();
});

describe('what makes a report red', () => {
  const made = async () => [
    ...(await covered([db], [])),
    ...(await covered([vault], [point(1, vault)])),
    ...(await covered([resource('image', 'golden')], [])),
    ...(await covered([vault], [], { plan: EXCLUDED.replace('db', 'vault') })),
  ];

  test.each<[PlanFile['failOn'], [string, number][]]>([
    [['stale'], [['stale', 1]]],
    [
      ['uncovered', 'stale', 'failing'],
      [
        ['uncovered', 1],
        ['stale', 1],
      ],
    ],
    [['unsaved-key'], [['unsaved-key', 1]]],
    [['failing'], []],
    [[], []],
  ])('%j: %j', async (failOn, counts) => {
    expect([...failuresIn(await made(), failOn)]).toEqual(counts);
  });
});

describe('how many nights the quota is enough for', () => {
  const limit = (used: number, max: number) => ({ used, max });

  test.each<[string, string, readonly Resource[], object, (number | undefined)[]]>([
    ['a volume a day', 'every: 1d', [db], { backups: limit(7, 10) }, [1, 3]],
    ['four a day', 'every: 6h', [db], { backups: limit(7, 10) }, [4, 0]],
    ['one a week', 'every: 7d', [db], { backups: limit(7, 10) }, [0.14, 21]],
    [
      'a server, whose disks are saved with it',
      'every: 1d',
      [shop, db, vault],
      { backups: limit(0, 10) },
      [2, 5],
    ],
    ['gigabytes', 'every: 1d', [db, vault], { backup_gigabytes: limit(900, 1000) }, [20, 5]],
    ['no limit', 'every: 1d', [db], { backups: limit(900, -1) }, [1, undefined]],
    ['more than there is', 'every: 1d', [db], { backups: limit(12, 10) }, [1, 0]],
    ['images, which need none', 'every: 1d, method: image', [db], { backups: limit(9, 10) }, [0, undefined]],
  ])('%s', async (_, entry, resources, quota, [perNight, nights]) => {
    const plan = await planOf('', `  - {name: all, select: all, ${entry}}\n`);
    const { assignments } = assign(plan, resources, NOW);
    expect(quotaLeft(plan, assignments, quota)).toEqual([expect.objectContaining({ perNight, nights })]);
  });
});

describe('whether the quota is enough in the long run', () => {
  const keep = 'keep: {daily: 7}\n';
  const doubtsOf = async (resources: readonly Resource[], quota: object, plan = keep, foreign = 0) => {
    const read = await planOf(plan);
    const { assignments } = assign(read, resources, NOW);
    return quotaDoubts(read, assignments, quota, { backups: foreign, gigabytes: foreign * 10 }, NOW);
  };

  test.each<[string, readonly Resource[], object, string, number]>([
    ['what fits', [db], { backups: { used: 0, max: 14 } }, keep, 0],
    ['no limit', [db], { backups: { used: 0, max: -1 } }, keep, 0],
    ['none that is told', [db], {}, keep, 0],
    ['nothing that makes backups', [resource('image', 'golden')], { backups: { used: 0, max: 1 } }, keep, 0],
    ['no keep, which is told otherwise', [db], { backups: { used: 0, max: 1 } }, '', 0],
  ])('%s is not warned of', async (_, resources, quota, plan, foreign) => {
    expect(await doubtsOf(resources, quota, plan, foreign)).toEqual([]);
  });

  test('a server counts its volumes, once each, and backups of others count too', async () => {
    expect(await doubtsOf([shop, db, vault], { backups: { used: 0, max: 28 } })).toEqual([]);
    expect(await doubtsOf([shop, db, vault], { backups: { used: 0, max: 27 } })).toEqual([
      'the quota will not be enough: this plan comes to 28 backups, and 27 are allowed ("all" keeps up to 13 of each of 2). Lower keep or max-chain, or ask the operator for more',
    ]);
    expect(await doubtsOf([shop, db, vault], { backups: { used: 0, max: 28 } }, keep, 1)).toHaveLength(1);
    expect(await doubtsOf([db], { backup_gigabytes: { used: 0, max: 139 } })).toEqual([
      expect.stringContaining('this plan comes to 140 GB of backups, and 139 are allowed'),
    ]);
  });
});

describe('with a backup under way', () => {
  const BEGUN = 'being backed up since 2026-11-26 01:00 UTC by an earlier run (backup b-1)';

  test('the newest good point counts, and an error is told all the same', async () => {
    const fresh = await covered([db], [point(25)], { underWay: 1 });
    expect(fresh).toMatchObject([{ status: 'covered', why: `25 h old, every 1d, ${BEGUN}` }]);
    const old = await covered([db], [point(60)], { underWay: 1 });
    expect(old).toMatchObject([{ status: 'stale', why: `2 d 12 h old, every 1d, ${BEGUN}` }]);
    expect(failuresIn(old, ['stale']).get('stale')).toBe(1);
    const [failing] = await covered([db], [point(25)], {
      underWay: 1,
      failures: [[`volume ${db.id}`, 2, 'no; disk']],
    });
    expect(failing).toMatchObject({ status: 'failing', why: `25 h old, ${BEGUN}`, error: 'no; disk' });
  });

  test('a first one is red only when it is older than max-age', async () => {
    const young = await covered([db], [], { underWay: 1 });
    expect(young).toMatchObject([{ status: 'stale', why: `never saved, every 1d, ${BEGUN}` }]);
    expect(failuresIn(young, ['stale', 'uncovered', 'failing']).size).toBe(0);
    const hanging = await covered([db], [], { underWay: 40 });
    expect(failuresIn(hanging, ['stale']).get('stale')).toBe(1);
  });
});

test('the deepest that a good point was verified is told, and how old the newest such point is', async () => {
  const points = [
    point(1),
    point(2, db, { verified: 'L1a' }),
    point(30, db, { verified: 'L2' }),
    point(80, db, { verified: 'L2' }),
    point(10, db, { verified: 'L2', good: false }),
  ];
  expect((await covered([db], points))[0]).toMatchObject({ verified: 'L2, 30 h old' });
  expect((await covered([db], [point(1)]))[0]).not.toHaveProperty('verified');
});
