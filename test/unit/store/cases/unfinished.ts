import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { InputError } from '../../../../src/errors.ts';
import { expectEmpty, held, type PlaceCase, prepared, putText, textOf } from '../place-under-test.ts';

export const unfinished: readonly PlaceCase[] = [
  {
    name: 'a name is seen only once its source has ended well',
    async run(under) {
      const { place } = await prepared(under);
      const { source, waits, goOn } = held(randomBytes(100_000));
      const writing = place.put('p', source);
      await waits;
      expect(await under.names()).toEqual([]);
      await expect(place.get('p')).rejects.toThrow(InputError);
      goOn();
      expect((await writing).size).toBe(100_000);
      expect(await under.names()).toEqual(['p']);
    },
  },
  ...[0, 1000, 8_000_000].map(
    (size): PlaceCase => ({
      name: `of a source that fails after ${size} bytes nothing stays, and its error is thrown on`,
      async run(under) {
        const { place } = await prepared(under);
        const { source, fail } = held(randomBytes(size));
        const why = new Error('the cloud hung up');
        fail(why);
        await expect(place.put('p', source)).rejects.toBe(why);
        await expectEmpty(under, place, 'p');
        await putText(place, 'p', 'again');
        expect(await textOf(place, 'p')).toBe('again');
      },
    }),
  ),
  {
    name: 'a source is asked at the pace of the place',
    async run(under) {
      const { place } = await prepared(under);
      let [given, asked] = [0, 0];
      const source: AsyncIterable<Uint8Array> = {
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            asked += 1;
            await new Promise((resolve) => setImmediate(resolve));
            // Nobody asks for the next one before this one came.
            expect(asked - given).toBe(1);
            given += 1;
            return given > 100
              ? { done: true, value: undefined }
              : { done: false, value: Buffer.alloc(1 << 16, given) };
          },
        }),
      };
      expect((await place.put('p', source)).size).toBe(100 << 16);
    },
  },
];
