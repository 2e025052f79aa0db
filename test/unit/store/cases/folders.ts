import { expect } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import { held, listed, namesIn, type PlaceCase, prepared, putText, textOf } from '../place-under-test.ts';

/** In the order of their characters, in which `-` and `.` come before `/`, and capitals before the others. */
const NAMES = [
  'a-b',
  'a.b',
  'a/0/T/x',
  'a/0/a',
  'a/20261126T010203Z-p',
  'a/maps/20261126T010203Z-0',
  'a/maps/20261126T010203Z-1',
  'a/maps/20261127T010203Z-0',
  'a/mapsx',
  'a0',
  'b/c/d/e',
];

export const folders: readonly PlaceCase[] = [
  {
    name: 'names of several segments are listed in order, all of them or those that begin so',
    async run(under) {
      const { place } = await prepared(under);
      for (const name of [...NAMES].reverse()) await putText(place, name, name);
      const other = await prepared(under);
      expect(await namesIn(other.place)).toEqual(NAMES);
      for (const prefix of [
        'a',
        'a/',
        'a/m',
        'a/maps',
        'a/maps/',
        'a/maps/20261126T',
        'b/c/d/e',
        'a/0/T/',
        'T',
      ])
        expect(await namesIn(other.place, prefix)).toEqual(NAMES.filter((name) => name.startsWith(prefix)));
      for (const prefix of ['c/', 'b/c/e/', 'a-b/']) expect(await namesIn(place, prefix)).toEqual([]);
      expect((await under.everything()).sort()).toEqual(expect.arrayContaining([...NAMES].sort()));
      for (const name of NAMES) expect(await textOf(other.place, name)).toBe(name);
    },
  },
  {
    name: 'more names than come at once are all listed, each once',
    async run(under) {
      const { place } = await prepared(under);
      const names = Array.from({ length: 1100 }, (_, index) => `f/data/p-${String(index).padStart(4, '0')}`);
      for (let at = 0; at < names.length; at += 20)
        await Promise.all(names.slice(at, at + 20).map((name) => putText(place, name, 'x')));
      expect(await namesIn(place)).toEqual(names);
      // Who stops in the middle is not in the way of others.
      for await (const { name } of place.list('f/')) if (name === names[500]) break;
      expect(await namesIn(place, 'f/data/p-10')).toEqual(names.slice(1000));
    },
  },
  {
    name: 'it tells size and time of one name as of all',
    async run(under) {
      const { place } = await prepared(under);
      const before = Date.now();
      await putText(place, 'f/maps/p', 'five!');
      const head = await place.head('f/maps/p');
      expect(head).toEqual({ name: 'f/maps/p', size: 5, modified: expect.any(Number) });
      // Some servers count in whole seconds.
      expect(Math.abs((head?.modified ?? 0) - before)).toBeLessThan(5000);
      const [only] = await listed(place, 'f/maps/p');
      expect(only).toMatchObject({ name: 'f/maps/p', size: 5 });
      expect(Math.floor((only?.modified ?? 0) / 1000)).toBe(Math.floor((head?.modified ?? 0) / 1000));
      for (const name of ['f', 'f/maps', 'f/maps/q', 'f/maps/p/q', 'g/x'])
        expect(await place.head(name)).toBeUndefined();
    },
  },
  {
    name: 'a name in a folder is never written over, and of one that failed nothing stays',
    async run(under) {
      const { place } = await prepared(under);
      await putText(place, 'f/data/p-0', 'first');
      await expect(putText(place, 'f/data/p-0', 'second')).rejects.toThrow(OperationError);
      expect(await textOf(place, 'f/data/p-0')).toBe('first');
      const { source, fail } = held(Buffer.from('half'));
      fail(new Error('no good'));
      await expect(place.put('g/data/p-0', source)).rejects.toThrow('no good');
      expect(await under.everything()).toEqual(['f/data/p-0']);
    },
  },
  {
    name: 'what is put in a folder is nobody’s: a dead run leaves it, and it is not told of',
    async run(under) {
      const { place, seem } = await prepared(under);
      await putText(place, 'f/data/p-0', 'x');
      await place.keep('f/data/p-0');
      await putText(place, 'f/data/p-1', 'x');
      expect((await under.everything()).sort()).toEqual(['f/data/p-0', 'f/data/p-1']);
      seem('ended');
      expect(await (await under.open()).place.prepare()).toEqual([]);
      expect(await namesIn(place)).toEqual(['f/data/p-0', 'f/data/p-1']);
    },
  },
  {
    name: 'of what is removed no empty folder stays, and nothing else goes',
    async run(under) {
      const { place } = await prepared(under);
      for (const name of ['f/data/p-0', 'f/data/p-1', 'f/maps/p']) await putText(place, name, 'x');
      for (const name of ['f', 'f/data', 'f/data/p-2', 'f/data/p-0/x', 'g/x']) await place.remove(name);
      expect(await under.names()).toHaveLength(3);
      await place.remove('f/data/p-0');
      expect((await under.everything()).sort()).toEqual(['f/data/p-1', 'f/maps/p']);
      await place.remove('f/data/p-1');
      expect(await under.everything()).toEqual(['f/maps/p']);
      await place.remove('f/maps/p');
      expect(await under.everything()).toEqual([]);
    },
  },
  {
    name: 'one puts into a folder while others empty it',
    async run(under) {
      const runs = [await prepared(under), await prepared(under)];
      await Promise.all(
        runs.map(async ({ place }, run) => {
          for (let index = 0; index < 50; index += 1) {
            const name = `f/open/${run}-${index}`;
            await putText(place, name, name);
            expect(await textOf(place, name)).toBe(name);
            await place.remove(name);
          }
        }),
      );
      expect(await under.everything()).toEqual([]);
    },
  },
];
