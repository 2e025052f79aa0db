import { createCipheriv, createDecipheriv } from 'node:crypto';

/** dm-crypt numbers sectors in this unit, whatever their size is. */
export const SECTOR_UNIT = 512;

/**
 * Decrypts sectors of AES-XTS, with the sector number as the tweak (dm-crypt's `plain64`, or `plain`).
 *
 * node:crypto's own XTS takes one sector per call, and a call costs ten times as much as a sector of 512 bytes. So one
 * call puts many sectors through ECB, and the tweaks are computed and applied here (IEEE 1619: C = E(P ⊕ T) ⊕ T). It
 * works on the machine's own words, so the machine must be little-endian, like all that commonly run node.
 */
export class XtsDecipher {
  readonly #tweaks: ReturnType<typeof createCipheriv>;
  readonly #blocks: ReturnType<typeof createDecipheriv>;
  readonly #sectorBytes: number;
  readonly #wrapsAt: number;
  /** Memory that is reused. */
  #mixed = new Int32Array();
  #masks = new Int32Array();

  /**
   * @param key of 32 bytes for AES-128, of 64 for AES-256
   * @param sectorBytes 512, 1024, 2048 or 4096
   * @param wrapsAt the sector number that becomes 0 again
   */
  constructor(key: Uint8Array, sectorBytes: number, wrapsAt = Number.POSITIVE_INFINITY) {
    const half = key.length / 2;
    const cipher = `aes-${half * 8}-ecb`;
    this.#blocks = createDecipheriv(cipher, key.subarray(0, half), null).setAutoPadding(false);
    this.#tweaks = createCipheriv(cipher, key.subarray(half), null).setAutoPadding(false);
    this.#sectorBytes = sectorBytes;
    this.#wrapsAt = wrapsAt;
  }

  /**
   * @param ciphertext whole sectors
   * @param first number of the first, in units of 512 bytes
   * @returns the plain bytes, in memory of their own
   */
  open(ciphertext: Uint8Array, first: number): Buffer {
    const { length } = ciphertext;
    if (this.#masks.byteLength < length) {
      this.#masks = new Int32Array(length / 4);
      this.#mixed = new Int32Array(length / 4);
    }
    const words = length / 4;
    const starts = wordsOf(this.#tweaks.update(numbers(length, this.#sectorBytes, first, this.#wrapsAt)));
    fillMasks(this.#masks, starts, words, this.#sectorBytes / 4);
    const mixed = new Uint8Array(this.#mixed.buffer, 0, length);
    mixed.set(ciphertext);
    mix(this.#mixed, this.#masks, words);
    const plain = this.#blocks.update(mixed);
    mix(wordsOf(plain), this.#masks, words);
    return plain;
  }
}

/** The number of each sector, as a block. */
function numbers(length: number, sectorBytes: number, first: number, wrapsAt: number): Buffer {
  const blocks = Buffer.alloc((length / sectorBytes) * 16);
  for (let at = 0, number = first; at < blocks.length; at += 16, number += sectorBytes / SECTOR_UNIT)
    blocks.writeUIntLE(number % wrapsAt, at, 6);
  return blocks;
}

/** The tweak of every block: a sector's first is its encrypted number; each next one is the last, doubled. */
function fillMasks(masks: Int32Array, starts: Int32Array, words: number, sectorWords: number): void {
  for (let at = 0, start = 0; at < words; start += 4) {
    let a = starts[start] ?? 0;
    let b = starts[start + 1] ?? 0;
    let c = starts[start + 2] ?? 0;
    let d = starts[start + 3] ?? 0;
    for (const end = at + sectorWords; at < end; at += 4) {
      masks[at] = a;
      masks[at + 1] = b;
      masks[at + 2] = c;
      masks[at + 3] = d;
      const carry = (d >> 31) & 0x87;
      d = (d << 1) | (c >>> 31);
      c = (c << 1) | (b >>> 31);
      b = (b << 1) | (a >>> 31);
      a = (a << 1) ^ carry;
    }
  }
}

function mix(words: Int32Array, masks: Int32Array, count: number): void {
  for (let index = 0; index < count; index += 1) words[index] = (words[index] ?? 0) ^ (masks[index] ?? 0);
}

function wordsOf(bytes: Buffer): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
