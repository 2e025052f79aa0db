import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import {
  admission,
  findMap,
  type Kept,
  runsOfMap,
  type Seeker,
} from '../../../../src/payload/blocks/base.ts';
import {
  BLOCK,
  CLEAR_KEY,
  headerLine,
  ID_BYTES,
  keyTag,
  type MapHeader,
  SEGMENT,
} from '../../../../src/payload/blocks/format.ts';
import { MAP_PIECE, mapBytes } from '../../../../src/payload/blocks/map-bytes.ts';
import { readMap } from '../../../../src/payload/blocks/map-read.ts';
import { MapBuilder } from '../../../../src/payload/blocks/map-write.ts';
import { dataName, folderOf, idsName, mapName } from '../../../../src/payload/blocks/names.ts';
import { LARGEST_OBJECT, type Place } from '../../../../src/store/place.ts';
import { allOf, once } from '../../../../src/stream/chunks.ts';
import { memoryPlace } from '../../../support/memory-place.ts';
import { block, disk, KEY, random, restored, save, VOLUME } from './disks.ts';
import { MemoryPlace } from './memory-place.ts';

const SEEKER: Seeker = { resource: VOLUME, key: CLEAR_KEY, recipients: null };

/** A place whose map is another after some of its requests. */
function turning(place: Place, name: string, after: number, turn: () => void): Place {
  let asked = 0;
  return {
    ...place,
    get: (wanted, range) => {
      if (wanted === name && asked++ === after) turn();
      return place.get(wanted, range);
    },
  };
}

/** A disk that was saved a few times, so that its map has many lines. */
async function scattered(next: (below: number) => number) {
  const memory = new MemoryPlace();
  const bytes = disk(next, 80, 100);
  let name = '';
  for (let round = 0; round < 4; round += 1) {
    for (let change = 0; change < 9; change += 1)
      block('noise', next(1 << 30)).copy(bytes, next(80) * 65_536);
    ({ name } = (await save(memory.place(), bytes)).payload);
  }
  return { memory, bytes, name };
}

/** A map of every other block of some segments, so that its extents are several frames. */
async function large(next: (below: number) => number) {
  const memory = new MemoryPlace();
  const place = memory.place();
  const [point, folder] = [randomUUID(), folderOf(VOLUME)];
  const builder = new MapBuilder();
  const all = 70_000 + next(20_000);
  for (let number = 0; number * 4096 < all; number += 1) {
    const name = dataName(folder, point, number);
    const object = { name, size: 1, sha256: 'ab'.repeat(32), blocks: 4096, to: null };
    for (let at = number * 4096; at < Math.min(all, (number + 1) * 4096); at += 1)
      builder.add(2 * at, 1, object, at % 4096);
  }
  for (let segment = 0; segment * SEGMENT < 2 * all; segment += 1) {
    const name = idsName(folder, point, segment);
    const count = Math.min(SEGMENT / 2, all - (segment * SEGMENT) / 2);
    const stored = await place.put(name, once(Buffer.alloc(count * ID_BYTES, segment + 1)));
    builder.addIds({ name, ...stored, segment });
  }
  const taken = '2026-11-26T00:00:00Z';
  const digest = { algorithm: 'sha256', value: 'ab' };
  const facts = { resource: VOLUME, point, taken, key: keyTag(CLEAR_KEY), refresh: { next: 0 } };
  const text = builder.end({ ...facts, size: 2 * all * BLOCK, digest }, null, CLEAR_KEY);
  const name = mapName(folder, taken, point);
  await place.put(name, once(Buffer.concat(text)));
  return { memory, name };
}

/** The runs, in short. */
async function runsOf(place: Place, name: string, piece?: number): Promise<string[]> {
  const size = (await place.head(name))?.size ?? 0;
  const { map } = await findMap(place, [{ name, size }], SEEKER, piece);
  if (map === undefined) throw new Error('there is no map');
  const runs: string[] = [];
  for await (const { start, count, object, first, ids } of runsOfMap(place, map, {
    ids: new Map(),
    lacks: false,
  }))
    runs.push(`${start} ${count} ${object.name} ${first} ${ids[0]}`);
  return runs;
}

const LATE = 4;

describe('a base', () => {
  it('is read again in pieces, and ends where it is gone or another: all before is what it was', async () => {
    const next = random(1);
    const begun: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const { memory, name } = await large(next);
      const whole = await runsOf(memory.place(), name);
      const held = memory.files.get(name) ?? { bytes: Buffer.alloc(0), modified: 0 };
      const piece = 1 + Math.ceil(held.bytes.length / (3 + next(20)));
      expect((await runsOf(memory.place(), name, piece)).join()).toBe(whole.join());
      const pieces = Math.ceil(held.bytes.length / piece);
      const after = round < LATE ? pieces - 1 : next(pieces);
      const place = turning(memory.place(), name, 1 + after, () => {
        const bytes = Buffer.from(held.bytes);
        // All pieces from this one on are others.
        for (let at = after * piece; at < bytes.length; at += piece)
          bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << next(8)), at);
        if (next(2) === 0) memory.files.delete(name);
        else memory.files.set(name, { bytes, modified: 0 });
      });
      const runs = await runsOf(place, name, piece);
      expect(runs.join()).toBe(whole.slice(0, runs.length).join());
      expect(runs.length).toBeLessThan(whole.length);
      begun.push(runs.length);
    }
    expect(Math.min(...begun.slice(0, LATE))).toBeGreaterThan(0);
  });

  it('that is retired in the meantime costs nothing, or sending the rest: the disk comes back', async () => {
    const next = random(2);
    for (const known of [false, true]) {
      const { memory, bytes, name } = await scattered(next);
      const digest = {
        algorithm: 'sha256',
        value: (await readMap(memory.place(), name)).header.disk.digest.value,
      };
      const place = turning(memory.place(), name, 1, () => memory.files.delete(name));
      const options = known ? { known: { size: bytes.length, digest } } : {};
      const { payload, base } = await save(place, bytes, options);
      expect(base).toBe(name);
      memory.files.delete(name);
      expect((await restored(memory.place(), payload.name)).equals(bytes)).toBe(true);
    }
  });

  it('is none where so many objects might leave no room for more', async () => {
    const admit = (objects: number, blocks: number) => () => {
      const sha256 = 'ab'.repeat(32);
      const header: Omit<MapHeader, 'tag'> = {
        format: 'openstack-backup map',
        version: 1,
        point: randomUUID(),
        resource: VOLUME,
        taken: '2026-11-26T00:00:00Z',
        disk: { size: 2 ** 50, block: 65_536, digest: { algorithm: 'sha256', value: 'ab' } },
        recipients: [],
        key: keyTag(KEY),
        refresh: { next: 0 },
        objects: { count: objects, sha256 },
        ids: { count: 0, sha256 },
        extents: { count: 1, sha256, blocks },
      };
      const line = headerLine(header, KEY);
      admission({ ...SEEKER, key: KEY })({ ...header, tag: null }, line);
    };
    expect(admit(2 ** 19 + 1, 256)).toThrow('names 524289 objects, so scattered is the disk');
    expect(admit(2 ** 19, 256)).not.toThrow();
    // A disk of 12 TiB is not scattered just because it is large.
    expect(admit(3 * 2 ** 18, 3 * 2 ** 26)).not.toThrow();
    expect(admit(2 ** 20, 3 * 2 ** 26)).toThrow('so scattered is the disk');
  });

  it('is none if its map is so large that the next one may not go into a bucket', async () => {
    const memory = new MemoryPlace();
    const { payload } = await save(memory.place(), block('text', 1));
    const found = (size: number) => findMap(memory.place(), [{ name: payload.name, size }], SEEKER);
    expect((await found(LARGEST_OBJECT / 2)).map?.name).toBe(payload.name);
    expect((await found(LARGEST_OBJECT / 2 + 1)).why).toBe(
      `${payload.name} has 67108865 bytes, so scattered is the disk`,
    );
  });
});

it('a map that names more objects than anybody reads is not made', () => {
  const builder = new MapBuilder();
  const folder = folderOf(VOLUME);
  const point = randomUUID();
  const object = (number: number): Kept => ({
    name: dataName(folder, point, number),
    size: 1,
    sha256: '',
    blocks: 2,
    to: null,
  });
  for (let number = 0; number < 2 ** 20; number += 1) builder.add(number, 1, object(number), 0);
  builder.add(2 ** 20, 1, object(0), 1);
  const add = () => builder.add(2 ** 20 + 1, 1, object(2 ** 20), 0);
  expect(add).toThrow(OperationError);
  expect(add).toThrow('more than 1048576 objects');
});

it('ids that rotted are written anew, and used by the run after', async () => {
  const memory = new MemoryPlace();
  const bytes = disk(random(4), 50, 3);
  await save(memory.place(), bytes);
  const [ids = ''] = memory.names('ids');
  memory.files.set(ids, { bytes: Buffer.alloc(memory.files.get(ids)?.bytes.length ?? 0), modified: 0 });
  const healed = await save(memory.place(), bytes);
  expect(healed.payload.takenOver).toBe(0);
  const map = await readMap(memory.place(), healed.payload.name);
  await map.close();
  expect(map.ids.map(({ name }) => name)).not.toContain(ids);
  const after = await save(memory.place(), bytes);
  expect(after.payload.takenOver).toBeGreaterThan(0);
  expect(after.payload.sent).toBe(after.payload.stored.size);
});

it('a large map whose size is known is asked for in pieces, so that no connection waits for a disk', async () => {
  const place = memoryPlace();
  const bytes = disk(random(9), 2 * (MAP_PIECE / 65_536), 77);
  place.held.set('m', bytes);
  const found = await mapBytes(place, 'm', { size: bytes.length });
  expect((await allOf(found.bytes)).equals(bytes)).toBe(true);
  expect(place.asked.map(({ range }) => range)).toEqual([
    { start: 0, end: MAP_PIECE },
    { start: MAP_PIECE, end: 2 * MAP_PIECE },
    { start: 2 * MAP_PIECE, end: bytes.length },
  ]);
  // Longer than the manifest says is told by its size.
  expect((await mapBytes(place, 'm', { size: bytes.length - 1 })).size).toBe(bytes.length);
  await expect(mapBytes(place, 'n', { size: bytes.length })).rejects.toThrow('n is not in memory');
});

it.each(['ids', 'data'])('a store that lost %s is not taken for a disk that was encrypted', async (part) => {
  const memory = new MemoryPlace();
  const bytes = Buffer.concat(Array.from({ length: 8 }, (_, seed) => block('noise', seed)));
  for (let night = 0; night < 6; night += 1) await save(memory.place(), bytes);
  for (const name of memory.names(part)) memory.files.delete(name);
  const { payload } = await save(memory.place(), bytes);
  expect(payload.takenOver).toBe(0);
  expect(payload.change).toEqual({ used: bytes.length });
  const { header, close } = await readMap(memory.place(), payload.name);
  await close();
  expect(header.past).toMatchObject({ used: bytes.length, nights: 5 });
});
