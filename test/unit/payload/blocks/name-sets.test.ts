import { expect, test } from '@jest/globals';
import { nameSets } from '../../../../src/payload/blocks/name-sets.ts';
import { random } from './disks.ts';

test('a set has the names that it was made of, and that may be in it', () => {
  const next = random(7);
  for (let round = 0; round < 60; round += 1) {
    const all = Array.from({ length: next(400) }, (_, at) => `name ${at}`);
    const makeSet = nameSets(all);
    // Few, many, none, all.
    const rare = 1 + next(60);
    const names = all.filter(() => (round % 2 === 0 ? next(rare) === 0 : next(rare) > 0));
    const shuffled = [...names].sort(() => next(3) - 1);
    const set = makeSet([...shuffled, 'another']);
    expect([...set]).toEqual(names);
    // Again, and as often as needed.
    expect([...set]).toEqual(names);
    expect([...makeSet(all)]).toEqual(all);
  }
});
