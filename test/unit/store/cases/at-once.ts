import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import type { Place } from '../../../../src/store/place.ts';
import { held, type PlaceCase, prepared, putText } from '../place-under-test.ts';

/** Two put the same name, and both have begun before one ends. @returns who put it, and who was refused */
async function race(places: readonly Place[]): Promise<{ readonly won: number; readonly lost: number }> {
  const both = places.map((place, index) => {
    const { source, waits, goOn } = held(Buffer.from(`of ${index}`));
    return { writing: place.put('p', source), waits, goOn };
  });
  const ended = Promise.allSettled(both.map(({ writing }) => writing));
  for (const { waits } of both) await waits;
  for (const { goOn } of both) goOn();
  const fates = await ended;
  const refused = fates.flatMap((fate) => (fate.status === 'rejected' ? [fate.reason] : []));
  expect(refused).toEqual([expect.any(OperationError)]);
  const won = fates.findIndex(({ status }) => status === 'fulfilled');
  return { won, lost: 1 - won };
}

/** Where nobody can be refused at the same moment, one comes first. */
async function inTurn([first, second]: readonly Place[]): Promise<{
  readonly won: number;
  readonly lost: number;
}> {
  if (first !== undefined) await putText(first, 'p', 'of 0');
  if (second !== undefined) await expect(putText(second, 'p', 'of 1')).rejects.toThrow(OperationError);
  return { won: 0, lost: 1 };
}

export const atOnce: readonly PlaceCase[] = [
  {
    name: 'many at once, while others fail',
    async run(under) {
      const { place } = await prepared(under);
      const ends = Array.from({ length: 40 }, async (_, index) => {
        const { source, goOn, fail } = held(randomBytes(1000 * index));
        if (index % 2 === 0) fail(new Error('no good'));
        else goOn();
        const name = `p${String(index).padStart(2, '0')}`;
        await place.put(name, source);
        await place.keep(name);
        return name;
      });
      const ended = await Promise.allSettled(ends);
      const names = ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
      expect(names).toHaveLength(20);
      expect((await under.everything()).sort()).toEqual(names);
    },
  },
  {
    name: 'of two at once under one name one is there whole and one is refused, and it is still of its run',
    async run(under) {
      const { place, seem } = await prepared(under);
      const { won } = await race([place, place]);
      expect((await under.raw('p')).toString()).toBe(`of ${won}`);
      seem('ended');
      expect(await (await under.open()).place.prepare()).toEqual(under.notes ? ['p'] : []);
    },
  },
  {
    name: 'a run that is refused a name and dies takes nothing away of who has it',
    async run(under) {
      const runs = [await prepared(under), await prepared(under)];
      for (const [index, { place }] of runs.entries()) await putText(place, `own${index}`, 'x');
      const places = runs.map(({ place }) => place);
      const { won, lost } = under.exclusive ? await race(places) : await inTurn(places);
      await runs[won]?.place.keep('p');
      runs[lost]?.seem('ended');
      expect(await (await under.open()).place.prepare()).toEqual(under.notes ? [`own${lost}`] : []);
      expect((await under.names()).sort()).toEqual(['own0', 'own1', 'p']);
      expect((await under.raw('p')).toString()).toBe(`of ${won}`);
    },
  },
];
