import { describe, expect, test } from '@jest/globals';
import { POINT_PROPERTY } from '../../../src/catalog/kept-image.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import type { Wishes } from '../../../src/prune/decide.ts';
import { planPrune } from '../../../src/prune/plan.ts';
import { keyOf, type Saved } from '../../../src/prune/point.ts';
import { simulate } from '../../../src/prune/simulate.ts';
import type { Policy } from '../../../src/retention/policy.ts';
import {
  type BackupWish,
  backupId,
  cloudBackup,
  cloudOf,
  DAY,
  NOW,
  pointId,
  recordOf,
  uuid,
  volumePoint,
} from './world.ts';

const DB = uuid(0xd, 1);
const wishes = (policy: Policy = { last: 1 }, more: Partial<Wishes> = {}): Wishes => ({
  termsOf: () => [{ policy, zone: 'UTC', minCopies: 1 }],
  allowOverHalf: true,
  accepted: new Set(),
  ...more,
});

type Night = BackupWish & { readonly point: string };

/** Backups of one volume, one a day, the oldest first, all full. */
const nights = (count: number): [Night, Night, ...Night[]] =>
  Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    volume: DB,
    time: NOW - (count - index) * DAY,
    point: pointId(index + 1),
  })) as [Night, Night, ...Night[]];

const verdictsOf = (plan: ReturnType<typeof planPrune>) =>
  plan.verdicts.map(({ keep, reasons }) => `${keep ? 'keep' : 'delete'}: ${reasons.join('; ')}`);

describe('a disk that looks encrypted', () => {
  const all = nights(8);
  const change = { used: 9, fresh: 3, packed: 3, dense: 3, jump: 'rewritten' as const };
  const since = new Date(all[1].time + 60_000).toISOString();
  const kept = (jumped: Saved['change'], accepted: ReadonlySet<string> = new Set()) => {
    const points = all.map((night, index) => ({
      ...volumePoint(night),
      ...(index === 5 && { change: jumped }),
    }));
    const cloud = cloudOf(points, { backups: all.map(cloudBackup) });
    const plan = planPrune(recordOf(points), cloud, wishes({ last: 1 }, { accepted }), NOW);
    return plan.verdicts.filter(({ keep }) => keep).map(({ point }) => point.id);
  };

  test('keeps the last point before it, and if it came little by little, the last one before it began', () => {
    const [first, before, struck, last] = [2, 5, 6, 8].map(pointId);
    expect(kept(change)).toEqual([last, struck, before]);
    const slowly = { ...change, slowly: { since, bytes: 5 } };
    expect(kept(slowly)).toEqual([last, struck, before, first]);
    expect(kept({ ...change, slowly: { since: '', bytes: 5 } })).toEqual([last, struck, before]);
    expect(kept(slowly, new Set([pointId(6)]))).toEqual([last]);
    expect(kept(slowly, new Set([pointId(5), DB]))).toEqual([last, struck, before, first]);
  });
});

describe('what no rule keeps goes', () => {
  const all = nights(3);
  const points = all.map(volumePoint);
  const cloud = cloudOf(points, { backups: all.map(cloudBackup) });

  test('with reasons, the newest first', () => {
    expect(verdictsOf(planPrune(recordOf(points), cloud, wishes(), NOW))).toEqual([
      'keep: last 1 of 1; newest good point',
      'delete: no rule keeps it',
      'delete: no rule keeps it',
    ]);
  });

  test('over half of them only where somebody agrees', () => {
    const careful = planPrune(recordOf(points), cloud, wishes({ last: 1 }, { allowOverHalf: false }), NOW);
    expect(careful.deletions).toEqual([]);
    expect(careful.held).toEqual([
      `of volume "${DB}" (${DB}) 2 of 3 points would be deleted, more than half: \`allow-over-half: true\` allows that`,
    ]);
  });

  test('not where two nights had two runs: what goes then goes in turn', () => {
    // Chains of two; the second run of a night begins a moment after the first.
    const made = [
      { day: 4, chain: 1, position: 0 },
      { day: 3, chain: 1, position: 1 },
      { day: 3, chain: 3, position: 0, late: 1 },
      { day: 2, chain: 3, position: 1 },
      { day: 2, chain: 5, position: 0, late: 1 },
      { day: 1, chain: 5, position: 1 },
    ];
    const all = made.map(({ day, chain, position, late = 0 }, index) => ({
      number: index + 1,
      volume: DB,
      time: NOW - day * DAY + late * 60_000,
      point: pointId(index + 1),
      chain,
      position,
      ...(position === 0 ? {} : { parent: backupId(index) }),
    }));
    const points = all.map(volumePoint);
    const cloud = cloudOf(points, { backups: all.map(cloudBackup) });
    const careful = (policy: Policy) => wishes(policy, { allowOverHalf: false });
    const plan = planPrune(recordOf(points), cloud, careful({ daily: 2 }), NOW);
    expect(plan.held).toEqual([]);
    expect(plan.going.map(({ point }) => point.id)).toEqual([4, 3, 2, 1].map(pointId));
    // A rule that would never have kept them is another matter.
    expect(planPrune(recordOf(points), cloud, careful({ last: 1 }), NOW).held).toHaveLength(1);
  });

  test('which is counted of what is there: what is lost does not hold the others', () => {
    const five = nights(5);
    const points = five.map(volumePoint);
    const backups = five.slice(2).map(cloudBackup);
    const lost = new Set([1, 2].map((number) => `backup ${backupId(number)}`));
    const careful = wishes({ last: 2 }, { allowOverHalf: false });
    const plan = planPrune(recordOf(points), { ...cloud, backups, lost }, careful, NOW);
    expect(plan.held).toEqual([]);
    expect(plan.deletions.flatMap(({ things }) => things.map(({ data }) => keyOf(data)))).toEqual([
      `backup ${backupId(3)}`,
    ]);
  });

  test('what was pruned from a store that nobody looked at is not shown again', () => {
    const payload: Saved = {
      ...volumePoint(nights(3)[0]),
      data: { kind: 'payload', name: 'p', size: 1 },
      pruned: '2026-11-20T00:00:00Z',
    };
    const shown = (stored: ReadonlySet<string> | undefined) =>
      planPrune(recordOf([payload]), { ...cloud, stored }, wishes(), NOW).verdicts.length;
    expect([shown(undefined), shown(new Set()), shown(new Set(['p']))]).toEqual([0, 0, 1]);
  });

  test('the digest is of what goes, whatever else is there', () => {
    const digest = (count: number, extra: readonly Saved[] = []) =>
      planPrune(recordOf([...points, ...extra]), cloud, wishes({ last: count }), NOW).digest;
    expect(digest(2)).toBe(digest(2));
    expect(digest(2)).not.toBe(digest(1));
    const foreign = volumePoint({ number: 9, volume: uuid(0xd, 9), time: NOW - DAY });
    expect(digest(2, [foreign])).toBe(digest(2));
  });

  test.each([
    ['its tags are those of another', { metadata: cloudBackup({ ...nights(3)[1], number: 2 }).metadata }],
    ['its tags are copies of its own', { metadata: cloudBackup({ ...nights(3)[0], number: 7 }).metadata }],
    [
      'its tags are of another point',
      { metadata: cloudBackup({ ...nights(3)[0], point: pointId(9) }).metadata },
    ],
    [
      'its tags do not name it',
      {
        metadata: Object.fromEntries(
          Object.entries(cloudBackup(nights(3)[0]).metadata).filter(([, value]) => value !== backupId(1)),
        ),
      },
    ],
    ['its tags are gone', { metadata: {} }],
    ['it is of another volume', { volumeId: uuid(0xd, 7) }],
    ['it is being restored', { status: 'restoring' }],
    ['it is being made', { status: 'creating' }],
    ['a backup that nobody knows needs it', { hasDependents: true }],
    ['the cloud has a word of its own for it', { status: 'odd' }],
  ])('but not where %s', (_why, change) => {
    const backups = all
      .map(cloudBackup)
      .map((backup, index) => (index === 0 ? { ...backup, ...change } : backup));
    const plan = planPrune(recordOf(points), { ...cloud, backups }, wishes(), NOW);
    expect(plan.deletions.flatMap(({ things }) => things.map(({ data }) => keyOf(data)))).toEqual([
      `backup ${backupId(2)}`,
    ]);
  });

  test('nor from a store that nobody looked at', () => {
    const payloads = points.map(
      (point, index): Saved => ({
        ...point,
        data: { kind: 'payload', name: `p${index}`, size: 1 },
      }),
    );
    const goingFrom = (stored: ReadonlySet<string> | undefined) =>
      planPrune(recordOf(payloads), { ...cloud, stored }, wishes(), NOW).going.length;
    expect([goingFrom(undefined), goingFrom(new Set(['p0', 'p1', 'p2']))]).toEqual([0, 2]);
  });

  test('the digest says which data goes, and which manifests', () => {
    const digest = (more: Partial<ReturnType<typeof recordOf>>) =>
      planPrune(recordOf([...points, done], more), cloud, wishes(), NOW).digest;
    const done: Saved = {
      ...volumePoint({ number: 30, volume: DB, time: NOW - 30 * DAY }),
      pruned: '2026-11-20T00:00:00Z',
    };
    const [first] = points as [Saved, ...Saved[]];
    const needed = new Set(first.data === undefined ? [] : [keyOf(first.data)]);
    const run = {
      id: uuid(1, 1),
      tool: '',
      started: '2026-10-01T00:00:00Z',
      finished: '2026-10-01T00:00:00Z',
    };
    const manifest = { run, restorePoints: [{ id: done.id }], failed: [] } as unknown as Manifest;
    const sources = [{ manifest, references: ['/backups/30'] }];
    expect(new Set([digest({}), digest({}), digest({ elsewhere: needed }), digest({ sources })]).size).toBe(
      3,
    );
  });

  test.each([
    ['gone', new Map([[`volume ${DB}`, 'gone' as const]]), 'what was saved is gone from the cloud'],
    ['unknown', new Map(), 'the cloud does not show whether it still exists'],
  ])('nothing of a resource that is %s', (_how, presence, reason) => {
    const plan = planPrune(recordOf(points), { ...cloud, presence }, wishes(), NOW);
    expect(verdictsOf(plan)).toEqual(points.map(() => `keep: ${reason}`));
  });

  test('nothing of a resource whose last run failed', () => {
    const failures = new Map([[`volume ${DB}`, NOW]]);
    expect(verdictsOf(planPrune(recordOf(points, { failures }), cloud, wishes(), NOW))).toEqual(
      points.map(() => 'keep: its last backup failed'),
    );
  });

  test('no disk on which the cloud is at work, although its server was pruned and nobody asked for it', () => {
    const [disk] = points as [Saved, ...Saved[]];
    const server: Saved = {
      ...disk,
      id: pointId(50),
      kind: 'server',
      resource: uuid(5, 1),
      data: undefined,
      needs: [disk.id],
      pruned: '2026-11-20T00:00:00Z',
    };
    const busy = { ...cloud, backups: cloud.backups.map((one) => ({ ...one, status: 'deleting' })) };
    const none = wishes({ last: 1 }, { termsOf: () => [] });
    expect(verdictsOf(planPrune(recordOf([server, disk]), busy, none, NOW))).toEqual(['keep: not finished']);
    expect(verdictsOf(planPrune(recordOf([server, disk]), cloud, none, NOW))).toEqual([
      'delete: nothing needs it',
    ]);
  });

  test('what an earlier run recorded and did not live to delete', () => {
    const [first, ...more] = points as [Saved, ...Saved[]];
    const again = [{ ...first, pruned: '2026-11-20T00:00:00Z' }, ...more];
    const plan = planPrune(recordOf(again), cloud, wishes({ last: 2 }), NOW);
    expect(verdictsOf(plan).at(-1)).toBe('delete: pruned on 2026-11-20, but its data still exists');
    const done = { ...cloud, backups: cloud.backups.slice(1) };
    expect(planPrune(recordOf(again), done, wishes({ last: 2 }), NOW).verdicts).toHaveLength(2);
  });
});

describe('a chain', () => {
  const [full, one, two, next] = nights(4) as [Night, Night, Night, Night];
  const chain = [
    { ...full, hasDependents: true },
    { ...one, chain: 1, position: 1, parent: backupId(1), hasDependents: true },
    { ...two, chain: 1, position: 2, parent: backupId(2) },
  ];
  const all = [...chain, next];
  const cloud = cloudOf(all.map(volumePoint), { backups: all.map(cloudBackup) });

  test('goes whole, the newest first', () => {
    const { deletions } = planPrune(recordOf(all.map(volumePoint)), cloud, wishes(), NOW);
    expect(deletions.map(({ things }) => things.map(({ data }) => keyOf(data)))).toEqual([
      [3, 2, 1].map((number) => `backup ${backupId(number)}`),
    ]);
  });

  test('stays while one of it does', () => {
    const plan = planPrune(recordOf(all.map(volumePoint)), cloud, wishes({ last: 2 }), NOW);
    expect(plan.going).toEqual([]);
    expect(verdictsOf(plan)[3]).toMatch(/^keep: in the chain of volume ".*" of 2026-11-2\dT06:00:00Z$/);
  });

  test.each([
    ['of ours, which no manifest names', pointId(9), /which no manifest here names, is in its chain/],
    ['of somebody else', undefined, /not made by openstack-backup, needs its chain/],
  ])('stays while a backup %s stands on it', (_whose, point, reason) => {
    const top = cloudBackup({
      number: 9,
      volume: DB,
      time: two.time + 1000,
      incremental: true,
      ...(point === undefined ? {} : { point, chain: 1, position: 3, parent: backupId(3) }),
    });
    const backups = [...all.map(cloudBackup), top].map((backup) =>
      backup.id === backupId(3) ? { ...backup, hasDependents: true } : backup,
    );
    const plan = planPrune(recordOf(all.map(volumePoint)), { ...cloud, backups }, wishes(), NOW);
    expect(plan.going).toEqual([]);
    expect(verdictsOf(plan)[3]).toMatch(reason);
  });

  test('stays while a backup of ours is in it, although what that stands on is gone', () => {
    const backups = all.map((wish) => cloudBackup({ ...wish, hasDependents: false }));
    const stray = { number: 9, volume: DB, time: two.time + 1000, point: pointId(9), chain: 1, position: 4 };
    const torn = [...backups, cloudBackup({ ...stray, parent: backupId(77) })];
    const plan = planPrune(recordOf(all.map(volumePoint)), { ...cloud, backups: torn }, wishes(), NOW);
    expect(plan.going).toEqual([]);
    expect(verdictsOf(plan)[3]).toMatch(/which no manifest here names, is in its chain/);
  });

  test('stays where its full backup has dependents, and those that are known are gone', () => {
    const known = [chain[0], { ...one, chain: 1, position: 1, parent: backupId(1) }, next] as Night[];
    const backups = known.filter(({ number }) => number !== one.number).map(cloudBackup);
    const lost = new Set([`backup ${backupId(2)}`]);
    const points = known.map(volumePoint);
    const plan = planPrune(recordOf(points), { ...cloud, backups, lost }, wishes(), NOW);
    expect(plan.deletions).toEqual([]);
    expect(verdictsOf(plan)[2]).toContain(`an unknown backup needs backup ${backupId(1)}, in its chain`);
  });

  test('of one moment goes by its order all the same', () => {
    const at = { time: full.time, volume: DB };
    const same = [
      { ...full, ...at },
      { ...one, ...at, chain: 1, position: 1, parent: backupId(1) },
      { ...two, ...at, chain: 1, position: 2, parent: backupId(2) },
      next,
    ];
    const points = same.map(volumePoint);
    for (const listed of [points, points.toReversed()]) {
      const seen = cloudOf(points, { backups: same.map(cloudBackup) });
      const { deletions } = planPrune(recordOf(listed), seen, wishes(), NOW);
      expect(deletions.map(({ things }) => things.map(({ data }) => keyOf(data)))).toEqual([
        [3, 2, 1].map((number) => `backup ${backupId(number)}`),
      ]);
    }
  });

  describe('of which no manifest names the full backup', () => {
    const increment: Night = { ...two, chain: 8, position: 1, parent: backupId(8) };
    const below = { number: 8, volume: DB, time: full.time, point: pointId(8) };
    const verdicts = (nightsOf: readonly Night[], of: { below?: string; lost?: boolean }) => {
      const points = nightsOf.map(volumePoint);
      const backups = [
        ...nightsOf.map(cloudBackup),
        ...(of.below === undefined ? [] : [cloudBackup({ ...below, status: of.below })]),
      ];
      const lost = new Set(of.lost === true ? [`backup ${backupId(8)}`] : []);
      return verdictsOf(planPrune(recordOf(points), cloudOf(points, { backups, lost }), wishes(), NOW));
    };

    test('stays where the cloud does not show that', () => {
      expect(verdicts([increment, next], {})[1]).toBe('keep: cannot tell whether everything it needs exists');
    });

    test('goes where that is gone, and something newer is good', () => {
      expect(verdicts([increment, next], { lost: true })[1]).toBe(
        'delete: it cannot be restored, and a newer point is good',
      );
    });

    test('fills no place where that failed', () => {
      const [newest, older] = verdicts([full, increment], { below: 'error' });
      expect(newest).toContain('cannot tell whether everything it needs exists');
      expect(older).toBe('keep: last 1 of 1; newest good point');
      const good = verdicts([full, increment], { below: 'available' });
      expect(good[1]).toBe('delete: no rule keeps it');
    });
  });

  test('of which the middle is lost fills no place, and what is left of it goes', () => {
    const backups = all
      .map((wish) => cloudBackup({ ...wish, hasDependents: false }))
      .filter(({ id }) => id !== backupId(2));
    const lost = new Set([`backup ${backupId(2)}`]);
    const plan = planPrune(
      recordOf(all.map(volumePoint)),
      { ...cloud, backups, lost },
      wishes({ last: 2 }),
      NOW,
    );
    expect(verdictsOf(plan)).toEqual([
      'keep: last 1 of 2; newest good point',
      expect.stringMatching(/^keep: in the chain of/),
      expect.stringMatching(/^keep: in the chain of/),
      'keep: last 2 of 2',
    ]);
  });
});

describe('what a point needs stays', () => {
  const all = nights(3);
  const points = all.map((night) => volumePoint({ ...night, name: 'data' }));
  const shop: Saved = {
    ...volumePoint({ number: 50, volume: uuid(0xe, 1), time: NOW - 3 * DAY, name: 'shop' }),
    kind: 'server',
    data: undefined,
    needs: [pointId(1)],
  };
  const key: Saved = {
    ...volumePoint({ number: 60, volume: uuid(0xf, 1), time: NOW - 3 * DAY, name: 'key' }),
    kind: 'secret',
    data: { kind: 'payload', name: 'secret-1.age', size: 9 },
    isPart: true,
  };

  test('a disk of a server', () => {
    const cloud = cloudOf([...points, shop], { backups: all.map(cloudBackup) });
    const plan = planPrune(recordOf([...points, shop]), cloud, wishes(), NOW);
    expect(verdictsOf(plan).at(-1)).toBe('keep: needed by server "shop" of 2026-11-23T06:00:00Z');
    expect(plan.going.map(({ point }) => point.id)).toEqual([pointId(2)]);
  });

  test('a key as long as what it opens, and no longer', () => {
    const stored = new Set(['secret-1.age']);
    const of = (at: number) =>
      points.map((point, index) => (index === at ? { ...point, needs: [key.id] } : point));
    const cloud = cloudOf(points, { backups: all.map(cloudBackup), stored });
    const kept = planPrune(recordOf([...of(2), key]), cloud, wishes(), NOW);
    expect(verdictsOf(kept).at(-1)).toBe('keep: needed by volume "data" of 2026-11-25T06:00:00Z');
    const gone = planPrune(recordOf([...of(0), key]), cloud, wishes(), NOW);
    expect(verdictsOf(gone).at(-1)).toBe('delete: nothing needs it');
  });

  test('data that a point of another project names', () => {
    const image = { ...volumePoint(all[0]), data: { kind: 'payload', name: 'p', size: 1 } } as const;
    const cloud = cloudOf(points, { backups: all.map(cloudBackup), stored: new Set(['p']) });
    const record = recordOf([image, ...points.slice(1)], { elsewhere: new Set(['payload p']) });
    const plan = planPrune(record, cloud, wishes(), NOW);
    expect(plan.deletions.flatMap(({ things }) => things.map(({ data }) => keyOf(data)))).toEqual([
      `backup ${backupId(2)}`,
    ]);
  });
});

describe('who asks for servers only', () => {
  const all = nights(3);
  const points = all.map((night) => volumePoint({ ...night, name: 'data' }));
  const server = (number: number, disk: number): Saved => ({
    ...volumePoint({ number, volume: uuid(0xe, 1), time: NOW - (4 - disk) * DAY, name: 'shop' }),
    kind: 'server',
    data: undefined,
    needs: [pointId(disk)],
  });
  const servers = { termsOf: ({ kind }: Saved) => (kind === 'server' ? wishes().termsOf(shop) : []) };
  const shop = server(51, 3);

  test('means their disks with them, and no other volume', () => {
    const record = recordOf([...points, server(50, 1), shop]);
    const cloud = cloudOf(record.points, { backups: all.map(cloudBackup) });
    const plan = planPrune(record, cloud, wishes({ last: 1 }, servers), NOW);
    expect(plan.going.map(({ point, reasons }) => [point.id, ...reasons])).toEqual([
      [pointId(50), 'no rule keeps it'],
      [pointId(1), 'nothing needs it'],
    ]);
    expect(plan.verdicts.find(({ point }) => point.id === pointId(2))?.reasons).toEqual(['not selected']);
  });
});

describe('servers and their disks, each by its own rules', () => {
  const all = nights(7);
  const disks = all.map((night) => volumePoint({ ...night, name: 'data' }));
  const server = (number: number): Saved => ({
    ...volumePoint({
      number: 50 + number,
      volume: uuid(0xe, 1),
      time: NOW - (8 - number) * DAY,
      name: 'shop',
    }),
    kind: 'server',
    data: undefined,
    needs: [pointId(number)],
  });
  const servers = [1, 2, 3].map(server);
  const record = recordOf([...disks, ...servers]);
  const cloud = cloudOf(record.points, { backups: all.map(cloudBackup) });
  const rules = (last: number, allowOverHalf: boolean): Wishes => ({
    termsOf: ({ kind }) => [{ policy: { last: kind === 'server' ? 1 : last }, zone: 'UTC', minCopies: 1 }],
    allowOverHalf,
    accepted: new Set(),
  });
  const going = (last: number, allowOverHalf: boolean) =>
    planPrune(record, cloud, rules(last, allowOverHalf), NOW).going.map(({ point: { id } }) => id);

  test('a disk stays by its own rule where its server goes', () => {
    expect(going(7, true)).toEqual([pointId(52), pointId(51)]);
    expect(going(5, true)).toEqual([pointId(52), pointId(51), pointId(2), pointId(1)]);
  });

  test('servers that are held back, as over half would go, keep their disks', () => {
    expect(going(5, false)).toEqual([]);
  });
});

test('what two entries of a plan ask of a resource is judged for each way by itself', () => {
  const all = nights(2);
  const image: Saved = {
    ...volumePoint({ number: 40, volume: DB, time: NOW - 3600_000 }),
    data: { kind: 'payload', name: 'p', size: 1 },
  };
  const points = [...all.map(volumePoint), image];
  const cloud = cloudOf(points, { backups: all.map(cloudBackup), stored: new Set(['p']) });
  const [one] = wishes().termsOf(image);
  const both = one === undefined ? [] : [one, one];
  expect(planPrune(recordOf(points), cloud, wishes(), NOW).going).toHaveLength(2);
  const plan = planPrune(recordOf(points), cloud, wishes({ last: 1 }, { termsOf: () => both }), NOW);
  expect(plan.going.map(({ point }) => point.id)).toEqual([pointId(1)]);
});

describe('an image that is a backup', () => {
  const old: Saved = {
    ...volumePoint(nights(2)[0]),
    data: { kind: 'image', id: uuid(7, 1) },
  };
  const newer = nights(2)[1];
  const image = {
    id: uuid(7, 1),
    status: 'active',
    protected: false,
    properties: { [POINT_PROPERTY]: old.id },
  };
  const planWith = (change: object, more: object = {}) =>
    planPrune(
      recordOf([old, volumePoint(newer)]),
      cloudOf([old], { backups: [cloudBackup(newer)], images: [{ ...image, ...change }], ...more }),
      wishes(),
      NOW,
    );

  test('goes where it bears the record of that point', () => {
    expect(planWith({}).deletions.map(({ things }) => things.map(({ data }) => keyOf(data)))).toEqual([
      [`image ${uuid(7, 1)}`],
    ]);
  });

  test.each([
    ['without the record', { properties: {} }, {}],
    ['with the record of another', { properties: { [POINT_PROPERTY]: pointId(9) } }, {}],
    ['that is deactivated', { status: 'deactivated' }, {}],
    ['while a volume is made of one', {}, { readsImages: true }],
  ])('stays %s', (_how, change, more) => {
    expect(planWith(change, more).going).toEqual([]);
  });

  test("a user's own image is never deleted", () => {
    const kept: Saved = { ...old, kind: 'image', data: undefined, image: uuid(7, 1) };
    const plan = planPrune(
      recordOf([kept, { ...kept, id: pointId(8), time: NOW - 5 * DAY }]),
      cloudOf([kept]),
      wishes(),
      NOW,
    );
    expect([plan.going.length, plan.deletions]).toEqual([1, []]);
  });
});

describe('simulated', () => {
  const terms = { policy: { daily: 7, weekly: 4 }, zone: 'UTC', minCopies: 2 };

  test('full backups only: seven days and the weeks before', () => {
    const { days, peak } = simulate(terms, 400, 1, NOW);
    expect([days.length, Math.max(...days.slice(60)), peak]).toEqual([400, 10, 11]);
  });

  test('chains hold more than the rules', () => {
    const { days, peak } = simulate(terms, 400, 7, NOW);
    expect(peak).toBeGreaterThan(20);
    expect(peak).toBeGreaterThanOrEqual(Math.max(...days));
  });
});

describe('few points and long chains, night after night, and nobody to agree', () => {
  /** Chains of seven, as the default is. */
  const chained = (night: number): Night => {
    const [chain, position] = [Math.floor(night / 7), night % 7];
    const time = NOW + night * DAY;
    const parent = position === 0 ? undefined : backupId(night);
    return { number: night + 1, volume: DB, time, chain, position, parent, point: pointId(night + 1) };
  };

  function live(policyOf: (night: number) => Policy, prunes: (night: number) => boolean, count: number) {
    let there: Night[] = [];
    const held: number[] = [];
    const counts = Array.from({ length: count }, (_, night) => {
      there = [...there, chained(night)];
      if (!prunes(night)) return there.length;
      const points = there.map(volumePoint);
      const careful = { ...wishes(), allowOverHalf: false };
      const termsOf = () => [{ policy: policyOf(night), zone: 'UTC', minCopies: 2 }];
      const cloud = cloudOf(points, { backups: there.map(cloudBackup) });
      const plan = planPrune(recordOf(points), cloud, { ...careful, termsOf }, NOW + night * DAY + 1);
      if (plan.held.length > 0) held.push(night);
      const gone = new Set(plan.going.map(({ point }) => point.id));
      there = there.filter(({ point }) => !gone.has(point));
      return there.length;
    });
    return { counts, held };
  }

  test.each([1, 2, 3, 5])('last %i: a chain goes when the next one has come far enough', (last) => {
    const terms = { policy: { last }, zone: 'UTC', minCopies: 2 };
    expect(
      live(
        () => ({ last }),
        () => true,
        60,
      ),
    ).toEqual({
      counts: simulate(terms, 60, 7, NOW).days,
      held: [],
    });
  });

  test('also after nights on which nothing could be deleted', () => {
    const { counts, held } = live(
      () => ({ daily: 3 }),
      (night) => night % 11 > 2,
      100,
    );
    const terms = { policy: { daily: 3 }, zone: 'UTC', minCopies: 2 };
    expect(held).toEqual([]);
    expect(Math.max(...counts)).toBeLessThanOrEqual(simulate(terms, 100, 7, NOW).peak + 3);
  });

  test('but not a chain whose full backup is broken: an operator may repair it', () => {
    const there = Array.from({ length: 8 }, (_, night) => chained(night));
    const points = there.map(volumePoint);
    const plan = (status: string) => {
      const [full, ...more] = there.map(cloudBackup);
      const backups = full === undefined ? [] : [{ ...full, status }, ...more];
      const termsOf = () => [{ policy: { last: 1 }, zone: 'UTC', minCopies: 1 }];
      const careful = { ...wishes(), allowOverHalf: false, termsOf };
      return planPrune(recordOf(points), cloudOf(points, { backups }), careful, NOW + 7 * DAY + 1);
    };
    expect([plan('available').held.length, plan('available').going.length]).toEqual([0, 7]);
    expect([plan('error').held.length, plan('error').going.length]).toEqual([1, 0]);
  });

  test('but not where the rules were cut', () => {
    const { held } = live(
      (night) => (night < 27 ? { daily: 21 } : { daily: 3 }),
      () => true,
      30,
    );
    expect(held).toEqual([27, 28, 29]);
  });
});
