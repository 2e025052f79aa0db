import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import {
  type Extent,
  extentLine,
  headerLine,
  idsLine,
  type MapHeader,
  objectLine,
  type StoredIds,
  type StoredObject,
} from '../../../../src/payload/blocks/format.ts';
import { readMap } from '../../../../src/payload/blocks/map-read.ts';
import type { Place } from '../../../../src/store/place.ts';
import { once } from '../../../../src/stream/chunks.ts';
import { frameOf } from '../../../../src/stream/zstd.ts';
import { type MemoryPlace, memoryPlace } from '../../../support/memory-place.ts';
import { randomly } from '../../../support/pieces.ts';
import { seeded } from '../../../support/random.ts';

const POINT = '11111111-1111-4111-8111-111111111111';
const FOLDER = 'volume-v1';
const NAME = `${FOLDER}/maps/20261126T010203Z-${POINT}`;
const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');
const KEY = Buffer.alloc(32, 7);

const object = (number: number, blocks: number): StoredObject => ({
  name: `${FOLDER}/data/${POINT}-${number}`,
  size: 1000 + number,
  sha256: sha256(String(number)),
  blocks,
  to: null,
});
const ids = (segment: number): StoredIds => ({
  name: `${FOLDER}/ids/${POINT}-${segment}`,
  size: 32,
  sha256: sha256(`ids ${segment}`),
  segment,
});

const GOOD = {
  size: 9 * 65_536 + 5,
  objects: [object(0, 4), object(1, 2)],
  ids: [ids(0)],
  extents: [
    [0, 2, 0, 0],
    [2, 1, 1, 1],
    [5, 1, 0, 3],
    [9, 1, 0, 3],
  ].slice(0, 3) as unknown as Extent[],
};

type Changed = Partial<typeof GOOD> & {
  readonly header?: Partial<MapHeader>;
  readonly lines?: (lines: string[]) => string[];
};

async function textOf({ header = {}, lines = (all) => all, ...changed }: Changed): Promise<string> {
  const { size, objects, ids, extents } = { ...GOOD, ...changed };
  const parts = [objects.map(objectLine), ids.map(idsLine), extents.map(extentLine)];
  const [ofObjects, ofIds, ofExtents] = parts.map((part) => ({
    count: part.length,
    sha256: sha256(part.join('')),
  })) as [MapHeader['objects'], MapHeader['ids'], MapHeader['ids']];
  const first = headerLine(
    {
      format: 'openstack-backup map',
      version: 1,
      point: POINT,
      resource: { kind: 'volume', id: 'v1' },
      taken: '2026-11-26T01:02:03Z',
      disk: { size, block: 65_536, digest: { algorithm: 'sha512', value: 'ab' } },
      recipients: [],
      key: null,
      refresh: { next: 0 },
      objects: ofObjects,
      ids: ofIds,
      extents: { ...ofExtents, blocks: extents.reduce((sum, [, count]) => sum + count, 0) },
      ...header,
    },
    KEY,
  );
  return lines([first, ...parts.flat()]).join('');
}

async function placed(text: string, place: MemoryPlace = memoryPlace()) {
  const bytes = await frameOf(Buffer.from(text));
  return { place, stored: await place.put(NAME, once(bytes)) };
}

async function read(place: MemoryPlace, expected?: { size: number; sha256: string }) {
  const { extents, ...map } = await readMap(place, NAME, expected);
  const all: Extent[] = [];
  for await (const extent of extents) all.push(extent);
  return { ...map, extents: all };
}

test('a map comes back as it was written, in pieces of any size', async () => {
  const random = seeded(1);
  for (let round = 0; round < 50; round += 1) {
    const text = await textOf({});
    const { place, stored } = await placed(
      text,
      memoryPlace((length) => randomly(random, length, 9)),
    );
    const map = await read(place, stored);
    expect(map).toMatchObject({ objects: GOOD.objects, ids: GOOD.ids, extents: GOOD.extents });
    expect(map.header).toMatchObject({ point: POINT, disk: { size: GOOD.size } });
    expect(`${map.headerLine}\n`).toBe(text.slice(0, text.indexOf('\n') + 1));
  }
});

test('an empty disk has a header alone', async () => {
  const { place, stored } = await placed(await textOf({ size: 0, objects: [], ids: [], extents: [] }));
  expect(await read(place, stored)).toMatchObject({ objects: [], ids: [], extents: [] });
});

const other = '22222222-2222-4222-8222-222222222222';
const faults: [string, Changed, string][] = [
  ['is not JSON', { lines: ([first = '', ...rest]) => [first.slice(1), ...rest] }, 'not JSON'],
  ['is of another point', { header: { point: other } }, 'another restore point'],
  ['is of another resource', { header: { resource: { kind: 'volume', id: 'v2' } } }, 'another restore point'],
  ['is of a later version', { header: { version: 2 as 1 } }, 'version 2 is not known'],
  ['is cut behind its objects', { lines: (all) => all.slice(0, 3) }, '0 of 1 ids'],
  ['is cut in a line', { lines: (all) => [...all.slice(0, -1), '[5,1,'] }, 'last line does not end'],
  ['has a line more', { lines: (all) => [...all, '[6,1,0,3]\n'] }, 'goes on past its end'],
  [
    'has other objects',
    { lines: ([a = '', b = '', c = '', ...d]) => [a, c, b, ...d] },
    'its objects are not',
  ],
  [
    'has other extents',
    { lines: (all) => all.map((line) => line.replace('[5,1,', '[6,1,')) },
    'extents are not',
  ],
  [
    'says that it has no objects',
    { header: { objects: { count: 0, sha256: sha256('') } } },
    'ids is not a string',
  ],
  [
    'has more objects than can be',
    { header: { objects: { count: 2 ** 40, sha256: sha256('') } } },
    'more than',
  ],
  [
    'has more extents than blocks',
    { header: { extents: { count: 11, blocks: 4, sha256: sha256('') } } },
    'more than',
  ],
  [
    'has more blocks than the disk',
    { header: { extents: { count: 3, blocks: 11, sha256: sha256('') } } },
    'more than',
  ],
  [
    'counts other blocks',
    {
      size: 9e9,
      header: { extents: { count: 3, blocks: 5, sha256: sha256('[0,2,0,0]\n[2,1,1,1]\n[5,1,0,3]\n') } },
    },
    'it has 4 of 5 blocks',
  ],
  [
    'goes back',
    {
      extents: [
        [2, 2, 0, 0],
        [3, 1, 1, 0],
      ],
    },
    'the extent at block 3 is out of place',
  ],
  ['leaves the disk', { extents: [[9, 2, 0, 0]] }, 'the extent at block 9 is out of place'],
  ['leaves an object', { extents: [[0, 2, 0, 3]] }, 'the extent at block 0 is not in its object'],
  [
    'goes back in an object',
    {
      extents: [
        [0, 1, 0, 3],
        [1, 1, 0, 2],
      ],
    },
    'the extent at block 1 is not in its object',
  ],
  ['has an object of no number', { extents: [[0, 1, 2, 0]] }, 'the extent at block 0 is not in its object'],
  ['has an extent of nothing', { extents: [[0, 0, 0, 0]] }, 'an extent is not of the form'],
  [
    'has an extent of text',
    { extents: [['0', 1, 0, 0] as unknown as Extent] },
    'an extent is not of the form',
  ],
  ['has ids twice', { ids: [ids(0), ids(0)] }, 'ids are out of order'],
  [
    'names what is not its own',
    { objects: [{ ...object(0, 4), name: `volume-v2/data/${POINT}-0` }, object(1, 2)] },
    'not a name in volume-v1/data',
  ],
  [
    'has a line without end',
    { lines: ([first = ''], long = 'x'.repeat(2 ** 20)) => [first, long, long] },
    'a line has more than',
  ],
];

test.each(faults)('a map that %s is an error that names it', async (_what, changed, message) => {
  const { place, stored } = await placed(await textOf(changed));
  for (const expected of [stored, undefined]) {
    const failed = read(place, expected);
    await expect(failed).rejects.toThrow(OperationError);
    await expect(failed).rejects.toThrow(`map ${NAME} is damaged: `);
    await expect(failed).rejects.toThrow(message);
    const proved = readMap(place, NAME, expected).then((map) => map.prove());
    await expect(proved).rejects.toThrow(message);
  }
});

/** A map whose extents stand there as these lines. */
async function withExtents(written: readonly string[], blocks: number): Promise<MemoryPlace> {
  const extents = { count: written.length, sha256: sha256(written.join('')), blocks };
  const own = (all: string[]) => [...all.slice(0, -GOOD.extents.length), ...written];
  return (await placed(await textOf({ header: { extents }, lines: own }))).place;
}

test('extents that another program wrote are read, too', async () => {
  const place = await withExtents(['[0, 2, 0, 0]\n', '[2,1,1,1]\n', ' [5e0,1.0,0,3]\n'], 4);
  expect((await read(place)).extents).toEqual(GOOD.extents);
  await (await readMap(place, NAME)).prove();
});

test.each([
  ['[00,2,0,0]', 'a line is not JSON'],
  ['[,2,0,0]', 'a line is not JSON'],
  ['[0,2,0,0', 'a line is not JSON'],
  ['[0,2,0,0]]', 'a line is not JSON'],
  ['', 'a line is not JSON'],
  ['[-0.5,2,0,0]', 'an extent is not of the form'],
  ['[0,2,0]', 'an extent is not of the form'],
  ['[0,2,0,0,0]', 'an extent is not of the form'],
  ['[99999999999999999999,2,0,0]', 'an extent is not of the form'],
  ['[9999999999999999,2,0,0]', 'an extent is not of the form'],
  ['[999999999999999,2,0,0]', 'out of place'],
])('no extent is %s', async (line, message) => {
  const place = await withExtents([`${line}\n`, '[2,1,1,1]\n'], 3);
  await expect(read(place)).rejects.toThrow(message);
});

test('what the manifest says of a map is compared', async () => {
  const { place, stored } = await placed(await textOf({}));
  await expect(read(place, { ...stored, size: stored.size + 1 })).rejects.toThrow(
    `has ${stored.size} bytes in the store, but the manifest says ${stored.size + 1}`,
  );
  await expect(read(place, { ...stored, sha256: sha256('') })).rejects.toThrow('its SHA-256 differs');
});

test('a flipped bit in any byte of a map is an error', async () => {
  const { place, stored } = await placed(await textOf({}));
  const good = place.held.get(NAME) ?? Buffer.alloc(0);
  const random = seeded(2);
  for (let at = 0; at < good.length; at += 1) {
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(at) ^ (1 << random(8)), at);
    place.held.set(NAME, bad);
    await expect(read(place, stored)).rejects.toThrow(`map ${NAME}`);
  }
});

test.each(['closed', 'read to its end'])('a map that is %s leaves nothing open', async (how) => {
  const { place } = await placed(await textOf({}));
  let open = 0;
  const get: Place['get'] = async (name) => {
    const { size, bytes } = await place.get(name);
    return { size, bytes: counted(bytes) };
  };
  async function* counted(bytes: AsyncIterable<Uint8Array>) {
    open += 1;
    try {
      yield* bytes;
    } finally {
      open -= 1;
    }
  }
  const map = await readMap({ ...place, get }, NAME);
  if (how === 'closed') await map.close();
  else for await (const extent of map.extents) expect(extent).toHaveLength(4);
  expect(open).toBe(0);
});
