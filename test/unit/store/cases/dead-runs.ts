import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import { held, type PlaceCase, prepared, putText, textOf } from '../place-under-test.ts';

export const deadRuns: readonly PlaceCase[] = [
  ...(['alive', 'unknown', 'ended'] as const).map(
    (liveness): PlaceCase => ({
      name: `what a run has half-written or not let go ${liveness === 'ended' ? 'goes' : 'stays'} where it is ${liveness}; what it let go stays`,
      async run(under) {
        const { place, seem } = await prepared(under);
        for (const name of ['kept', 'whole']) await putText(place, name, name);
        await place.keep('kept');
        const { source, waits, goOn } = held(randomBytes(1000));
        const writing = place.put('half', source);
        await waits;
        seem(liveness);
        const other = await prepared(under);
        if (liveness === 'ended') {
          expect(await under.everything()).toEqual(['kept']);
          goOn();
          // It was taken for dead: what it does now must not be seen either.
          await expect(writing).rejects.toThrow(OperationError);
          expect(await under.everything()).toEqual(['kept']);
        } else {
          expect((await under.names()).sort()).toEqual(['kept', 'whole']);
          goOn();
          await writing;
          for (const name of ['half', 'whole']) await place.keep(name);
          expect((await under.everything()).sort()).toEqual(['half', 'kept', 'whole']);
        }
        expect(await textOf(other.place, 'kept')).toBe('kept');
      },
    }),
  ),
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
