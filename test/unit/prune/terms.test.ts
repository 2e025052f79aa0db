import { describe, expect, test } from '@jest/globals';
import { pruneInputs } from '../../../src/inputs/prune.ts';
import { parseInputs, type Raw } from '../../../src/inputs/table.ts';
import { resourcesMeant, termsOf } from '../../../src/prune/terms.ts';
import { NOW, uuid, volumePoint } from './world.ts';

const given = (raw: Raw) => parseInputs(pruneInputs, raw);

test.each([
  ['keep-last', '2', 'last', 2],
  ['keep-hourly', '3', 'hourly', 3],
  ['keep-daily', '4', 'daily', 4],
  ['keep-weekly', '5', 'weekly', 5],
  ['keep-monthly', '6', 'monthly', 6],
  ['keep-yearly', '7', 'yearly', 7],
  ['keep-within', '1d', 'within', '1d'],
  ['keep-within-hourly', '2d', 'withinHourly', '2d'],
  ['keep-within-daily', '3d', 'withinDaily', '3d'],
  ['keep-within-weekly', '4d', 'withinWeekly', '4d'],
  ['keep-within-monthly', '5d', 'withinMonthly', '5d'],
  ['keep-within-yearly', '6d', 'withinYearly', '6d'],
])('%s %s is the rule %s', (input, text, rule, value) => {
  const { policy } = termsOf(given({ [input]: text }));
  const isSet = (set: unknown) => set !== undefined && set !== 0 && !(Array.isArray(set) && set.length === 0);
  expect(Object.entries(policy).filter(([, set]) => isSet(set))).toEqual([[rule, value]]);
});

test('the floor, the zone, and when what is gone may go', () => {
  const terms = termsOf(
    given({ 'keep-last': '1', 'min-copies': '5', timezone: 'Europe/Berlin', gone: '90d' }),
  );
  expect(terms).toMatchObject({ minCopies: 5, zone: 'Europe/Berlin', gone: '90d' });
  expect(termsOf(given({ 'keep-last': '1' }))).not.toHaveProperty('gone');
});

test('a word that is no zone is refused', () => {
  expect(() => termsOf(given({ 'keep-last': '1', timezone: 'Berlin' }))).toThrow('not a time zone');
});

describe('the resources that are meant', () => {
  const of = (number: number, name: string) =>
    volumePoint({ number, volume: uuid(0xd, number), time: NOW, name });
  const points = [of(1, 'db'), of(2, 'log'), { ...of(3, 'key'), kind: 'secret' as const, isPart: true }];
  const meant = (raw: Raw) => resourcesMeant(given(raw), points);

  test('all where none is named', () => expect(meant({})).toBeUndefined());

  test.each([
    ['db', [1]],
    [uuid(0xd, 2).toUpperCase(), [2]],
    ['all', [1, 2]],
  ])('%s', (word, numbers) => {
    const expected = numbers.map((number) => `volume ${uuid(0xd, number)}`);
    expect([...(meant({ volumes: word }) ?? [])]).toEqual(expected);
  });

  test.each([
    ['volumes', 'nobody', 'They have: "db"'],
    ['secrets', 'key', 'They have no restore points of any secret.'],
  ])('%s: %s is refused', (input, word, hint) => {
    let error: unknown;
    try {
      meant({ [input]: word });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      message: `no manifest has a restore point of ${input.slice(0, -1)} "${word}"`,
      hint: expect.stringContaining(hint),
    });
  });
});
