import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { InputError, OperationError } from '../../src/errors.ts';
import { opener, sealer } from '../../src/keys/age.ts';
import { BLOCK } from '../../src/payload/blocks/format.ts';
import { openBlocks } from '../../src/payload/blocks/open.ts';
import { allOf } from '../../src/stream/chunks.ts';
import { someDisk, type Writing, writeBlocks } from '../support/blocks-store.ts';
import { memoryPlace } from '../support/memory-place.ts';
import { seeded } from '../support/random.ts';

const identity = await generateIdentity();
const recipients = [await identityToRecipient(identity)];
const key = await opener(identity, 'it');
const kinds: [string, Writing][] = [
  ['in clear', { most: 4 }],
  ['in clear, not compressed', { most: 4, compress: false }],
  ['sealed', { most: 4, sealer: await sealer(recipients), recipients }],
];
/** Objects as one piece, and as pieces of 64 KiB. */
const budgets = [undefined, 0];

/** Twelve blocks, none of zeros: three objects of four. */
function disk(): Buffer {
  const bytes = someDisk(seeded(7), 12);
  for (let at = 0; at < bytes.length; at += BLOCK) bytes.writeUInt8(1, at);
  return bytes;
}

describe.each(kinds)('an object, %s,', (_kind, writing) => {
  const openerOf = writing.sealer === undefined ? undefined : key;
  const made = async () => {
    const place = memoryPlace();
    const written = await writeBlocks(place, disk(), undefined, writing);
    const { name } = written.objects[1] ?? { name: '' };
    const bytes = place.held.get(name) ?? Buffer.alloc(0);
    return { place, ...written, name, bytes };
  };
  const refused = async (
    { place, payload, name }: Awaited<ReturnType<typeof made>>,
    budget: number | undefined,
    message: string,
  ) => {
    const read = allOf(openBlocks(place, payload, openerOf, budget));
    await expect(read).rejects.toThrow(OperationError);
    await expect(read).rejects.toThrow(`object ${name}`);
    await expect(read).rejects.toThrow(message);
  };

  test.each(budgets)('is named if a bit of it flipped (memory %s)', async (budget) => {
    const store = await made();
    const { bytes, place, name } = store;
    const random = seeded(8);
    // All of the first (the header of age, of a frame) and last (the seek table), and some between.
    const ends = Array.from({ length: 16 }, (_, at) => [14 * at, bytes.length - 1 - at]).flat();
    const between = Array.from({ length: 8 }, () => random(bytes.length));
    for (const at of [...ends, ...between]) {
      const bad = Buffer.from(bytes);
      bad.writeUInt8(bad.readUInt8(at) ^ (1 << random(8)), at);
      place.held.set(name, bad);
      await refused(store, budget, '');
    }
  });

  test.each(budgets)('is named if it is missing, cut, longer or another (memory %s)', async (budget) => {
    const store = await made();
    const { bytes, place, objects, name } = store;
    place.held.delete(name);
    await refused(store, budget, 'is missing');
    for (const length of [0, 1, bytes.length >> 1, bytes.length - 1]) {
      place.held.set(name, bytes.subarray(0, length));
      await refused(store, budget, '');
    }
    const other = place.held.get(objects[2]?.name ?? '') ?? Buffer.alloc(0);
    const same = Buffer.alloc(bytes.length, other);
    place.held.set(name, same);
    await refused(store, budget, '');
  });

  const sealed = writing.sealer === undefined ? [] : ['is not opened by another identity'];
  if (sealed.length > 0)
    test('is not opened by another identity', async () => {
      const { place, payload } = await made();
      const wrong = await opener(await generateIdentity(), 'it');
      const read = allOf(openBlocks(place, payload, wrong));
      await expect(read).rejects.toThrow(InputError);
      await expect(read).rejects.toThrow('is not sealed to this `identity`');
    });

  const poisons: [string, NonNullable<Writing['poison']>, string][] = [
    [
      'other bytes',
      ([a, ...rest], table) => [zstdCompressSync(Buffer.alloc(BLOCK, 'x')), ...(a ? rest : []), table],
      'the sha512 of its disk differs',
    ],
    [
      'a shorter block',
      ([, ...rest], table) => [zstdCompressSync(Buffer.alloc(BLOCK - 1, 'x')), ...rest, table],
      `has ${BLOCK - 1} of ${BLOCK} bytes`,
    ],
    [
      'a longer block',
      ([, ...rest], table) => [zstdCompressSync(Buffer.alloc(BLOCK + 1, 'x')), ...rest, table],
      'cannot be unpacked',
    ],
    [
      'a block of a gigabyte',
      ([, ...rest], table) => [zstdCompressSync(Buffer.alloc(1 << 28)), ...rest, table],
      'cannot be unpacked',
    ],
    [
      'a frame of a megabyte',
      ([, ...rest], table) => [zstdCompressSync(someDisk(seeded(9), 60)), ...rest, table],
      'a frame is too long',
    ],
    ['fewer blocks', (frames, table) => [...frames.slice(1), table], `has 0 of ${BLOCK} bytes`],
    ['no blocks', () => [], 'it ends before block 0'],
    ['no frame', () => [Buffer.alloc(100)], 'no zstd frame begins'],
    [
      'a frame that does not end',
      ([first = Buffer.alloc(0)]) => [first.subarray(0, -1)],
      'it ends before block 0',
    ],
    ['a frame with a dictionary', () => [Buffer.from('28b52ffd230101000000', 'hex')], 'dictionary'],
  ];

  test.each(poisons)('of which the map is right, with %s, makes no disk', async (_what, poison, message) => {
    for (const budget of budgets) {
      const place = memoryPlace();
      const { payload } = await writeBlocks(place, disk(), undefined, { ...writing, poison });
      const read = allOf(openBlocks(place, payload, openerOf, budget));
      await expect(read).rejects.toThrow(OperationError);
      await expect(read).rejects.toThrow(message);
    }
  });
});

test('what the manifest says of a disk is compared', async () => {
  const place = memoryPlace();
  const { payload } = await writeBlocks(place, disk(), undefined);
  const { digest } = payload;
  for (const facts of [
    { ...payload, size: payload.size + BLOCK },
    { ...payload, digest: { ...digest, value: '0'.repeat(128) } },
    { ...payload, digest: { ...digest, algorithm: 'sha256' as const } },
  ])
    await expect(allOf(openBlocks(place, facts, undefined))).rejects.toThrow(
      'its disk is not the one in the manifest',
    );
});

test('a map of sealed objects that the manifest calls unsealed is an error', async () => {
  const place = memoryPlace();
  const [, , [, writing] = []] = kinds;
  const { payload } = await writeBlocks(place, disk(), undefined, writing);
  await expect(allOf(openBlocks(place, payload, undefined))).rejects.toThrow('its objects are sealed');
});

test('reading that is given up leaves nothing behind', async () => {
  const place = memoryPlace();
  const { payload, disk: whole } = await writeBlocks(place, someDisk(seeded(7), 40), undefined, { most: 2 });
  const read = openBlocks(place, payload, undefined);
  const { value = Buffer.alloc(0) } = await read.next();
  expect([value.length % BLOCK, value.length < whole.length]).toEqual([0, true]);
  expect(whole.subarray(0, value.length).equals(value)).toBe(true);
  await read.return();
  expect(await read.next()).toEqual({ done: true, value: undefined });
});
