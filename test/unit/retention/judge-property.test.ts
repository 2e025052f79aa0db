import { describe, expect, test } from '@jest/globals';
import { type History, type Judgement, judge, type Point, type Terms } from '../../../src/retention/judge.ts';
import type { Policy } from '../../../src/retention/policy.ts';
import { fractions } from '../../support/random.ts';

const HISTORIES = 1_500;
const NOW = Date.parse('2026-11-26T06:00:00Z');
const HOUR = 3_600_000;
const TAGS = ['pinned', 'release', 'signed'];

interface Story {
  readonly history: History;
  readonly terms: Terms;
}

type Judge = (history: History, terms: Terms, now: number) => Judgement;

function story(seed: number): Story {
  const random = fractions(seed);
  const below = (n: number) => Math.floor(random() * n);
  const one = <T>(all: readonly [T, ...T[]]): T => all[below(all.length)] ?? all[0];
  const step = one([1, 6, 24, 24, 24, 24 * 7]) * HOUR;
  let chain = '';
  const points = Array.from({ length: below(40) }, (_, index): Point => {
    if (below(5) === 0 || chain === '') chain = `chain ${index}`;
    return {
      id: `${index}`,
      time: NOW - (40 - index) * step - below(step / 1000) * 1000,
      tags: TAGS.filter(() => below(8) === 0),
      state: one([
        'good',
        'good',
        'good',
        'good',
        'good',
        'good',
        'good',
        'good',
        'good',
        'good',
        'failed',
        'failed',
        'running',
      ]),
      ...(below(9) === 0 ? { verified: one(['L1a', 'L1b', 'L2']) } : {}),
      ...(below(4) > 0 ? { chain } : {}),
      ...(below(40) === 0 ? { foreign: true } : {}),
    };
  });
  return {
    history: {
      resource: one(['present', 'present', 'present', 'present', 'present', 'failing', 'gone', 'unknown']),
      points,
    },
    terms: {
      policy: policy(below),
      zone: one(['UTC', 'Europe/Berlin', 'Pacific/Apia']),
      minCopies: below(5),
      ...(below(4) === 0 ? { gone: '10d' } : {}),
    },
  };
}

const LISTS = [[['pinned']], [['release', 'signed']], [['pinned', 'release'], ['signed']], [['nobody']]];

function policy(below: (n: number) => number): Policy {
  const rules: Policy = {
    ...(below(3) === 0 ? { last: 1 + below(6) } : {}),
    ...(below(4) === 0 ? { hourly: 1 + below(20) } : {}),
    ...(below(2) === 0 ? { daily: 1 + below(20) } : {}),
    ...(below(3) === 0 ? { weekly: 1 + below(6) } : {}),
    ...(below(3) === 0 ? { monthly: 1 + below(6) } : {}),
    ...(below(5) === 0 ? { yearly: 1 + below(3) } : {}),
    ...(below(5) === 0 ? { within: `${1 + below(30)}d` } : {}),
    ...(below(6) === 0 ? { withinDaily: `${1 + below(3)}m` } : {}),
    ...(below(3) === 0 ? { tags: LISTS[below(LISTS.length)] ?? [] } : {}),
  };
  return Object.keys(rules).length === 0 ? { last: 1 } : rules;
}

function isPinned(own: readonly string[], { tags = [] }: Policy): boolean {
  return tags.some((list) => list.every((tag) => own.includes(tag)));
}

/** What no history and no policy may break. */
function violations({ history, terms }: Story, judged: Judge): string[] {
  const { verdicts } = judged(history, terms, NOW);
  const keeps = new Map(verdicts.map(({ id, keep }) => [id, keep]));
  const stays = (point: Point) => keeps.get(point.id) === true;
  const { points, resource } = history;
  const newestGood = points.filter(({ state }) => state === 'good').sort((a, b) => b.time - a.time);
  const mayAllGo = resource === 'gone' && terms.gone !== undefined;
  const remaining = points.filter(stays);
  const again = judged({ resource, points: remaining }, terms, NOW).verdicts;
  const chains = Map.groupBy(
    points.filter(({ chain }) => chain !== undefined),
    ({ chain }) => chain,
  );
  return [
    ...(verdicts.length === points.length ? [] : ['a point has no verdict']),
    ...(resource === 'present' || mayAllGo || remaining.length === points.length
      ? []
      : [`it is ${resource}, and lost a point`]),
    ...(mayAllGo || newestGood.slice(0, Math.max(1, terms.minCopies)).every(stays)
      ? []
      : ['the floor does not hold']),
    ...(mayAllGo ||
    ['L1a', 'L1b', 'L2']
      .flatMap((level) => newestGood.find(({ verified = '' }) => verified >= level) ?? [])
      .every(stays)
      ? []
      : ['the newest verified point went']),
    ...(points.filter(({ state, foreign }) => foreign || state === 'running').every(stays)
      ? []
      : ['a foreign point or a running one went']),
    ...(newestGood.filter(({ tags }) => isPinned(tags, terms.policy)).every(stays)
      ? []
      : ['a tagged point went']),
    ...([...chains.values()].every((members) => new Set(members.map(stays)).size === 1)
      ? []
      : ['a chain is cut']),
    ...(again.every(({ keep }) => keep) ? [] : ['pruning twice is not pruning once']),
    ...(verdicts.every(({ reasons }) => reasons.length > 0) ? [] : ['a verdict has no reason']),
  ];
}

function prove(judged: Judge, count: number, enough = Number.POSITIVE_INFINITY) {
  const found: string[] = [];
  let goes = 0;
  let stays = 0;
  for (let seed = 1; seed <= count && found.length < enough; seed++) {
    const told = story(seed);
    found.push(...violations(told, judged).map((violation) => `seed ${seed}: ${violation}`));
    for (const { keep } of judged(told.history, told.terms, NOW).verdicts) keep ? stays++ : goes++;
  }
  return { found, goes, stays };
}

test('whatever the history and the policy: no chain is cut, the floor holds, nothing of a failing or gone resource goes', () => {
  const { found, goes, stays } = prove(judge, HISTORIES);
  process.stdout.write(`${HISTORIES} histories: ${stays} points stay, ${goes} go\n`);
  expect(found.slice(0, 5)).toEqual([]);
  expect(goes).toBeGreaterThan(2 * HISTORIES);
  expect(stays).toBeGreaterThan(2 * HISTORIES);
});

describe('a mistake that is planted is found', () => {
  const without =
    (name: keyof Point): Judge =>
    (history, terms, now) => {
      const points = history.points.map(({ [name]: _left, ...point }) => point as Point);
      return judge({ ...history, points }, terms, now);
    };
  const mistakes: Record<string, Judge> = {
    'chains cut': without('chain'),
    'foreign members taken for ours': without('foreign'),
    'failed points that fill a place': (history, terms, now) =>
      judge({ ...history, points: history.points.map((point) => ({ ...point, state: 'good' })) }, terms, now),
    'no floor': (history, terms, now) => judge(history, { ...terms, minCopies: 0 }, now),
    'gone resources judged like the others': (history, terms, now) =>
      judge({ ...history, resource: 'present' }, terms, now),
    'verified points taken for others': without('verified'),
    'tags forgotten': (history, terms, now) =>
      judge({ ...history, points: history.points.map((point) => ({ ...point, tags: [] })) }, terms, now),
    'the oldest point forgotten': (history, terms, now) => {
      const { verdicts, confirm } = judge(history, terms, now);
      return { verdicts: verdicts.slice(0, -1), confirm };
    },
    'one more goes each time': (history, terms, now) => {
      const { verdicts, confirm } = judge(history, terms, now);
      const last = verdicts.findLast(({ keep }) => keep);
      return { verdicts: verdicts.map((one) => (one === last ? { ...one, keep: false } : one)), confirm };
    },
  };
  test.each(Object.entries(mistakes))('%s', (_name, judged) => {
    expect(prove(judged, 300, 1).found.length).toBeGreaterThan(0);
  });
});
