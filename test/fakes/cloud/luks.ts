/**
 * Real LUKS1 bytes in plain node: what `qemu-img create -f luks` writes for Cinder's RBD driver when a volume type says
 * aes-xts-plain64 with key_size 256 (master key 2 x 256 bit, eight slots of 4000 stripes, payload at sector 4040), so an
 * image of such a volume is 2,068,480 bytes longer than the volume, as seen on the real cloud. `cryptsetup` opens it.
 * The iteration counts are tiny: a test wants many volumes, not a strong key.
 */
import { createCipheriv, createDecipheriv, hash, pbkdf2Sync, randomBytes, randomUUID } from 'node:crypto';
import { SparseBytes } from './bytes.ts';

export const SECTOR_BYTES = 512;
const MAGIC = Buffer.from('4c554b53babe', 'hex');
const KEY_BYTES = 64;
const STRIPES = 4000;
const SLOTS = 8;
const SLOT_AT = 208;
const SLOT_LENGTH = 48;
const ACTIVE = 0x00ac71f3;
const DISABLED = 0x0000dead;
const MATERIAL_SECTORS = 504;
const FIRST_MATERIAL_SECTOR = 8;
const PAYLOAD_SECTOR = FIRST_MATERIAL_SECTOR + SLOTS * MATERIAL_SECTORS;
const ITERATIONS = 1000;
const HASH = 'sha256';
const HASH_BYTES = 32;

export const LUKS_HEADER_BYTES = PAYLOAD_SECTOR * SECTOR_BYTES;

/** The rule of os-brick's get_passphrase_from_secret for every secret type but `passphrase`. */
export function passphraseOf(key: Buffer): string {
  return key.toString('hex');
}

function sectorIv(sector: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeBigUInt64LE(BigInt(sector));
  return iv;
}

function crypt(direction: 'encrypt' | 'decrypt', key: Buffer, bytes: Buffer, firstSector: number): Buffer {
  const out = Buffer.alloc(bytes.length);
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
    const iv = sectorIv(firstSector + at / SECTOR_BYTES);
    const cipher =
      direction === 'encrypt'
        ? createCipheriv('aes-256-xts', key, iv)
        : createDecipheriv('aes-256-xts', key, iv);
    cipher.update(bytes.subarray(at, at + SECTOR_BYTES)).copy(out, at);
    cipher.final();
  }
  return out;
}

function xor(into: Buffer, other: Buffer): void {
  for (let index = 0; index < into.length; index += 1) {
    into.writeUInt8((into.readUInt8(index) ^ other.readUInt8(index)) & 0xff, index);
  }
}

function diffuse(block: Buffer): Buffer {
  const numbered = Buffer.alloc(4 + HASH_BYTES);
  const out = Buffer.alloc(block.length);
  for (let index = 0; index * HASH_BYTES < block.length; index += 1) {
    numbered.writeUInt32BE(index);
    block.copy(numbered, 4, index * HASH_BYTES, (index + 1) * HASH_BYTES);
    hash(HASH, numbered, 'buffer').copy(out, index * HASH_BYTES);
  }
  return out;
}

/** Spreads the key over all stripes, so that one destroyed sector destroys it. */
function antiForensicSplit(key: Buffer): Buffer {
  const out = randomBytes(KEY_BYTES * STRIPES);
  let state: Buffer = Buffer.alloc(KEY_BYTES);
  for (let stripe = 0; stripe < STRIPES - 1; stripe += 1) {
    xor(state, out.subarray(stripe * KEY_BYTES, (stripe + 1) * KEY_BYTES));
    state = diffuse(state);
  }
  xor(state, key);
  state.copy(out, (STRIPES - 1) * KEY_BYTES);
  return out;
}

function antiForensicMerge(material: Buffer, keyBytes: number, stripes: number): Buffer {
  let state: Buffer = Buffer.alloc(keyBytes);
  for (let stripe = 0; stripe < stripes - 1; stripe += 1) {
    xor(state, material.subarray(stripe * keyBytes, (stripe + 1) * keyBytes));
    state = diffuse(state);
  }
  xor(state, material.subarray((stripes - 1) * keyBytes, stripes * keyBytes));
  return state;
}

/** Writes a new header with a fresh master key and one slot; the payload stays as it is (garbage once decrypted, as in life). */
export function formatLuks1(data: SparseBytes, passphrase: string): void {
  const masterKey = randomBytes(KEY_BYTES);
  const header = Buffer.alloc(SLOT_AT + SLOTS * SLOT_LENGTH);
  MAGIC.copy(header);
  header.writeUInt16BE(1, 6);
  header.write('aes', 8, 'latin1');
  header.write('xts-plain64', 40, 'latin1');
  header.write(HASH, 72, 'latin1');
  header.writeUInt32BE(PAYLOAD_SECTOR, 104);
  header.writeUInt32BE(KEY_BYTES, 108);
  const digestSalt = randomBytes(32);
  pbkdf2Sync(masterKey, digestSalt, ITERATIONS, 20, HASH).copy(header, 112);
  digestSalt.copy(header, 132);
  header.writeUInt32BE(ITERATIONS, 164);
  header.write(randomUUID(), 168, 'latin1');
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const at = SLOT_AT + slot * SLOT_LENGTH;
    header.writeUInt32BE(slot === 0 ? ACTIVE : DISABLED, at);
    header.writeUInt32BE(FIRST_MATERIAL_SECTOR + slot * MATERIAL_SECTORS, at + 40);
    header.writeUInt32BE(STRIPES, at + 44);
  }
  const salt = randomBytes(32);
  header.writeUInt32BE(ITERATIONS, SLOT_AT + 4);
  salt.copy(header, SLOT_AT + 8);
  const slotKey = pbkdf2Sync(passphrase, salt, ITERATIONS, KEY_BYTES, HASH);
  data.write(0, Buffer.alloc(LUKS_HEADER_BYTES));
  data.write(0, header);
  data.write(
    FIRST_MATERIAL_SECTOR * SECTOR_BYTES,
    crypt('encrypt', slotKey, antiForensicSplit(masterKey), 0),
  );
}

export function isLuks1(data: SparseBytes): boolean {
  return (
    data.size >= LUKS_HEADER_BYTES && data.read(0, 8).equals(Buffer.concat([MAGIC, Buffer.from([0, 1])]))
  );
}

/** The plain side of a LUKS1 device. */
export interface OpenedLuks {
  readonly payloadOffset: number;
  readonly payloadBytes: number;
  readPlain(offset: number, length: number): Buffer;
  writePlain(offset: number, bytes: Uint8Array): void;
}

function masterKeyOf(data: SparseBytes, passphrase: string): Buffer | undefined {
  const header = data.read(0, SLOT_AT + SLOTS * SLOT_LENGTH);
  const keyBytes = header.readUInt32BE(108);
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const at = SLOT_AT + slot * SLOT_LENGTH;
    if (header.readUInt32BE(at) !== ACTIVE) continue;
    const slotKey = pbkdf2Sync(
      passphrase,
      header.subarray(at + 8, at + 40),
      header.readUInt32BE(at + 4),
      keyBytes,
      HASH,
    );
    const stripes = header.readUInt32BE(at + 44);
    const material = data.read(header.readUInt32BE(at + 40) * SECTOR_BYTES, keyBytes * stripes);
    const key = antiForensicMerge(crypt('decrypt', slotKey, material, 0), keyBytes, stripes);
    const digest = pbkdf2Sync(key, header.subarray(132, 164), header.readUInt32BE(164), 20, HASH);
    if (digest.equals(header.subarray(112, 132))) return key;
  }
  return undefined;
}

/** Undefined when this is no LUKS1 device or the passphrase opens none of its slots. */
export function openLuks1(data: SparseBytes, passphrase: string): OpenedLuks | undefined {
  if (!isLuks1(data)) return undefined;
  const key = masterKeyOf(data, passphrase);
  if (key === undefined) return undefined;
  const payloadOffset = data.read(104, 4).readUInt32BE(0) * SECTOR_BYTES;
  const payloadBytes = data.size - payloadOffset;
  /** Widens a range to whole sectors, the unit of encryption. */
  const sectors = (offset: number, length: number): { from: number; length: number } => {
    const from = Math.floor(offset / SECTOR_BYTES) * SECTOR_BYTES;
    const to = Math.ceil((offset + length) / SECTOR_BYTES) * SECTOR_BYTES;
    return { from, length: to - from };
  };
  const readPlain = (offset: number, length: number): Buffer => {
    const range = sectors(offset, length);
    const plain = crypt(
      'decrypt',
      key,
      data.read(payloadOffset + range.from, range.length),
      range.from / SECTOR_BYTES,
    );
    return plain.subarray(offset - range.from, offset - range.from + length);
  };
  const writePlain = (offset: number, bytes: Uint8Array): void => {
    const range = sectors(offset, bytes.length);
    const plain =
      range.length === bytes.length ? Buffer.from(bytes) : Buffer.from(readPlain(range.from, range.length));
    plain.set(bytes, offset - range.from);
    data.write(payloadOffset + range.from, crypt('encrypt', key, plain, range.from / SECTOR_BYTES));
  };
  return { payloadOffset, payloadBytes, readPlain, writePlain };
}

/** A fresh encrypted device for `plainBytes` of payload. */
export function newLuks1(plainBytes: number, passphrase: string): SparseBytes {
  const data = new SparseBytes(LUKS_HEADER_BYTES + plainBytes);
  formatLuks1(data, passphrase);
  return data;
}
