import { describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { OperationError } from '../../../../src/errors.ts';
import { opener, sealer } from '../../../../src/keys/age.ts';
import { BLOCK } from '../../../../src/payload/blocks/format.ts';
import { readMap } from '../../../../src/payload/blocks/map-read.ts';
import { openBlocks } from '../../../../src/payload/blocks/open.ts';
import { allOf } from '../../../../src/stream/chunks.ts';
import { changed, someDisk, type Writing, type Written, writeBlocks } from '../../../support/blocks-store.ts';
import { memoryPlace, withoutLists } from '../../../support/memory-place.ts';
import { randomly } from '../../../support/pieces.ts';
import { seeded } from '../../../support/random.ts';

const identity = await generateIdentity();
const recipients = [await identityToRecipient(identity)];
const SEALED: Writing = { sealer: await sealer(recipients), recipients };
const key = await opener(identity, 'it');
const openerOf = (writing: Writing) => (writing.sealer === undefined ? undefined : key);
const MIB = 1 << 20;

const kinds: [string, Writing][] = [
  ['in clear', {}],
  ['in clear and not compressed', { compress: false }],
  ['sealed', SEALED],
  ['sealed and not compressed', { ...SEALED, compress: false }],
];

describe.each(kinds)('a disk, %s', (_kind, writing) => {
  test.each([
    ['of nothing', 0, 1],
    ['of one byte', 1, 1],
    ['of zeros', 5, BLOCK],
    ['of full blocks', 9, BLOCK],
    ['with a short block', 9, 100],
    ['with a block of 300 bytes', 9, 300],
  ])('%s comes back', async (what, blocks, last) => {
    const random = seeded(3);
    const disk =
      what === 'of zeros'
        ? Buffer.alloc(5 * BLOCK)
        : blocks === 0
          ? Buffer.alloc(0)
          : someDisk(random, blocks, last);
    if (what !== 'of zeros' && disk.length > 0) disk.writeUInt8(1, disk.length - 1);
    const place = memoryPlace((length) => randomly(random, length, 5));
    const { payload } = await writeBlocks(place, disk, undefined, writing);
    expect((await allOf(openBlocks(place, payload, openerOf(writing)))).equals(disk)).toBe(true);
  });

  test('comes back from many runs, in any memory', async () => {
    const random = seeded(4);
    const place = memoryPlace((length) => randomly(random, length, 5));
    let disk = someDisk(random, 60, 1234);
    let written: Written | undefined;
    for (let run = 0; run < 8; run += 1) {
      written = await writeBlocks(place, disk, written, { ...writing, most: 1 + random(20) });
      disk = changed(random, disk, 9, run % 4 === 0 ? random(3 * BLOCK) : 0);
    }
    if (written === undefined) throw new Error('nothing was written');
    for (const budget of [0, 2, 128].map((size) => size * MIB)) {
      const come = await allOf(openBlocks(place, written.payload, openerOf(writing), budget));
      expect(come.equals(written.disk)).toBe(true);
    }
  });
});

test('an empty disk keeps nothing else waiting while it is read', async () => {
  const place = memoryPlace();
  const { payload } = await writeBlocks(place, Buffer.alloc(64 * MIB), undefined, {});
  let turns = 0;
  let done = false;
  const turn = () => {
    turns += 1;
    if (!done) setImmediate(turn);
  };
  let size = 0;
  for await (const bytes of openBlocks(place, payload, undefined)) {
    if (size === 0) setImmediate(turn);
    size += bytes.length;
  }
  done = true;
  expect([size, turns > 30]).toEqual([64 * MIB, true]);
});

test('each byte of an object is asked for once if there is memory', async () => {
  const random = seeded(5);
  const place = memoryPlace();
  const first = await writeBlocks(place, someDisk(random, 60), undefined, { ...SEALED, most: 7 });
  const second = await writeBlocks(place, changed(random, first.disk, 20), first, { ...SEALED, most: 7 });
  place.asked.length = 0;
  await allOf(openBlocks(place, second.payload, key));
  const asked = place.asked.filter(({ name }) => name !== second.payload.name);
  expect(asked.every(({ range }) => range === undefined)).toBe(true);
  expect(asked.map(({ name }) => name).sort()).toEqual(second.objects.map(({ name }) => name).sort());
});

/** Objects whose blocks lie all over the disk: one block of each by turns, some of them superseded. */
async function scatteredDisk(writing: Writing) {
  const random = seeded(9);
  const place = memoryPlace();
  let disk = Buffer.alloc(0);
  let written: Written | undefined;
  const noise = (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += 4) bytes.writeInt32LE(random(2 ** 31 - 1), at);
  };
  for (let run = 0; run < 6; run += 1) {
    const next = Buffer.concat([disk, Buffer.alloc(run === 0 ? 240 * BLOCK : 0)]);
    for (let at = run; at < 240; at += 1 + random(8)) noise(next.subarray(at * BLOCK, (at + 1) * BLOCK));
    disk = next;
    written = await writeBlocks(place, disk, written, { ...writing, compress: false, most: 60 });
  }
  if (written === undefined) throw new Error('nothing was written');
  return { place, written, disk };
}

test.each(kinds.filter(([kind]) => kind.includes('not')))(
  'a scattered disk, %s, takes one request for an extent in hardly any memory, and one more for what is left of an object',
  async (_kind, writing) => {
    const { place, written, disk } = await scatteredDisk(writing);
    const map = await readMap(place, written.payload.name);
    let extents = 0;
    for await (const _ of map.extents) extents += 1;
    expect(extents).toBeGreaterThan(100);
    place.asked.length = 0;
    const come = await allOf(openBlocks(place, written.payload, openerOf(writing), 0));
    expect(come.equals(disk)).toBe(true);
    const asked = place.asked.filter(({ name }) => name !== written.payload.name);
    // Nothing is kept for the next extent of an object.
    expect(asked.length).toBeGreaterThanOrEqual(extents);
    // Of a sealed object the first piece has the header, too, and is cut behind its first chunk.
    const each = writing.sealer === undefined ? 1 : 2;
    expect(asked.length).toBeLessThanOrEqual(extents + each * written.objects.length);
  },
);

test('an object that waited in hardly any memory is compared all the same', async () => {
  const { place, written } = await scatteredDisk({});
  for (const { name } of written.objects) {
    const right = place.held.get(name) ?? Buffer.alloc(0);
    const wrong = Buffer.from(right);
    // Of a raw block: nothing but the SHA-256 of the object tells which one is damaged.
    wrong.writeUInt8(wrong.readUInt8(1000) ^ 1, 1000);
    place.held.set(name, wrong);
    const read = allOf(openBlocks(place, written.payload, undefined, 0));
    await expect(read).rejects.toThrow(`object ${name} is damaged: its SHA-256 differs`);
    place.held.set(name, right);
  }
});

test('small objects that are open at once are asked for once: memory is counted in bytes', async () => {
  const place = memoryPlace();
  const count = 40;
  const disk = Buffer.alloc(2 * count * BLOCK);
  let written: Written | undefined;
  // Each night's object has a block of the first half and one of the second, so that all are open in the middle.
  for (let night = 0; night < count; night += 1) {
    for (const at of [night, count + night]) disk.fill(`line ${at}\n`, at * BLOCK, (at + 1) * BLOCK);
    written = await writeBlocks(place, Buffer.from(disk), written);
  }
  if (written === undefined) throw new Error('nothing was written');
  place.asked.length = 0;
  const come = await allOf(openBlocks(place, written.payload, undefined, 2 * MIB));
  expect(come.equals(disk)).toBe(true);
  const asked = place.asked.filter(({ name }) => name.includes('/data/'));
  expect(asked.length).toBe(count);
});

const UNLIKE = ['has another size', 'bytes in the store, but its map says'] as const;
/** What is said where the objects can be listed, and where they cannot. */
const altered: [string, (bytes: Buffer) => Buffer, readonly [string, string]][] = [
  ['is missing', () => Buffer.alloc(0), ['is missing', 'cannot be read']],
  ['is cut', (bytes) => bytes.subarray(0, -1), UNLIKE],
  ['is longer', (bytes) => Buffer.concat([bytes, bytes]), UNLIKE],
];

test.each(altered)('an object that %s is named', async (what, alter, [listed, unlisted]) => {
  for (const writing of [{}, SEALED]) {
    const place = memoryPlace();
    const { payload, objects } = await writeBlocks(place, someDisk(seeded(6), 30), undefined, {
      ...writing,
      most: 5,
    });
    const { name } = objects[2] ?? { name: '' };
    if (what === 'is missing') place.held.delete(name);
    else place.held.set(name, alter(place.held.get(name) ?? Buffer.alloc(0)));
    for (const [from, message] of [
      [place, listed],
      [withoutLists(place), unlisted],
    ] as const) {
      const read = allOf(openBlocks(from, payload, openerOf(writing)));
      await expect(read).rejects.toThrow(OperationError);
      await expect(read).rejects.toThrow(`object ${name}`);
      await expect(read).rejects.toThrow(message);
    }
  }
});
