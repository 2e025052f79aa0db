import { hash } from 'node:crypto';
import { DIGEST_BYTES, type HashName } from './kdf.ts';

/**
 * Recovers the key that LUKS' anti-forensic splitter spread over many stripes, so that losing one stripe destroys it.
 * https://gitlab.com/cryptsetup/cryptsetup/-/blob/main/lib/luks1/af.c
 *
 * @param material `stripes` times `keyBytes` bytes
 */
export function mergeStripes(
  material: Uint8Array,
  keyBytes: number,
  stripes: number,
  algorithm: HashName,
): Buffer {
  let key: Buffer = Buffer.alloc(keyBytes);
  for (let stripe = 0; stripe < stripes; stripe += 1) {
    if (stripe > 0) key = diffused(key, algorithm);
    const at = stripe * keyBytes;
    for (let index = 0; index < keyBytes; index += 1)
      key[index] = (key[index] ?? 0) ^ (material[at + index] ?? 0);
  }
  return key;
}

/** Replaces each block of a digest's length with the digest of its number and itself; the last may be shorter. */
function diffused(bytes: Buffer, algorithm: HashName): Buffer {
  const size = DIGEST_BYTES[algorithm];
  const numbered = Buffer.alloc(4 + size);
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(numbered, 4, at);
    numbered.writeUInt32BE(blocks.length);
    blocks.push(hash(algorithm, numbered.subarray(0, 4 + length), 'buffer').subarray(0, length));
  }
  return Buffer.concat(blocks);
}
