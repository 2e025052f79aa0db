import { expect, test } from '@jest/globals';
import { type BlocksAt, openAt } from '../../../../src/payload/blocks/at.ts';
import { cached } from '../../../../src/payload/blocks/cached.ts';
import { BLOCK } from '../../../../src/payload/blocks/format.ts';
import { changed, someDisk, type Written, writeBlocks } from '../../../support/blocks-store.ts';
import { memoryPlace } from '../../../support/memory-place.ts';
import { seeded } from '../../../support/random.ts';

const SETTLED = () => new Promise((resolve) => setTimeout(resolve, 20));

interface Counting extends BlocksAt {
  /** Each block that was asked for, in order. */
  readonly asked: number[];
  fails: boolean;
}

/** A disk of blocks whose every byte tells their number; every fifth is a hole. */
function counting(blocks: number): Counting {
  const asked: number[] = [];
  const isHole = (block: number) => block % 5 === 4;
  const disk: Counting = {
    size: blocks * BLOCK,
    asked,
    fails: false,
    fetched: () => 0,
    async blocks(first, count) {
      for (let at = 0; at < count; at += 1) asked.push(first + at);
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (disk.fails) throw new Error('object x is damaged');
      return Array.from({ length: count }, (_, at) =>
        isHole(first + at) ? undefined : Buffer.alloc(BLOCK, first + at),
      );
    },
    readAt: async () => Promise.reject(new Error('it is read by blocks')),
    extentAt: (offset) => {
      const block = Math.floor(offset / BLOCK);
      return { hole: isHole(block), end: (block + 1) * BLOCK };
    },
  };
  return disk;
}

test('any reads, however many at once and however little is held, are the bytes of the disk', async () => {
  const random = seeded(1);
  const place = memoryPlace();
  let disk = someDisk(random, 60, 777);
  let written: Written = await writeBlocks(place, disk, undefined, { most: 20 });
  for (let run = 0; run < 3; run += 1) {
    disk = changed(random, disk, 5);
    written = await writeBlocks(place, disk, written, { most: 20 });
  }
  for (const held of [0, 5 * BLOCK, 100 * BLOCK]) {
    const at = cached(await openAt(place, written.payload, undefined), held);
    const reads = Array.from({ length: 80 }, (_, round) => {
      const offset = random(disk.length);
      return [offset, random(round % 4 === 0 ? disk.length : 90_000)] as const;
    });
    await Promise.all(
      reads.map(async ([offset, length]) => {
        const expected = disk.subarray(offset, offset + length);
        expect((await at.readAt(offset, length)).equals(expected)).toBe(true);
      }),
    );
  }
});

test('a block that several ask for at once, or that was read before, comes once', async () => {
  const disk = counting(1000);
  const at = cached(disk);
  await Promise.all(Array.from({ length: 20 }, () => at.readAt(500 * BLOCK + 7, BLOCK)));
  await at.readAt(500 * BLOCK, 2 * BLOCK);
  await SETTLED();
  expect(disk.asked.filter((block) => block === 500 || block === 501)).toEqual([500, 501]);
});

test('holds no more than it may', async () => {
  const disk = counting(1000);
  const at = cached(disk, 2 * BLOCK);
  const far = [0, 100, 200, 0, 200] as const;
  for (const block of far) await at.readAt(block * BLOCK, 10);
  expect(disk.asked).toEqual([0, 100, 200, 0]);
});

test('zeros that the store does not have are not asked for', async () => {
  const disk = counting(1000);
  const at = cached(disk);
  expect((await at.readAt(9 * BLOCK, 100)).equals(Buffer.alloc(100))).toBe(true);
  expect(disk.asked).toEqual([]);
});

test('what failed comes again', async () => {
  const disk = counting(1000);
  const at = cached(disk);
  disk.fails = true;
  await expect(at.readAt(0, 10)).rejects.toThrow('object x is damaged');
  disk.fails = false;
  expect((await at.readAt(BLOCK, 3)).equals(Buffer.alloc(3, 1))).toBe(true);
});

test('who reads here and there gets nothing more, and who reads on finds it there', async () => {
  const disk = counting(4000);
  const at = cached(disk);
  for (const block of [3000, 1000, 2001, 0]) await at.readAt(block * BLOCK, 10);
  await SETTLED();
  expect(disk.asked).toEqual([3000, 1000, 2001, 0]);
  for (let offset = 0; offset < 40 * BLOCK; offset += BLOCK / 2) {
    const before = disk.asked.length;
    const bytes = await at.readAt(offset, BLOCK / 2);
    const block = Math.floor(offset / BLOCK);
    expect(bytes.equals(Buffer.alloc(BLOCK / 2, block % 5 === 4 ? 0 : block))).toBe(true);
    await SETTLED();
    // Only what is ahead comes.
    if (block > 10) expect(disk.asked.slice(before).every((one) => one > block)).toBe(true);
  }
  expect(new Set(disk.asked).size).toBe(disk.asked.length);
  expect(Math.max(...disk.asked.filter((block) => block < 900))).toBeLessThanOrEqual(40 + 128);
});

test('the end of the disk is the end of what comes ahead', async () => {
  const disk = counting(30);
  const at = cached(disk);
  for (let block = 0; block < 30; block += 1) await at.readAt(block * BLOCK, BLOCK);
  await SETTLED();
  expect(Math.max(...disk.asked)).toBe(28);
});
