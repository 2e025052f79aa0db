import { expect, test } from '@jest/globals';
import { CloudError } from '../../../../src/openstack/errors.ts';
import { probe } from '../../../../src/payload/blocks/probe.ts';
import type { Place } from '../../../../src/store/place.ts';
import { memoryPlace } from '../../../support/memory-place.ts';

const refuses = (status: number) => async () => {
  throw new CloudError({ doing: 'remove it', status, words: 'no' });
};

test('a store that works gives its time, and keeps nothing', async () => {
  const place = memoryPlace();
  expect(await probe(place)).toBe(0);
  expect([...place.held]).toEqual([]);
});

test('what has another size is not read', async () => {
  const memory = memoryPlace();
  const place: Place = {
    ...memory,
    head: async (name) => ({ name, size: 2 ** 40, modified: 0 }),
  };
  await expect(probe(place)).rejects.toThrow('does not give back what was just put there');
  expect(memory.asked).toEqual([]);
});

test('no more is asked for than was put', async () => {
  const place = memoryPlace();
  await probe(place);
  expect(place.asked.map(({ range }) => range)).toEqual([{ start: 0, end: 26 }]);
});

test('what may not be removed stays, and is told to whoever wants to know', async () => {
  const place = memoryPlace();
  const left: string[] = [];
  await probe({ ...place, remove: refuses(403) }, (name) => left.push(name));
  expect(left).toEqual([...place.held.keys()]);
  await expect(probe({ ...place, remove: refuses(403) })).rejects.toThrow('403');
  await expect(probe({ ...place, remove: refuses(500) }, () => undefined)).rejects.toThrow('500');
});

test('what could not be put is the error, not that it cannot be removed', async () => {
  const left: string[] = [];
  const place = { ...memoryPlace(), put: refuses(507), remove: refuses(403) };
  await expect(probe(place, (name) => left.push(name))).rejects.toThrow('507');
  await expect(probe(place)).rejects.toThrow('507');
  expect(left).toEqual([]);
});
