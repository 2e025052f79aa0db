import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { BlocksPayload } from '../../../../src/manifest/schema.ts';
import { BLOCK } from '../../../../src/payload/blocks/format.ts';
import { openBlocks } from '../../../../src/payload/blocks/open.ts';
import { saveBlocks } from '../../../../src/payload/blocks/save.ts';
import { type KnownMap, lookAtShelf, lookCloser } from '../../../../src/payload/blocks/shelf-look.ts';
import { lookIntoStore } from '../../../../src/payload/blocks/store-look.ts';
import { allOf, once } from '../../../../src/stream/chunks.ts';
import { type MemoryPlace, memoryPlace, withoutLists } from '../../../support/memory-place.ts';

const SIGNAL = new AbortController().signal;
const NIGHTS = 4;
const point = (night: number) => `${String(night).padStart(8, '0')}-0000-4000-8000-000000000000`;
const taken = (night: number) => `2026-11-0${night}T00:00:00Z`;

let place: MemoryPlace;
let payloads: BlocksPayload[];
/** Four nights of a disk: the first puts all of it, each later one changes one block. */
beforeEach(async () => {
  place = memoryPlace();
  payloads = [];
  const disk = randomBytes(8 * BLOCK);
  for (let night = 1; night <= NIGHTS; night += 1) {
    disk.writeUInt8(disk.readUInt8(night * BLOCK) ^ 1, night * BLOCK);
    const facts = {
      resource: { kind: 'volume', id: 'v1' },
      point: point(night),
      taken: taken(night),
    } as const;
    payloads.push((await saveBlocks(place, facts, once(Buffer.from(disk)), { compression: 'none' })).payload);
  }
  place.asked.length = 0;
});

const objectOf = (night: number) => `volume-v1/data/${point(night)}-0`;
const shelf = (maps: readonly KnownMap[] = payloads, damaged: readonly string[] = []) =>
  lookAtShelf(place, { maps, damaged: new Set(damaged) }, SIGNAL);
const nights = (found: ReadonlyMap<string, string>) =>
  payloads.flatMap(({ name }, index) => (found.has(name) ? [index + 1] : []));
const looked = async () =>
  nights(
    (await lookIntoStore(place, { stored: new Map(), needed: new Set() }, { now: 0, signal: SIGNAL }))
      .lacking,
  );
const cut = (name: string) => place.held.set(name, place.held.get(name)?.subarray(1) ?? Buffer.alloc(0));

describe('a list of a store', () => {
  test('costs one map a folder if nothing is missing', async () => {
    expect(nights((await shelf()).lacking)).toEqual([]);
    expect(place.asked.map(({ name }) => name)).toEqual([payloads.at(-1)?.name]);
  });

  test.each([
    ['an object that all need', 1, [1, 2, 3, 4]],
    ['an object of the last night', 4, [4]],
    ['an object of a night between', 2, [2, 3, 4]],
  ])('tells of %s that it is gone or cut short', async (_what, night, broken) => {
    const whole = place.held.get(objectOf(night)) ?? Buffer.alloc(0);
    for (const harm of [() => place.held.delete(objectOf(night)), () => cut(objectOf(night))]) {
      harm();
      const { lacking } = await shelf();
      expect(nights(lacking)).toEqual(broken);
      expect(await looked()).toEqual(broken);
      expect(lacking.get(payloads[night - 1]?.name ?? '')).toMatch(
        new RegExp(`^1 of ${night} objects? (is missing|has another size): object ${objectOf(night)}$`),
      );
      place.held.set(objectOf(night), whole);
    }
  });

  test('tells of what only an older point needs, by what its run put', async () => {
    // Another disk from the fifth night on: the newest map names nothing of the others.
    const facts = { resource: { kind: 'volume', id: 'v1' }, point: point(5), taken: taken(5) } as const;
    const { payload } = await saveBlocks(place, facts, once(randomBytes(8 * BLOCK)), { compression: 'none' });
    place.held.delete(objectOf(3));
    expect(nights((await shelf([...payloads, payload])).lacking)).toEqual([3, 4]);
  });

  test('tells which points need an object that was seen damaged', async () => {
    expect(nights((await shelf(payloads, [objectOf(3)])).tainted)).toEqual([3, 4]);
    expect(nights((await shelf(payloads, ['volume-v2/data/x-0'])).tainted)).toEqual([]);
  });

  test('does not mistake a run that ends meanwhile for one with missing objects', async () => {
    const late = objectOf(4);
    const bytes = place.held.get(late) ?? Buffer.alloc(0);
    place.held.delete(late);
    const { list } = place;
    const meanwhile = {
      ...place,
      async *list(prefix?: string) {
        for await (const one of list(prefix)) {
          if (one.name.includes('/maps/')) place.held.set(late, bytes);
          yield one;
        }
      },
    };
    expect(
      nights((await lookAtShelf(meanwhile, { maps: payloads, damaged: new Set() }, SIGNAL)).lacking),
    ).toEqual([]);
  });

  test('asks by name for what a list that is late lacks, and for one that is gone only once', async () => {
    const heads: string[] = [];
    const late = (names: readonly string[]): typeof place => ({
      ...place,
      async *list(prefix?: string) {
        for await (const one of place.list(prefix)) if (!names.includes(one.name)) yield one;
      },
      head: async (name) => {
        heads.push(name);
        return place.head(name);
      },
    });
    const look = (at: typeof place) => lookAtShelf(at, { maps: [], damaged: new Set() }, SIGNAL);
    const hidden = [objectOf(1), objectOf(4)];
    expect(nights((await look(late(hidden))).lacking)).toEqual([]);
    expect(heads.sort()).toEqual(hidden);
    const newest = payloads[3] as BlocksPayload;
    expect((await allOf(openBlocks(late(hidden), newest, undefined))).length).toBe(8 * BLOCK);
    for (const name of hidden) place.held.delete(name);
    heads.length = 0;
    await expect(allOf(openBlocks(late([]), newest, undefined))).rejects.toThrow(
      '2 of 4 objects are missing',
    );
    expect(heads).toHaveLength(1);
  });

  test('names a map that cannot be a map', async () => {
    const name = payloads.at(-1)?.name ?? '';
    place.held.set(name, zstdCompressSync('{}\n'));
    expect((await shelf()).lacking.get(name)).toMatch(/^its map is damaged: /);
  });

  test('looks closer at some maps when asked to', async () => {
    place.held.delete(objectOf(2));
    const names = payloads.map(({ name }) => name);
    expect(nights((await lookCloser(place, names.slice(0, 3), new Set(), SIGNAL)).lacking)).toEqual([2, 3]);
  });
});

test('a restore says before its first byte what is missing, and which older point is complete', async () => {
  place.held.delete(objectOf(3));
  const read = openBlocks(place, payloads[3] as BlocksPayload, undefined);
  await expect(read.next()).rejects.toMatchObject({
    message: expect.stringMatching(/1 of 4 objects is missing: object .*-0$/),
    hint: expect.stringContaining(`\`at: ${taken(2)}\` (restore point ${point(2)})`),
  });
  expect(place.asked.filter(({ name }) => name.includes('/data/'))).toEqual([]);
  const older = await allOf(openBlocks(place, payloads[1] as BlocksPayload, undefined));
  expect(older.length).toBe(8 * BLOCK);
});

test('a restore that may not list reads all the same', async () => {
  const blind = withoutLists(place);
  expect((await allOf(openBlocks(blind, payloads[3] as BlocksPayload, undefined))).length).toBe(8 * BLOCK);
});
