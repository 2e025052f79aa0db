import { describe, expect, it } from '@jest/globals';
import { readCheckpoint } from '../../src/payload/blocks/checkpoint-read.ts';
import { BLOCK } from '../../src/payload/blocks/format.ts';
import { readMap } from '../../src/payload/blocks/map-read.ts';
import { block, disk, inPieces, random, restored, save } from '../unit/payload/blocks/disks.ts';
import { Killed, MemoryPlace } from '../unit/payload/blocks/memory-place.ts';

/** What maps and checkpoints name, and the store does not have. */
async function missing(memory: MemoryPlace): Promise<string[]> {
  const named: { name: string; size: number }[] = [];
  for (const name of memory.names('maps')) {
    const map = await readMap(memory.place(), name);
    for await (const _ of map.extents);
    named.push(...map.objects, ...map.ids);
  }
  for (const name of memory.names('open'))
    named.push(...(await readCheckpoint(memory.place(), name, () => undefined)).objects);
  return named
    .filter(({ name, size }) => memory.files.get(name)?.bytes.length !== size)
    .map(({ name }) => name);
}

const dataPuts = (memory: MemoryPlace) => memory.puts.filter((name) => name.includes('/data/'));

/** Three objects, the last of them short. */
const LARGE = Buffer.concat(Array.from({ length: 560 }, (_, seed) => block('noise', seed)));

describe('a run that is killed at any request', () => {
  it.each([1, 2])(
    'leaves nothing named that is not there, and the next sends at most one object twice (%d at once)',
    async (atOnce) => {
      const whole = new MemoryPlace();
      await save(whole.place(), LARGE, { atOnce, compression: 'none' });
      const [requests, objects] = [whole.requests, dataPuts(whole).length];
      expect(objects).toBe(3);
      for (let at = 1; at <= requests; at += 1) {
        const memory = new MemoryPlace();
        // Where only the removal of its checkpoints fails, it ends well.
        await save(memory.place(at), LARGE, { atOnce, compression: 'none' }).catch((error) =>
          expect(error).toBeInstanceOf(Killed),
        );
        expect(await missing(memory)).toEqual([]);
        const { payload } = await save(memory.place(), LARGE, { atOnce, compression: 'none' });
        expect((await restored(memory.place(), payload.name)).equals(LARGE)).toBe(true);
        expect(dataPuts(memory).length).toBeLessThanOrEqual(objects + 1);
        expect(await missing(memory)).toEqual([]);
      }
    },
    120_000,
  );

  it('and others before, with several objects under way, costs no more than those', async () => {
    const memory = new MemoryPlace();
    for (const at of [6, 9, 12]) {
      await save(memory.place(at), LARGE, { atOnce: 3, compression: 'none' }).catch(() => undefined);
      expect(await missing(memory)).toEqual([]);
    }
    const { payload } = await save(memory.place(), LARGE, { compression: 'none' });
    expect((await restored(memory.place(), payload.name)).equals(LARGE)).toBe(true);
    expect(dataPuts(memory).length).toBeLessThanOrEqual(3 + 3 * 3);
  }, 60_000);
});

describe('any disk, however it changes and whatever dies', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'comes back byte for byte from the newest map (%d)',
    async (seed) => {
      const next = random(seed * 7919);
      const memory = new MemoryPlace();
      let bytes = disk(next, 60 + next(150), next(BLOCK));
      const points: { readonly name: string; readonly bytes: Buffer }[] = [];
      for (let run = 0; run < 8; run += 1) {
        const killAt = next(3) === 0 ? 2 + next(12) : undefined;
        const compression = next(4) === 0 ? 'none' : 'zstd';
        const refresh = next(3) === 0 ? 1 + next(5) : undefined;
        const source = inPieces(bytes, next);
        await save(memory.place(killAt), source, { compression, refresh }).then(
          ({ payload }) => points.push({ name: payload.name, bytes: Buffer.from(bytes) }),
          (error) => expect(error).toBeInstanceOf(Killed),
        );
        expect(await missing(memory)).toEqual([]);
        bytes = changed(bytes, next);
      }
      expect(points.length).toBeGreaterThan(1);
      for (const point of points)
        expect((await restored(memory.place(), point.name)).equals(point.bytes)).toBe(true);
    },
    60_000,
  );

  /** Blocks rewritten, emptied, moved; the disk longer or shorter. */
  function changed(bytes: Buffer, next: (below: number) => number): Buffer {
    const other = Buffer.from(bytes);
    for (let change = next(30); change > 0; change -= 1) {
      const at = next(other.length + 1);
      const kinds = ['zeros', 'text', 'noise'] as const;
      if (next(5) === 0) other.copy(other, at, next(other.length + 1));
      else block(kinds[next(3)] ?? 'zeros', next(1 << 20), 1 + next(100_000)).copy(other, at);
    }
    if (next(3) === 0) return Buffer.concat([other, disk(next, next(80), next(BLOCK))]);
    return next(5) === 0 ? other.subarray(0, next(other.length)) : other;
  }
});

it('two runs at one store at once are both whole', async () => {
  const memory = new MemoryPlace();
  const before = disk(random(21), 150, 9);
  await save(memory.place(), before);
  const [one, two] = [Buffer.from(before), Buffer.from(before)];
  block('noise', 1).copy(one, 3 * BLOCK);
  block('noise', 2).copy(two, 3 * BLOCK);
  const saved = await Promise.all([save(memory.place(), one), save(memory.place(), two)]);
  const back = await Promise.all(saved.map(({ payload }) => restored(memory.place(), payload.name)));
  expect(back[0]?.equals(one)).toBe(true);
  expect(back[1]?.equals(two)).toBe(true);
  expect(await missing(memory)).toEqual([]);
});
