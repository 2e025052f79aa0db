import { describe, expect, test } from '@jest/globals';
import { type PrunePlan, planPrune } from '../../../src/prune/plan.ts';
import { keyOf, resourceOf, type Saved } from '../../../src/prune/point.ts';
import { judge } from '../../../src/retention/judge.ts';
import { type Story, story } from './story.ts';
import { NOW } from './world.ts';

const CATALOGS = 500;

type Planned = (story: Story) => PrunePlan;
const plan: Planned = ({ record, cloud, wishes }) => planPrune(record, cloud, wishes, NOW);

/** What no catalog and no policy may break. */
function violations(one: Story, planned: Planned): string[] {
  const made = planned(one);
  const keeps = new Map(made.verdicts.map(({ point, keep }) => [point.id, keep]));
  const goes = ({ id }: Saved) => keeps.get(id) === false;
  return [
    ...ofChains(one, made),
    ...ofData(one, made),
    ...ofOrder(one, made),
    ...made.verdicts
      .filter(({ keep, point }) => keep && point.needs.some((need) => keeps.get(need) === false))
      .map(({ point }) => `${point.id} loses what it needs`),
    ...[...histories(one).values()].flatMap((members) => ofHistory(one, members, goes)),
    ...(planned(carriedOut(one, made)).deletions.length > 0 ? ['pruning twice is not pruning once'] : []),
  ];
}

const goneIn = ({ deletions }: PrunePlan) =>
  new Set(deletions.flatMap(({ things }) => things.map(({ data }) => keyOf(data))));

function ofChains({ cloud, parents }: Story, made: PrunePlan): string[] {
  const gone = goneIn(made);
  return cloud.backups
    .filter(({ id }) => !gone.has(`backup ${id}`) && gone.has(`backup ${parents.get(id)}`))
    .map(({ id }) => `the chain of ${id} is cut`);
}

function ofData({ record, cloud }: Story, made: PrunePlan): string[] {
  const ours = new Map(
    record.points.flatMap((point) => (point.data === undefined ? [] : [[keyOf(point.data), point]])),
  );
  const gone = goneIn(made);
  const busy = cloud.backups.filter(
    ({ id, status }) =>
      gone.has(`backup ${id}`) && status === 'restoring' && !ours.get(`backup ${id}`)?.pruned,
  );
  return [
    ...[...gone].filter((key) => !ours.has(key)).map((key) => `${key} is nobody's`),
    ...busy.map(({ id }) => `${id} is being restored`),
  ];
}

function ofOrder({ parents }: Story, { deletions }: PrunePlan): string[] {
  return deletions.flatMap(({ things }) => {
    const order = things.map(({ data }) => (data.kind === 'backup' ? data.id : ''));
    return order.filter(
      (id, at) => order.indexOf(parents.get(id) ?? '') >= 0 && order.indexOf(parents.get(id) ?? '') < at,
    );
  });
}

function histories({ record }: Story): Map<string, Saved[]> {
  return Map.groupBy(
    record.points.filter(({ pruned }) => pruned === undefined),
    resourceOf,
  );
}

function ofHistory(one: Story, members: readonly Saved[], goes: (point: Saved) => boolean): string[] {
  const [first] = members;
  if (first === undefined) return [];
  const going = members.filter(goes);
  const how = one.standing.get(resourceOf(first));
  const good = members.filter((point) => isGood(one, point)).toSorted((a, b) => b.time - a.time);
  return [
    ...(how !== 'present' && going.length > 0 ? [`it is ${how}, and lost a point`] : []),
    ...(one.wishes.termsOf(first).length === 0 && going.length > 0
      ? ['not asked for, and lost a point']
      : []),
    ...(good.slice(0, one.minCopies).some(goes) ? ['the floor does not hold'] : []),
    ...(good.some((point) => goes(point) && isPinned(one, point)) ? ['a tagged point went'] : []),
    ...(!one.wishes.allowOverHalf && going.length * 2 > members.length && !isInTurn(one, members, going)
      ? ['over half']
      : []),
  ];
}

function isPinned({ wishes }: Story, point: Saved): boolean {
  return wishes
    .termsOf(point)
    .some(({ policy }) => policy.tags?.some(([tag = '']) => point.tags.includes(tag)));
}

/** Each of them was kept by the same terms before the latest points came, of which there are at most a third. */
function isInTurn(one: Story, members: readonly Saved[], going: readonly Saved[]): boolean {
  const points = members
    .toSorted((a, b) => b.time - a.time)
    .map((point) => ({
      id: point.id,
      time: point.time,
      tags: point.tags,
      state: isGood(one, point) ? ('good' as const) : ('failed' as const),
      ...(point.data?.kind === 'backup' ? { chain: below(one, point.data.id).at(-1) ?? '' } : {}),
    }));
  const steps = Array.from({ length: Math.max(1, Math.floor(points.length / 3)) }, (_, index) => index + 1);
  const [first] = members;
  const kept = (first === undefined ? [] : one.wishes.termsOf(first)).flatMap((terms) =>
    steps.flatMap((step) => judge({ resource: 'present', points: points.slice(step) }, terms, NOW).verdicts),
  );
  return going.every((point) => kept.some(({ id, keep }) => keep && id === point.id));
}

/** By what the cloud really holds: its backup, and all below. */
function isGood({ cloud, parents, record }: Story, { data, needs }: Saved): boolean {
  if (data?.kind !== 'backup')
    return needs.every((need) => {
      const point = record.points.find(({ id }) => id === need);
      return point !== undefined && isGood({ cloud, parents, record } as Story, point);
    });
  return below({ parents }, data.id).every((id) =>
    cloud.backups.some((backup) => backup.id === id && ['available', 'restoring'].includes(backup.status)),
  );
}

/** A backup, and what it needs: the full one last. */
function below({ parents }: Pick<Story, 'parents'>, backup: string): string[] {
  const all = [backup];
  for (let id = parents.get(backup); id !== undefined; id = parents.get(id)) all.push(id);
  return all;
}

/** The next run, that comes at once and looks at what is left. */
function carriedOut(one: Story, made: PrunePlan): Story {
  const gone = goneIn(made);
  const going = new Set(made.going.map(({ point }) => point.id));
  const backups = one.cloud.backups.filter(({ id }) => !gone.has(`backup ${id}`));
  const needed = new Set(backups.map(({ id }) => one.parents.get(id)));
  const points = one.record.points.map((point) =>
    going.has(point.id) ? { ...point, pruned: '2026-11-26T06:00:00Z' } : point,
  );
  return {
    ...one,
    record: { ...one.record, points },
    cloud: {
      ...one.cloud,
      backups: backups.map((backup) => ({ ...backup, hasDependents: needed.has(backup.id) })),
    },
  };
}

describe(`${CATALOGS} catalogs`, () => {
  const stories = Array.from({ length: CATALOGS }, (_, seed) => story(seed));

  test('no chain is cut, the floor holds, nothing goes that is foreign, needed or in doubt, and twice is once', () => {
    const broken = stories.flatMap((one, seed) =>
      violations(one, plan).map((said) => `seed ${seed}: ${said}`),
    );
    expect(broken.slice(0, 5)).toEqual([]);
    const went = stories.map((one) => plan(one).deletions.length);
    expect(went.filter((count) => count > 0).length).toBeGreaterThan(CATALOGS / 5);
  }, 60_000);

  const spoilt: Record<string, (made: PrunePlan) => PrunePlan> = {
    'cuts chains': (made) => ({
      ...made,
      deletions: made.deletions.map(({ things }) => ({ things: things.slice(1) })),
    }),
    'begins with the oldest': (made) => ({
      ...made,
      deletions: made.deletions.map(({ things }) => ({ things: things.toReversed() })),
    }),
    'lets all points go': (made) => ({
      ...made,
      verdicts: made.verdicts.map((verdict) => ({ ...verdict, keep: false })),
    }),
  };
  test.each(Object.entries(spoilt))(
    'a plan that %s is found',
    (_does, spoil) => {
      const found = stories.filter((one) => violations(one, (it) => spoil(plan(it))).length > 0);
      expect(found.length).toBeGreaterThan(0);
    },
    60_000,
  );
});
