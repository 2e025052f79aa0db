import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openLuks } from '../../../../src/keys/unlock.ts';
import type { DiskAt } from '../../../../src/payload/blocks/at.ts';
import { unlockedAt } from '../../../../src/payload/blocks/unlocked.ts';
import { CHEAP, cryptsetupIn } from '../../../support/cryptsetup.ts';
import { describeWith } from '../../../support/installed.ts';
import { seeded } from '../../../support/random.ts';

const plain = randomBytes(4 << 20);
let tool: ReturnType<typeof cryptsetupIn>;

beforeAll(() => {
  tool = cryptsetupIn();
  tool.write('key', 'a passphrase');
});
afterAll(() => tool.remove());

const diskOf = (bytes: Buffer): DiskAt => ({
  size: bytes.length,
  readAt: async (offset, length) => bytes.subarray(offset, offset + length),
  extentAt: () => ({ hole: true, end: bytes.length }),
});

test('what lies behind its end is not given out', async () => {
  const bytes = randomBytes(4096);
  const opened = {
    payloadOffset: 512,
    sectorBytes: 512,
    sectors: () => ({ size: 1024, open: (sectors: Buffer) => sectors }),
  } as unknown as Parameters<typeof unlockedAt>[1];
  const disk = unlockedAt(diskOf(bytes), opened);
  expect(disk.size).toBe(1024);
  expect((await disk.readAt(1000, 100)).equals(bytes.subarray(1512, 1536))).toBe(true);
  expect(await disk.readAt(1024, 100)).toHaveLength(0);
});

describeWith('cryptsetup')('the plain disk in a LUKS disk', () => {
  test.each([
    ['LUKS2, sectors of 512 bytes', ['--type', 'luks2', '--sector-size', '512', ...CHEAP]],
    ['LUKS2, sectors of 4096 bytes', ['--type', 'luks2', '--sector-size', '4096', ...CHEAP]],
  ])('%s: any reads are its bytes', async (_, options) => {
    const image = tool.encrypted('image', plain, 'key', options);
    const opened = await openLuks(image, [Buffer.from('a passphrase')]);
    if (opened === undefined) throw new Error('the passphrase opens nothing');
    const disk = unlockedAt(diskOf(image), opened);
    expect(disk.size).toBe(image.length - opened.payloadOffset);
    const next = seeded(9);
    for (let round = 0; round < 200; round += 1) {
      const offset = next(plain.length);
      const length = next(round % 5 === 0 ? plain.length : 2000);
      const read = await disk.readAt(offset, Math.min(length, plain.length - offset));
      expect(read.equals(plain.subarray(offset, offset + length))).toBe(true);
    }
    expect(await disk.readAt(disk.size, 10)).toHaveLength(0);
    // Its zeros are no zeros once they are decrypted.
    expect(disk.extentAt(0)).toEqual({ hole: false, end: disk.size });
    expect(() => unlockedAt(diskOf(image.subarray(0, -100)), opened)).toThrow('too early');
    expect(() => unlockedAt(diskOf(image.subarray(0, opened.payloadOffset)), opened)).toThrow('too early');
  });
});
