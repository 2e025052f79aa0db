import { describe, expect, test } from '@jest/globals';
import { type History, judge, type Point, type Terms } from '../../../src/retention/judge.ts';

const DAY = 24 * 3_600_000;
const NOW = Date.parse('2026-11-26T06:00:00Z');

const terms = (fields: Partial<Terms> = {}): Terms => ({
  policy: { last: 1 },
  zone: 'UTC',
  minCopies: 1,
  ...fields,
});

/** Named by their age in days. */
function nights(count: number, fields: (age: number) => Partial<Point> = () => ({})): Point[] {
  return Array.from({ length: count }, (_, age) => ({
    id: `${age}d`,
    time: NOW - age * DAY - 1000,
    tags: [],
    state: 'good',
    ...fields(age),
  }));
}

function kept(
  points: readonly Point[],
  fields: Partial<Terms> = {},
  resource: History['resource'] = 'present',
) {
  const { verdicts } = judge({ resource, points }, terms(fields), NOW);
  return Object.fromEntries(
    verdicts.filter(({ keep }) => keep).map(({ id, reasons }) => [id, reasons.join('; ')]),
  );
}

describe('what stays beside what the rules keep', () => {
  test('each point is told why', () => {
    expect(kept(nights(20), { policy: { daily: 3, monthly: 2 } })).toEqual({
      '0d': 'daily 1 of 3; monthly 1 of 2; newest good point',
      '1d': 'daily 2 of 3',
      '2d': 'daily 3 of 3',
      '19d': 'oldest monthly 2 of 2',
    });
  });

  test('the floor', () => {
    expect(kept(nights(5), { minCopies: 3 })).toEqual({
      '0d': 'last 1 of 1; newest good point',
      '1d': 'one of the last 3 good points',
      '2d': 'one of the last 3 good points',
    });
  });

  test('one good point, even where the floor is told to be none', () => {
    expect(kept(nights(3), { policy: { tags: [['x']] }, minCopies: 0 })).toEqual({
      '0d': 'newest good point',
    });
  });

  test('the newest verified point of each level, and no older one', () => {
    const levels: Record<number, string> = { 4: 'L1a', 5: 'L1a', 6: 'L2', 7: 'L1b', 8: 'L2' };
    const points = nights(9, (age) => (levels[age] === undefined ? {} : { verified: levels[age] }));
    expect(kept(points)).toEqual({
      '0d': 'last 1 of 1; newest good point',
      '4d': 'newest point proved to L1a',
      '6d': 'newest point proved to L2',
    });
  });

  test('a failed point fills no place, and goes once something newer is good', () => {
    const points = nights(4, (age) => (age === 0 || age === 2 ? { state: 'failed' } : {}));
    expect(kept(points, { policy: { last: 2 } })).toEqual({
      '0d': 'failed, and no newer point is good',
      '1d': 'last 1 of 2; newest good point',
      '3d': 'last 2 of 2',
    });
  });

  test('what is not finished', () => {
    expect(kept(nights(3, (age) => (age === 2 ? { state: 'running' } : {})))).toEqual({
      '0d': 'last 1 of 1; newest good point',
      '2d': 'not finished',
    });
  });

  test('a failed point that was verified once is no verified point', () => {
    expect(kept(nights(3, (age) => (age === 1 ? { state: 'failed', verified: 'L2' } : {})))).toEqual({
      '0d': 'last 1 of 1; newest good point',
    });
  });
});

describe('chains', () => {
  const chained = (age: number) => ({ chain: age < 3 ? 'b' : 'a' });

  test('stay while one of their members does', () => {
    expect(kept(nights(6, chained), { policy: { last: 4 } })).toEqual({
      '0d': 'last 1 of 4; newest good point',
      '1d': 'last 2 of 4',
      '2d': 'last 3 of 4',
      '3d': 'last 4 of 4',
      '4d': 'in the chain of 3d',
      '5d': 'in the chain of 3d',
    });
  });

  test('go as a whole', () => {
    expect(Object.keys(kept(nights(6, chained)))).toEqual(['0d', '1d', '2d']);
  });

  test("stay for a foreign increment's sake", () => {
    expect(
      kept(nights(6, (age) => ({ ...chained(age), ...(age === 4 ? { foreign: true } : {}) }))),
    ).toMatchObject({
      '3d': 'in the chain of 4d',
      '4d': 'not made by openstack-backup',
      '5d': 'in the chain of 4d',
    });
  });

  test('are not held by a failed increment', () => {
    const points = nights(6, (age) => ({
      ...chained(age),
      ...(age === 3 ? { state: 'failed' as const } : {}),
    }));
    expect(Object.keys(kept(points))).toEqual(['0d', '1d', '2d']);
  });
});

describe('resources from which nothing goes', () => {
  test.each([
    ['failing', 'its last backup failed'],
    ['gone', 'what was saved is gone from the cloud'],
    ['unknown', 'the cloud does not show whether it still exists'],
  ] as const)('%s', (resource, reason) => {
    expect(kept(nights(3), {}, resource)).toEqual({ '0d': reason, '1d': reason, '2d': reason });
  });

  test('gone, until the time is over that was told', () => {
    const old = nights(100).slice(89);
    const reason = 'what was saved is gone from the cloud, and its newest point is not 90d old';
    expect(new Set(Object.values(kept(old, { gone: '90d' }, 'gone')))).toEqual(new Set([reason]));
    expect(judge({ resource: 'gone', points: old.slice(1) }, terms({ gone: '90d' }), NOW)).toMatchObject({
      verdicts: Array.from({ length: 10 }, () => ({ keep: false })),
      confirm: undefined,
    });
  });

  test('gone, but for what is foreign or at work', () => {
    const old = nights(104, (age) => ({
      ...(age === 101 ? { foreign: true } : {}),
      ...(age === 103 ? { state: 'running' } : {}),
      ...(age > 101 ? { chain: 'c' } : {}),
    })).slice(100);
    expect(kept(old, { gone: '90d' }, 'gone')).toEqual({
      '101d': 'not made by openstack-backup',
      '102d': 'in the chain of 103d',
      '103d': 'not finished',
    });
  });

  test('one whose newest point is later than the clock', () => {
    const points = nights(4, (age) => ({ time: NOW + 6 * 60_000 - age * DAY }));
    expect(new Set(Object.values(kept(points)))).toEqual(
      new Set(['the clock is earlier than its newest point, so one of the two is wrong']),
    );
    expect(Object.keys(kept(nights(4, (age) => ({ time: NOW + 4 * 60_000 - age * DAY }))))).toEqual(['0d']);
  });
});

describe('tags', () => {
  const release = (age: number) => (age === 5 ? { tags: ['release', 'signed'] } : {});
  const policyOf = (...tags: string[][]) => ({ policy: { tags } });

  test('keep what has all of one of the lists, and the reason names them', () => {
    const points = nights(8, (age) => ({ ...release(age), ...(age === 6 ? { tags: ['pre-deploy'] } : {}) }));
    expect(kept(points, policyOf(['pre-deploy'], ['release', 'signed'], ['release', 'other']))).toEqual({
      '0d': 'newest good point',
      '5d': 'tags release, signed',
      '6d': 'tag pre-deploy',
    });
  });

  test('which no point has keep only the floor', () => {
    expect(kept(nights(8, release), { ...policyOf(['relaese']), minCopies: 2 })).toEqual({
      '0d': 'newest good point',
      '1d': 'one of the last 2 good points',
    });
  });

  test('keep the chain of a point', () => {
    const chained = (age: number) => ({ chain: age < 4 ? 'b' : 'a', ...release(age) });
    expect(kept(nights(8, chained), { policy: { last: 1, tags: [['release']] } })).toMatchObject({
      '4d': 'in the chain of 5d',
      '5d': 'tag release',
      '7d': 'in the chain of 5d',
    });
  });

  test('keep nothing that failed', () => {
    const points = nights(3, (age) => (age === 2 ? { tags: ['x'], state: 'failed' } : {}));
    expect(Object.keys(kept(points, policyOf(['x'])))).toEqual(['0d']);
  });

  test('keep a point of a resource that is gone, and its chain, when all else may go', () => {
    const old = nights(104, (age) => ({
      tags: age === 101 ? ['release'] : [],
      ...(age > 100 ? { chain: 'c' } : {}),
    })).slice(100);
    const fields = { policy: { last: 5, tags: [['release']] }, gone: '90d' };
    expect(kept(old, fields, 'gone')).toEqual({
      '101d': 'tag release',
      '102d': 'in the chain of 101d',
      '103d': 'in the chain of 101d',
    });
  });
});

test('a time counts back from the newest point that is not of the future', () => {
  const MINUTE = 60_000;
  const [ahead, newest, within] = [4, -10, -65].map((minutes) => NOW + minutes * MINUTE);
  const points = [ahead, newest, within].map((time, index) => ({
    id: `${index}`,
    time: time ?? 0,
    tags: [],
    state: 'good' as const,
  }));
  expect(Object.keys(kept(points, { policy: { within: '1h' } }))).toEqual(['0', '1', '2']);
});

test.each([
  [4, 2, undefined],
  [4, 1, '3 of 4 points would go, over half'],
])('of %d points %d stay: %s', (all, last, confirm) => {
  expect(judge({ resource: 'present', points: nights(all) }, terms({ policy: { last } }), NOW).confirm).toBe(
    confirm,
  );
});

test.each([[{}], [{ last: 0 }], [{ tags: [] }], [{ daily: 0, weekly: 0 }]])(
  'the policy %j is refused',
  (policy) => {
    expect(() => judge({ resource: 'present', points: nights(2) }, terms({ policy }), NOW)).toThrow(
      RangeError,
    );
  },
);

test('a resource without points', () => {
  expect(judge({ resource: 'present', points: [] }, terms(), NOW)).toEqual({
    verdicts: [],
    confirm: undefined,
  });
});
