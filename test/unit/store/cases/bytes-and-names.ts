import { createHash, randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { InputError, OperationError } from '../../../../src/errors.ts';
import { allOf } from '../../../../src/stream/chunks.ts';
import { Gathered } from '../../../../src/stream/gathered.ts';
import {
  expectEmpty,
  held,
  listed,
  namesIn,
  type PlaceCase,
  pieces,
  prepared,
  putText,
  sha256,
  textOf,
} from '../place-under-test.ts';

const NO_NAMES = [
  ...['../x', '/x', '.x', 'X', '', 'a\nb', '-x', 'x'.repeat(129)],
  ...['a/', '/a/b', 'a//b', 'a/../b', 'a/./b', 'a/.b', 'a/B', 'a/b/c/d/e', `a/${'x'.repeat(129)}`],
];

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

const SIZES = [0, 1, 65_535, 65_536, 65_537, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_001];

export const bytesAndNames: readonly PlaceCase[] = [
  ...SIZES.map(
    (size): PlaceCase => ({
      name: `${size} bytes come back as they were, and it says what they are`,
      async run(under) {
        const { place } = await prepared(under);
        const bytes = randomBytes(size);
        const stored = await place.put('p', pieces(bytes));
        expect(stored).toEqual({ size, sha256: sha256(bytes) });
        expect((await under.raw('p')).equals(bytes)).toBe(true);
        const found = await place.get('p');
        expect(found.size).toBe(size);
        expect((await allOf(found.bytes)).equals(bytes)).toBe(true);
      },
    }),
  ),
  ...[true, false].map(
    (known): PlaceCase => ({
      name: `gathered bytes come back ${known ? 'with the digests that they had' : 'without any'}`,
      async run(under) {
        const { place } = await prepared(under);
        const shared = Buffer.from(new SharedArrayBuffer(3_000_001));
        shared.set(randomBytes(shared.length));
        const bytes = shared.subarray(1);
        const digests = known ? { sha256: sha256(bytes), md5: md5(bytes) } : {};
        const stored = await place.put('p', new Gathered(bytes, digests));
        expect(stored).toEqual({ size: bytes.length, sha256: sha256(bytes) });
        expect((await under.raw('p')).equals(bytes)).toBe(true);
      },
    }),
  ),
  {
    name: 'another run finds what one has put, and reads it twice at once',
    async run(under) {
      const [one, other] = [await prepared(under), await prepared(under)];
      const bytes = randomBytes(3_000_000);
      await one.place.put('p', pieces(bytes));
      const both = await Promise.all([other.place.get('p'), other.place.get('p')]);
      for (const { bytes: read } of both) expect((await allOf(read)).equals(bytes)).toBe(true);
    },
  },
  {
    name: 'who stops reading in the middle is not in the way of others',
    async run(under) {
      const { place } = await prepared(under);
      const bytes = randomBytes(5_000_000);
      await place.put('p', pieces(bytes));
      for await (const piece of (await place.get('p')).bytes) {
        expect(bytes.subarray(0, piece.length).equals(piece)).toBe(true);
        break;
      }
      expect((await allOf((await place.get('p')).bytes)).equals(bytes)).toBe(true);
    },
  },
  {
    name: 'a name that exists stays as it was, whoever put it',
    async run(under) {
      const [one, other] = [await prepared(under), await prepared(under)];
      await putText(one.place, 'p', 'first');
      for (const { place } of [one, other])
        await expect(putText(place, 'p', 'second')).rejects.toThrow(OperationError);
      expect(await textOf(other.place, 'p')).toBe('first');
      await one.place.keep('p');
      expect(await under.everything()).toEqual(['p']);
    },
  },
  {
    name: 'what is not there is said so',
    async run(under) {
      const { place } = await prepared(under);
      await putText(place, 'p', 'x');
      await expect(place.get('q')).rejects.toThrow(InputError);
      await expect(place.get('q')).rejects.toThrow(`q is not in ${place.name}`);
    },
  },
  {
    name: 'it lists what is whole under a name, with its size, and nothing of what is still written',
    async run(under) {
      const [one, other] = [await prepared(under), await prepared(under)];
      expect(await listed(one.place)).toEqual([]);
      await putText(one.place, 'p', 'first');
      await one.place.keep('p');
      await putText(other.place, 'empty', '');
      const waiting = held(Buffer.from('half'));
      const putting = one.place.put('later', waiting.source);
      await waiting.waits;
      expect((await listed(other.place)).map(({ name, size }) => [name, size])).toEqual([
        ['empty', 0],
        ['p', 5],
      ]);
      waiting.goOn();
      await putting;
      expect(await namesIn(other.place)).toEqual(['empty', 'later', 'p']);
      await one.place.remove('p');
      expect(await namesIn(one.place)).toEqual(['empty', 'later']);
    },
  },
  {
    name: 'what is no plain name is refused',
    async run(under) {
      const { place } = await prepared(under);
      for (const name of NO_NAMES) {
        await expect(putText(place, name, 'x')).rejects.toThrow(InputError);
        await expect(place.get(name)).rejects.toThrow(InputError);
        await expect(place.head(name)).rejects.toThrow(InputError);
        await expect(place.remove(name)).rejects.toThrow(InputError);
      }
      for (const prefix of ['../', '/', '.', 'a//', 'a/../', 'a/b/c/d/', 'A'])
        await expect(listed(place, prefix)).rejects.toThrow(InputError);
      expect(await under.everything()).toEqual([]);
    },
  },
  {
    name: 'what is removed is gone, and nothing else; what is not there is removed already',
    async run(under) {
      const { place } = await prepared(under);
      for (const name of ['kept', 'own', 'other']) await putText(place, name, 'x');
      await place.keep('kept');
      for (const name of ['kept', 'own', 'own', 'never']) await place.remove(name);
      expect(await under.names()).toEqual(['other']);
      await place.remove('other');
      await expectEmpty(under, place, 'own');
    },
  },
];
