import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { InputError, OperationError } from '../../../../src/errors.ts';
import type { ByteRange, Place } from '../../../../src/store/place.ts';
import { allOf } from '../../../../src/stream/chunks.ts';
import { type PlaceCase, pieces, prepared, putText } from '../place-under-test.ts';

const SIZE = 3_000_001;
const RANGES: readonly ByteRange[] = [
  { start: 0 },
  { start: 0, end: 1 },
  { start: 1, end: SIZE },
  { start: 65_535, end: 65_537 },
  { start: 1 << 20 },
  { start: SIZE - 1 },
  { start: SIZE - 1, end: SIZE },
  { start: 7, end: 7 },
  { start: SIZE },
  { start: SIZE, end: SIZE },
];

/** An error may come only while it is read. */
async function readAll(place: Place, name: string, range: ByteRange): Promise<Buffer> {
  return allOf((await place.get(name, range)).bytes);
}

export const ranges: readonly PlaceCase[] = [
  {
    name: 'of a range come its bytes, and as many as it says',
    async run(under) {
      const { place } = await prepared(under);
      const bytes = randomBytes(SIZE);
      await place.put('a/p', pieces(bytes));
      for (const range of RANGES) {
        const { size, bytes: read } = await place.get('a/p', range);
        const wanted = bytes.subarray(range.start, range.end);
        expect(size).toBe(wanted.length);
        expect((await allOf(read)).equals(wanted)).toBe(true);
      }
    },
  },
  {
    name: 'many ranges are read at once, and some not to their end',
    async run(under) {
      const { place } = await prepared(under);
      const bytes = randomBytes(SIZE);
      await place.put('p', pieces(bytes));
      const reading = Array.from({ length: 30 }, async (_, index) => {
        const { bytes: read } = await place.get('p', { start: index * 1000, end: index * 1000 + 1_000_000 });
        let at = index * 1000;
        for await (const piece of read) {
          expect(bytes.subarray(at, at + piece.length).equals(piece)).toBe(true);
          at += piece.length;
          if (index % 3 === 0) break;
        }
        return at;
      });
      for (const [index, at] of (await Promise.all(reading)).entries())
        if (index % 3 !== 0) expect(at).toBe(index * 1000 + 1_000_000);
    },
  },
  {
    name: 'a range beyond the end is told, and one of what is not there',
    async run(under) {
      const { place } = await prepared(under);
      await putText(place, 'p', 'twelve bytes');
      for (const range of [
        { start: 13 },
        { start: 0, end: 13 },
        { start: 12, end: 13 },
        { start: 20, end: 30 },
      ]) {
        const reading = readAll(place, 'p', range);
        await expect(reading).rejects.toThrow(OperationError);
        await expect(reading).rejects.toThrow('p in');
        await expect(reading).rejects.toThrow('only 12 bytes');
      }
      for (const range of [{ start: 0 }, { start: 0, end: 1 }])
        await expect(readAll(place, 'q', range)).rejects.toThrow(InputError);
    },
  },
];
