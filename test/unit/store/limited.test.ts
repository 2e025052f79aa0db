import { describe, expect, test } from '@jest/globals';
import { limitedPlace } from '../../../src/store/limited.ts';
import type { Place } from '../../../src/store/place.ts';
import { allOf } from '../../../src/stream/chunks.ts';
import { FakeClock } from '../../support/clock.ts';
import { placeCases } from './conformance.ts';
import { openDirectory } from './directory-under-test.ts';
import { pieces, prepared } from './place-under-test.ts';

const MIB = 1 << 20;

/** A place that takes no time itself, and how long is spent on it. */
async function limited(rate: number, signal?: AbortSignal) {
  const under = await openDirectory();
  const clock = new FakeClock();
  const { place } = await prepared(under);
  const began = clock.now();
  return {
    place: limitedPlace(place, rate, clock, signal),
    seconds: () => Math.round((clock.now() - began) / 1000),
    [Symbol.asyncDispose]: () => under[Symbol.asyncDispose](),
  };
}

const read = async (place: Place, name: string) => allOf((await place.get(name)).bytes);

describe('a place with a rate', () => {
  test.each(placeCases)('is as good as the place itself: $name', async ({ run }) => {
    const under = await openDirectory();
    const open = async () => {
      const opened = await under.open();
      return { ...opened, place: limitedPlace(opened.place, 100 * MIB, new FakeClock()) };
    };
    await using _ = under;
    await run({ ...under, open });
  });

  test('takes and gives so many bytes a second, and no byte otherwise', async () => {
    await using at = await limited(MIB);
    const bytes = Buffer.alloc(10 * MIB, 'x');
    await at.place.put('p', pieces(bytes, MIB / 4));
    expect(at.seconds()).toBe(10);
    expect((await read(at.place, 'p')).equals(bytes)).toBe(true);
    expect(at.seconds()).toBe(19);
  });

  test('counts all together that goes on at once', async () => {
    await using at = await limited(MIB);
    await at.place.put('p', pieces(Buffer.alloc(4 * MIB), MIB));
    await Promise.all([
      at.place.put('q', pieces(Buffer.alloc(8 * MIB), MIB)),
      at.place.put('r', pieces(Buffer.alloc(8 * MIB), MIB)),
      read(at.place, 'p'),
    ]);
    expect(at.seconds()).toBeGreaterThanOrEqual(21);
    expect(at.seconds()).toBeLessThanOrEqual(24);
  });

  test('saves up nothing for later', async () => {
    const clock = new FakeClock();
    await using under = await openDirectory();
    const place = limitedPlace((await prepared(under)).place, MIB, clock);
    await clock.sleep(3_600_000);
    const began = clock.now();
    await place.put('p', pieces(Buffer.alloc(10 * MIB), MIB));
    expect(clock.now() - began).toBeGreaterThanOrEqual(9000);
  });

  test('stops waiting when the run does', async () => {
    const stop = new AbortController();
    await using at = await limited(1, stop.signal);
    const source = async function* () {
      yield Buffer.alloc(MIB);
      stop.abort(new Error('stopped'));
      yield Buffer.alloc(MIB);
    };
    await expect(at.place.put('p', source())).rejects.toThrow('stopped');
    expect(at.seconds()).toBe(0);
  });
});
