import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { InputError, OperationError } from '../../../../src/errors.ts';
import { type PlaceCase, pieces, prepared, putText, textOf } from '../place-under-test.ts';

export const trouble: readonly PlaceCase[] = [
  {
    name: 'that is full says so, shows nothing of what it could not take, and loses nothing',
    async run(under) {
      const { place } = await prepared(under);
      await putText(place, 'before', 'whole');
      await place.keep('before');
      {
        await using _full = await under.fill(100_000);
        const writing = place.put('p', pieces(randomBytes(3_000_000)));
        await expect(writing).rejects.toThrow(OperationError);
        expect(await under.everything()).toEqual(['before']);
        expect(await textOf(place, 'before')).toBe('whole');
      }
      await putText(place, 'p', 'there is room again');
      expect(await textOf(place, 'p')).toBe('there is room again');
    },
  },
  {
    name: 'that cannot be written says so before the run starts, and can be read',
    async run(under) {
      const { place } = await prepared(under);
      await putText(place, 'before', 'whole');
      await place.keep('before');
      await using _locked = await under.lock();
      const other = await under.open();
      await expect(other.place.prepare()).rejects.toThrow(InputError);
      await expect(putText(other.place, 'p', 'x')).rejects.toThrow();
      expect(await textOf(other.place, 'before')).toBe('whole');
      await expect(other.place.get('p')).rejects.toThrow(InputError);
      expect(await under.everything()).toEqual(['before']);
    },
  },
];
