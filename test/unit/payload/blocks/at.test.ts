import { describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { OperationError } from '../../../../src/errors.ts';
import { opener, sealer } from '../../../../src/keys/age.ts';
import { openAt } from '../../../../src/payload/blocks/at.ts';
import { changed, someDisk, type Writing, type Written, writeBlocks } from '../../../support/blocks-store.ts';
import { memoryPlace } from '../../../support/memory-place.ts';
import { randomly } from '../../../support/pieces.ts';
import { seeded } from '../../../support/random.ts';

const identity = await generateIdentity();
const recipients = [await identityToRecipient(identity)];
const key = await opener(identity, 'it');
const kinds: [string, Writing][] = [
  ['in clear', {}],
  ['sealed', { sealer: await sealer(recipients), recipients }],
  ['sealed, not compressed', { sealer: await sealer(recipients), recipients, compress: false }],
];

describe.each(kinds)('a disk, %s, read anywhere,', (_kind, writing) => {
  const openerOf = writing.sealer === undefined ? undefined : key;

  test('has the bytes of the disk', async () => {
    const random = seeded(1);
    const place = memoryPlace((length) => randomly(random, length, 3));
    let disk = someDisk(random, 50, 1234);
    let written: Written = await writeBlocks(place, disk, undefined, { ...writing, most: 20 });
    for (let run = 0; run < 3; run += 1) {
      disk = changed(random, disk, 7);
      written = await writeBlocks(place, disk, written, { ...writing, most: 20 });
    }
    const at = await openAt(place, written.payload, openerOf);
    for (let round = 0; round < 60; round += 1) {
      const offset = random(disk.length);
      const length = random(round % 3 === 0 ? disk.length : 100_000);
      expect((await at.readAt(offset, length)).equals(disk.subarray(offset, offset + length))).toBe(true);
    }
    for (const [offset, length] of [
      [0, 0],
      [0, disk.length],
      [disk.length, 10],
      [disk.length - 1, 10],
    ] as const)
      expect((await at.readAt(offset, length)).equals(disk.subarray(offset, offset + length))).toBe(true);
  });

  test('asks for no more than it needs', async () => {
    const place = memoryPlace();
    const disk = someDisk(seeded(2), 40);
    for (let at = 0; at < disk.length; at += 65_536) disk.writeUInt8(1, at);
    const { payload } = await writeBlocks(place, disk, undefined, { ...writing, compress: false });
    const at = await openAt(place, payload, openerOf);
    await at.readAt(0, 1);
    place.asked.length = 0;
    await at.readAt(2_000_000, 1000);
    expect(place.asked).toHaveLength(1);
    const { start = 0, end = Number.POSITIVE_INFINITY } = place.asked[0]?.range ?? {};
    expect(end - start).toBeLessThan(300_000);
  });

  test.each(['table', 'frame', 'missing'])('says which object is damaged: %s', async (what) => {
    const place = memoryPlace();
    const poison: Writing['poison'] = (frames, table) =>
      what === 'table'
        ? [...frames, table.subarray(0, -1), Buffer.from([0])]
        : frames.map(() => Buffer.alloc(70_000));
    const bad = what === 'missing' ? writing : { ...writing, poison };
    const { payload, objects } = await writeBlocks(place, someDisk(seeded(3), 9), undefined, bad);
    const [{ name } = { name: '' }] = objects;
    if (what === 'missing') place.held.delete(name);
    const at = await openAt(place, payload, openerOf);
    const read = at.readAt(0, 9 * 65_536);
    await expect(read).rejects.toThrow(OperationError);
    await expect(read).rejects.toThrow(`object ${name}`);
  });
});

test('another disk than the manifest means is not opened', async () => {
  const place = memoryPlace();
  const { payload } = await writeBlocks(place, someDisk(seeded(4), 3), undefined);
  const other = { ...payload, size: payload.size + 1 };
  await expect(openAt(place, other, undefined)).rejects.toThrow('its disk is not the one in the manifest');
});
