import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { cleaningOf, freedBy, type NamingRecord, spansOf } from '../../../../src/payload/blocks/clean.ts';
import { saveBlocks } from '../../../../src/payload/blocks/save.ts';
import { lookIntoStore, type ManifestFacts } from '../../../../src/payload/blocks/store-look.ts';
import { sweepStore } from '../../../../src/payload/blocks/sweep.ts';
import type { Place } from '../../../../src/store/place.ts';
import { once } from '../../../../src/stream/chunks.ts';
import { checkpointBytes, mapBytes } from '../../../support/blocks-records.ts';
import { piecesAt } from '../../../support/pieces.ts';
import { FOLDER, HOUR, type StoreWorld, storeWorld } from '../../../support/store-world.ts';

const RESOURCE = { kind: 'volume', id: 'v1' } as const;
const point = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`;
const data = (number: number, at = 0) => `${FOLDER}/data/${point(number)}-${at}`;
const TAKEN = '2026-11-20T00:00:00.000Z';
const mapOf = (number: number) => `${FOLDER}/maps/20261120T000000Z-${point(number)}`;
const NONE: ManifestFacts = { stored: new Map(), needed: new Set() };
const SIGNAL = new AbortController().signal;

let world: StoreWorld;
let place: Place;
beforeEach(() => {
  world = storeWorld(() => 0);
  place = world.open();
});

const put = (name: string, bytes: Uint8Array | string) => place.put(name, once(Buffer.from(bytes)));
const map = (number: number, names: readonly string[], header?: object) =>
  mapBytes({ resource: RESOURCE, point: point(number), taken: TAKEN, names, ...(header && { header }) });
const names = () => [...world.held.keys()].sort();

async function sweep(facts = NONE, now = world.now()) {
  const failed: string[] = [];
  const look = await lookIntoStore(place, facts, { now, signal: SIGNAL });
  const freed = await sweepStore(place, look, {
    facts,
    now,
    signal: SIGNAL,
    failed: (name, why) => failed.push(`${name}: ${why}`),
  });
  const held = look.folders.flatMap(({ cleaning: { held: one } }) =>
    one === undefined ? [] : [`${one.listed.name} ${one.doubt}`],
  );
  return { freed, failed, held };
}

describe('what stays and what goes', () => {
  test('objects that nothing names, once they are old', async () => {
    await put(data(1), 'a');
    await put(data(2), 'bc');
    await put(mapOf(1), await map(1, [data(1)]));
    world.pass(49 * HOUR);
    await put(data(3), 'young');
    expect(await sweep()).toEqual({ freed: { objects: 1, bytes: 2 }, failed: [], held: [] });
    expect(names()).toEqual([data(1), data(3), mapOf(1)]);
  });

  test('nothing that is not ours, however it is called', async () => {
    const foreign = [
      'readme.txt',
      'volume-v1/data/notes',
      `volume-v1/data/${point(1)}-01`,
      `disk-v1/data/${point(1)}-0`,
      `volume-v1/other/${point(1)}-0`,
      `a/volume-v1/data/${point(1)}-0`,
      'pruned/x-0',
    ];
    for (const name of foreign) await put(name, 'x');
    world.pass(1000 * HOUR);
    expect((await sweep()).freed.objects).toBe(0);
    expect(names()).toEqual(foreign.sort());
  });

  test('a store where nothing is to be done is only listed', async () => {
    await put(data(1), 'a');
    await put(mapOf(1), await map(1, [data(1)]));
    world.pass(1000 * HOUR);
    await sweep();
    expect([world.lists, world.gets]).toEqual([[''], [mapOf(1)]]);
  });

  test('a clock of the cloud that is wrong makes nothing older than the store says', async () => {
    await put(data(1), 'a');
    expect((await sweep(NONE, world.now() + 1000 * HOUR)).freed.objects).toBe(0);
    world.pass(49 * HOUR);
    expect((await sweep(NONE, world.now() - 1000 * HOUR)).freed.objects).toBe(0);
    expect((await sweep(NONE, world.now() + 1000 * HOUR)).freed.objects).toBe(1);
  });

  test('checkpoints of a run as long as one of them is young', async () => {
    const open = (at: number) => `${FOLDER}/open/${point(1)}-${at}`;
    const checkpoint = (of: readonly string[]) =>
      checkpointBytes({ resource: RESOURCE, point: point(1), taken: TAKEN, names: of });
    await put(data(1, 0), 'a');
    await put(open(0), await checkpoint([data(1, 0)]));
    world.pass(49 * HOUR);
    await put(open(1), await checkpoint([]));
    world.pass(1 * HOUR);
    await sweep();
    expect(names()).toEqual([data(1, 0), open(0), open(1)]);
    world.pass(49 * HOUR);
    await sweep();
    expect(names().filter((name) => name.startsWith(`${FOLDER}/open/`))).toEqual([]);
    expect(names()).toContain(data(1, 0));
    world.pass(49 * HOUR);
    await sweep();
    expect(names()).toEqual([]);
  });
});

describe('a map that is in doubt keeps all of its folder', () => {
  const doubtful: readonly [string, () => Promise<Uint8Array>, RegExp][] = [
    [
      'cut',
      async () => (await map(2, [data(2)])).subarray(0, 60),
      /maps\/.* cannot be read: .*(cut short|damaged)/,
    ],
    ['empty', async () => Buffer.alloc(0), /cannot be read/],
    ['of a newer version', () => map(2, [data(2)], { version: 2 }), /version 2 is not known/],
    ['of another resource', () => map(2, [], { resource: { kind: 'volume', id: 'v2' } }), /not the one/],
    ['of another point', () => map(3, []), /not the one that its name says/],
    ['of somebody', async () => Buffer.from('hello'), /cannot be read/],
    ['that names what is not its own', () => map(2, [`volume-v2/data/${point(1)}-0`]), /cannot be read/],
  ];
  test.each(doubtful)('%s', async (_, bytes, told) => {
    await put(data(1), 'a');
    await put(mapOf(2), await bytes());
    await put(`volume-v9/data/${point(1)}-0`, 'other');
    world.pass(1000 * HOUR);
    const { freed, held } = await sweep();
    expect(held.join()).toMatch(told);
    expect(names()).toContain(data(1));
    expect(freed).toEqual({ objects: 1, bytes: 5 });
  });

  test('altered, as its manifest tells: whoever altered it would have us delete', async () => {
    const whole = await map(2, [data(1)]);
    const less = await map(2, []);
    const same = Buffer.concat([less, Buffer.alloc(Math.max(0, whole.length - less.length))]);
    for (const [bytes, size] of [
      [less, whole.length],
      [less, less.length],
      [same, same.length],
    ] as const) {
      world = storeWorld(() => 0);
      place = world.open();
      await put(data(1), 'a');
      await put(mapOf(2), bytes);
      world.pass(1000 * HOUR);
      const facts = { ...NONE, stored: new Map([[mapOf(2), { size, sha256: 'f'.repeat(64) }]]) };
      expect((await sweep(facts)).held).toHaveLength(1);
      expect(names()).toContain(data(1));
    }
  });

  test('gone, although a manifest names it', async () => {
    await put(data(1), 'a');
    world.pass(1000 * HOUR);
    const { held } = await sweep({ ...NONE, needed: new Set([mapOf(1)]) });
    expect(held.join()).toMatch(/is not in the store, but a manifest names it/);
    expect(names()).toEqual([data(1)]);
  });

  test('a checkpoint that cannot be read keeps what its run wrote, until it is old twice', async () => {
    await put(data(1), 'a');
    await put(`${FOLDER}/open/${point(1)}-0`, 'not one');
    for (const left of [1, 0]) {
      world.pass(49 * HOUR);
      await sweep();
      expect(names().filter((name) => name === data(1))).toHaveLength(left);
    }
  });
});

test('what maps alone name', () => {
  const listed = (name: string) => ({ name, size: 10, modified: 0 });
  const record = (name: string, of: readonly number[]): NamingRecord => ({
    listed: listed(name),
    names: of.map((number) => data(number)),
    doubt: '',
  });
  const spans = spansOf({
    objects: [1, 2, 3, 4, 5].map((number) => listed(data(number))),
    maps: [record('a', [1, 2, 5]), record('b', [2, 3, 5]), record('c', [3, 4])],
    open: [record('o', [5])],
    pruned: [],
  });
  expect(freedBy(spans, [true, false, false]).objects).toBe(1);
  expect(freedBy(spans, [true, true, false])).toEqual({ objects: 2, bytes: 20 });
  expect(freedBy(spans, [true, true, true]).objects).toBe(4);
  expect(cleaningOf({ objects: [], maps: [], open: [], pruned: [] }, 0).held).toBeUndefined();
});

test('30 daily increments, 14 kept: the store has at most twice the data of the disk', async () => {
  // So few that no thread is needed.
  const blocks = 48;
  const disk = randomBytes(blocks * 65_536);
  const cuts = Array.from({ length: blocks / 16 }, (_, at) => at << 20);
  let [most, requests] = [0, 0];
  const size = () => [...world.held.values()].reduce((sum, { length }) => sum + length, 0);
  for (let day = 0; day < 30; day += 1) {
    for (let write = 0; write < blocks / 100; write += 1)
      randomBytes(65_536).copy(disk, Math.floor(Math.random() * blocks) * 65_536);
    const taken = new Date(world.now()).toISOString();
    const facts = { resource: RESOURCE, point: point(day), taken };
    await saveBlocks(place, facts, piecesAt(disk, cuts), { compression: 'none' });
    world.lists.length = 0;
    world.gets.length = 0;
    expect(await world.prune(place, 14)).toEqual([]);
    requests = Math.max(requests, world.lists.length);
    expect(world.gets.filter((name) => /\/(data|ids)\//.test(name))).toEqual([]);
    most = Math.max(most, size() / disk.length);
    world.pass(24 * HOUR);
  }
  expect(names().filter((name) => name.includes('/maps/'))).toHaveLength(14);
  // Once over all, and once more over each part with records of a folder that something is removed from.
  expect(requests).toBe(4);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThan(2);
}, 240_000);
