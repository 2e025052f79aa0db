import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import type { FilePayload } from '../../../src/manifest/schema.ts';
import { openPayload } from '../../../src/payload/open.ts';
import type { Place } from '../../../src/store/place.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const plain = Buffer.alloc(100_000, 'abc');

/** What is stored, what the manifest says of it, and what was read of it. */
function kept(compression: FilePayload['compression']) {
  const stored = compression === 'zstd' ? zstdCompressSync(plain) : plain;
  const payload = {
    name: 'p',
    size: plain.length,
    sha256: sha256(plain),
    stored: { size: stored.length, sha256: sha256(stored) },
    compression,
    sealed: false,
  } as FilePayload;
  const seen = { read: 0, given: 0 };
  const bytes = async function* () {
    for (let at = 0; at < stored.length; at += 1000) {
      seen.read += 1;
      yield stored.subarray(at, at + 1000);
    }
  };
  const place = { get: async () => ({ size: stored.length, bytes: bytes() }) } as unknown as Place;
  const open = async (changed: FilePayload) => {
    for await (const piece of openPayload(place, changed, undefined)) seen.given += piece.length;
  };
  return { payload, seen, open };
}

test.each(['none', 'zstd'] as const)(
  'a payload, %s, that is what the manifest says is given whole',
  async (how) => {
    const { payload, seen, open } = kept(how);
    await open(payload);
    expect(seen.given).toBe(plain.length);
  },
);

test.each(['none', 'zstd'] as const)('of another size in its store, %s, no byte is read', async (how) => {
  const { payload, seen, open } = kept(how);
  const { size } = payload.stored;
  for (const other of [size - 1, size + 1])
    await expect(open({ ...payload, stored: { ...payload.stored, size: other } })).rejects.toThrow(
      `it has ${size} bytes in the store, but the manifest says ${other}`,
    );
  expect(seen).toEqual({ read: 0, given: 0 });
});

test.each(['none', 'zstd'] as const)('with another digest, %s, it does not end well', async (how) => {
  const { payload, open } = kept(how);
  const other = '0'.repeat(64);
  for (const changed of [
    { ...payload, sha256: other },
    { ...payload, stored: { ...payload.stored, sha256: other } },
  ])
    await expect(kept(how).open(changed)).rejects.toThrow('its SHA-256 differs from the one in the manifest');
  await expect(open(payload)).resolves.toBeUndefined();
});

test.each(['none', 'zstd'] as const)(
  'of more bytes than the manifest says, %s, no more are given',
  async (how) => {
    for (const size of [0, 1000, plain.length - 1]) {
      const { payload, seen, open } = kept(how);
      await expect(open({ ...payload, size })).rejects.toThrow(`it unpacks to more than ${size} bytes`);
      expect(seen.given).toBeLessThanOrEqual(size);
    }
  },
);
