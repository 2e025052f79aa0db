import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import { held, type PlaceCase, prepared, putText, textOf } from '../place-under-test.ts';

export const deadRuns: readonly PlaceCase[] = [
  ...(['alive', 'unknown', 'ended'] as const).map(
    (liveness): PlaceCase => ({
      name: `what a run has half-written ${liveness === 'ended' ? 'goes' : 'stays'} where it is ${liveness}; what it has whole stays, let go or not`,
      async run(under) {
        const { place, seem } = await prepared(under);
        for (const name of ['kept', 'whole']) await putText(place, name, name);
        await place.keep('kept');
        const { source, waits, goOn } = held(randomBytes(1000));
        const writing = place.put('half', source);
        await waits;
        seem(liveness);
        const other = await under.open();
        const told = await other.place.prepare();
        expect((await under.names()).sort()).toEqual(['kept', 'whole']);
        goOn();
        if (liveness === 'ended' && under.notes) {
          expect(told).toEqual(['whole']);
          // It was taken for dead: what it had begun must not be seen.
          await expect(writing).rejects.toThrow(OperationError);
          expect((await under.names()).sort()).toEqual(['kept', 'whole']);
        } else {
          expect(told).toEqual([]);
          await writing;
          for (const name of ['half', 'whole']) await place.keep(name);
          expect((await under.everything()).sort()).toEqual(['half', 'kept', 'whole']);
        }
        for (const name of ['kept', 'whole']) expect(await textOf(other.place, name)).toBe(name);
      },
    }),
  ),
  {
    name: 'what a dead run has whole is told of by each run, until it is let go or removed',
    async run(under) {
      const { place, seem } = await prepared(under);
      for (const name of ['named', 'unnamed']) await putText(place, name, name);
      seem('ended');
      const [one, other] = [await under.open(), await under.open()];
      const told = under.notes ? ['named', 'unnamed'] : [];
      for (const { place: next } of [one, other]) expect(await next.prepare()).toEqual(told);
      for (const { place: next } of [one, other]) await next.keep('named');
      expect(await (await under.open()).place.prepare()).toEqual(told.slice(1));
      await other.place.remove('unnamed');
      expect(await (await under.open()).place.prepare()).toEqual([]);
      expect(await under.everything()).toEqual(['named']);
    },
  },
  {
    name: 'what is let go before its run dies stays, be it let go twice or never there',
    async run(under) {
      const { place, seem } = await prepared(under);
      await putText(place, 'p', 'x');
      for (const name of ['p', 'p', 'q']) await place.keep(name);
      seem('ended');
      await prepared(under);
      expect(await under.everything()).toEqual(['p']);
    },
  },
];
