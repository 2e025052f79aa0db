import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { sealer } from '../../../src/keys/age.ts';
import { extentLine, headerLine, idsLine, objectLine } from '../../../src/payload/blocks/format.ts';
import { readMap } from '../../../src/payload/blocks/map-read.ts';
import type { SavedDisk } from '../../../src/payload/blocks/save.ts';
import type { Place } from '../../../src/store/place.ts';
import { once } from '../../../src/stream/chunks.ts';
import { frameOf } from '../../../src/stream/zstd.ts';
import { memoryPlace } from '../../support/memory-place.ts';
import { block, KEY, save } from '../payload/blocks/disks.ts';
import { pointWith, told, verifying } from './verifying.ts';

const identity = await generateIdentity();
const recipients = [await identityToRecipient(identity)];
const OPTIONS = { storeKey: KEY, seal: { recipients, sealer: await sealer(recipients) } };

const BLOCKS = 12;
const diskWith = (first: number) =>
  Buffer.concat(Array.from({ length: BLOCKS }, (_, at) => block('noise', at === 0 ? first : 1000 + at)));

/** What a thief of the store's credential and key can do: a point with other bytes, under the ids of the good ones. */
async function poisonedPoint(place: Place, good: SavedDisk, bad: Buffer): Promise<void> {
  const own = memoryPlace();
  const { payload } = await save(own, bad, OPTIONS);
  const [copied, made] = [await readMap(place, good.payload.name), await readMap(own, payload.name)];
  const extents: string[] = [];
  for await (const extent of made.extents) extents.push(extentLine(extent));
  await copied.close();
  for (const { name } of made.objects) await place.put(name, once(own.held.get(name) ?? Buffer.alloc(0)));
  const { tag: _tag, ...header } = { ...made.header, ids: copied.header.ids };
  const parts = [
    headerLine(header, KEY),
    made.objects.map(objectLine).join(''),
    copied.ids.map(idsLine).join(''),
    extents.join(''),
  ];
  const frames = await Promise.all(parts.map((part) => frameOf(Buffer.from(part))));
  await place.put(payload.name, once(Buffer.concat(frames)));
}

test('a poisoned block is taken over, found by L1b, and gone after as many runs as `refresh` says', async () => {
  const place = memoryPlace();
  const disk = diskWith(1);
  const good = await save(place, disk, OPTIONS);
  await poisonedPoint(place, good, diskWith(2));
  const verified = async ({ payload }: SavedDisk, level: 'L1a' | 'L1b') => {
    const [verdict] = await verifying(place, [pointWith(payload, true)], level, { identity });
    return verdict && told(verdict);
  };

  const next = await save(place, disk, OPTIONS);
  expect([next.payload.takenOver, next.payload.digest.value]).toEqual([
    disk.length,
    createHash(next.payload.digest.algorithm).update(disk).digest('hex'),
  ]);
  expect(await verified(next, 'L1a')).toBe('L1a');
  expect(await verified(next, 'L1b')).toMatch(
    /^L1a: payload .*: the stored bytes are unchanged, but .*differs/,
  );
  // The point from before the theft needs nothing of the thief's.
  expect(await verified(good, 'L1b')).toBe('L1b');

  let last = next;
  for (let run = 0; run < 3; run += 1) last = await save(place, disk, { ...OPTIONS, refresh: 3 });
  expect(await verified(last, 'L1b')).toBe('L1b');
});
