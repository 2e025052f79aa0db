import { expect, test } from '@jest/globals';
import type { Look, TriedKey } from '../../../src/drill/look-through.ts';
import { type Expected, proofOf } from '../../../src/drill/proof.ts';

const saved: TriedKey = {
  called: 'its saved key',
  saved: true,
  bytes: Buffer.of(1),
  secretType: 'symmetric',
};
const cloud: TriedKey = { ...saved, called: "the cloud's key", saved: false };
const known = { what: 'ext4', blank: false, partitions: [], faults: [], size: 100 };
const unknown = { ...known, what: undefined };
const look: Look = {
  size: 100,
  digest: 'aa',
  luks: undefined,
  refused: [],
  opened: undefined,
  recognised: known,
};
const luks: Look = { ...look, luks: 'LUKS2' };
const digest = { algorithm: 'sha512', value: 'aa', size: 100 };
const earlier = { algorithm: 'sha256', value: 'aa', size: 100, time: '2026-11-01T02:03:04Z' } as const;
const plain: Expected = { digest, encrypted: false, untried: [] };
const secret: Expected = { ...plain, encrypted: true };

test.each<[string, Look, Expected, readonly string[], boolean]>([
  ['the same bytes', look, plain, ['all bytes are what was saved (sha512)', 'ext4'], true],
  [
    'the same bytes of nothing known',
    { ...look, recognised: unknown },
    plain,
    ['all bytes are what was saved (sha512)', 'no known partition table or file system'],
    false,
  ],
  [
    'a longer disk',
    { ...look, size: 120 },
    plain,
    ['all saved bytes are what was saved (sha512)', 'ext4'],
    true,
  ],
  ['a file system, where no digest is known', look, { ...plain, digest: undefined }, ['ext4'], true],
  [
    'an opened disk, where no digest is known',
    { ...luks, opened: saved, recognised: unknown },
    { ...secret, digest: undefined },
    ['LUKS2, opened by its saved key', 'no known partition table or file system'],
    true,
  ],
  [
    'what an earlier drill read',
    look,
    { ...plain, digest: undefined, earlier },
    ['all bytes are what the drill of 2026-11-01 read (sha256)', 'ext4'],
    true,
  ],
  [
    'the same bytes, whatever an earlier drill read',
    look,
    { ...plain, earlier: { ...earlier, value: 'bb' } },
    ['all bytes are what was saved (sha512)', 'ext4'],
    true,
  ],
  [
    'the same bytes of a disk that nobody could open',
    luks,
    { ...secret, untried: ['its key was not saved'] },
    ['all bytes are what was saved (sha512)', 'LUKS2', 'its key was not saved'],
    false,
  ],
])('%s: proved', (_what, seen, expected, words, deep) => {
  const proof = proofOf(seen, expected);
  expect(proof).toMatchObject({ passed: true, deep, seen: words, keyProved: seen.opened?.saved === true });
  expect(proof.why).toBeUndefined();
});

test.each<[string, Look, Expected, string]>([
  [
    'other bytes',
    { ...look, digest: 'bb' },
    plain,
    'what came back is not what was saved: its sha512 is bb, but aa was recorded',
  ],
  [
    'other bytes than an earlier drill read',
    { ...look, digest: 'bb' },
    { ...plain, digest: undefined, earlier },
    'what came back is not what the drill of 2026-11-01 read: its sha256 is bb, but was aa',
  ],
  [
    'fewer bytes than an earlier drill read',
    { ...look, size: 60, digest: undefined },
    { ...plain, digest: undefined, earlier },
    'only 60 bytes came back, and the drill of 2026-11-01 read 100',
  ],
  ['too few bytes', { ...look, size: 60, digest: undefined }, plain, 'only 60 of 100 bytes came back'],
  [
    'plain bytes of an encrypted disk',
    look,
    secret,
    'it was encrypted, and what came back has no LUKS header',
  ],
  [
    "a saved key that does not open it, though the cloud's does",
    { ...luks, refused: [saved], opened: cloud },
    secret,
    'its LUKS header is not opened by its saved key',
  ],
  [
    'two keys that do not open it',
    { ...luks, refused: [saved, cloud] },
    { ...secret, digest: undefined },
    "its LUKS header is not opened by its saved key or the cloud's key",
  ],
  [
    'no key and no digest',
    luks,
    { ...secret, digest: undefined },
    'no key could be tried on its LUKS header',
  ],
  [
    'nothing known and no digest',
    { ...look, recognised: unknown },
    { ...plain, digest: undefined },
    'nothing proves it: no digest of it was recorded, and there is no known partition table or file system',
  ],
])('%s: not proved', (_what, seen, expected, why) => {
  expect(proofOf(seen, expected)).toMatchObject({ passed: false, why });
});

test("the cloud's key proves nothing of the saved one", () => {
  const proof = proofOf({ ...luks, opened: cloud }, { ...secret, digest: undefined });
  expect(proof).toMatchObject({ passed: true, keyProved: false });
});
