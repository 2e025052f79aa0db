import { hash } from 'node:crypto';
import { field, integer, type Json, object, text } from '../decode.ts';
import { messageOf, PlainError } from '../errors.ts';
import { hashName, type Kdf } from './kdf.ts';
import { checked, damaged, type KeySlot, knownHash, type LuksHeader, unsupported, wrapsAt } from './luks.ts';

// https://gitlab.com/cryptsetup/LUKS2-docs

/** A copy of the header begins with this many binary bytes; the rest is text. */
const BINARY = 4096;
const SIZES = Array.from({ length: 9 }, (_, power) => 2 ** (14 + power));
const FIRST_MAGIC = Buffer.from('LUKS\xba\xbe\0\x02', 'latin1');
const SECOND_MAGIC = Buffer.from('SKUL\xba\xbe\0\x02', 'latin1');
const CHECKSUM = { at: 448, length: 64 };
const MOST_SLOTS = 32;
const MOST_LANES = 64;
/** Bytes, as in LUKS1. */
const SHORTEST_DIGEST = 20;

/** Where the last possible second copy ends. */
const LAST_END = 2 * Math.max(...SIZES);

/** A copy of the header with a valid checksum. */
interface Copy {
  readonly metadata: Json;
  /** Grows with every change. */
  readonly epoch: bigint;
}

/**
 * How many of an image's first bytes {@link parseLuks2} needs, judging by these: enough for both copies, or, if the
 * first is damaged or gone, enough to find the second.
 */
export function luks2Length(head: Buffer): number {
  if (head.length < BINARY) return BINARY;
  const size = sizeAt(head, 0, FIRST_MAGIC);
  if (size !== undefined && head.length < 2 * size) return 2 * size;
  if (size !== undefined && copyAt(head, 0, FIRST_MAGIC) !== undefined) return 2 * size;
  // The lowest offset with a copy counts: no more is read to find it.
  const found = SIZES.find((offset) => copyAt(head, offset, SECOND_MAGIC) !== undefined);
  return found === undefined ? LAST_END : 2 * found;
}

/** Whether there is a second copy: if the first is gone, nothing else shows that this is a LUKS image. */
export function hasSecondLuks2(head: Buffer): boolean {
  return SIZES.some((offset) => copyAt(head, offset, SECOND_MAGIC) !== undefined);
}

/**
 * Takes the newer of the two copies, as cryptsetup does.
 * https://gitlab.com/cryptsetup/cryptsetup/-/blob/main/lib/luks2/luks2_disk_metadata.c `LUKS2_disk_hdr_read`
 *
 * @throws InputError if it is unsupported
 * @throws OperationError if both copies are damaged or make no sense
 */
export function parseLuks2(head: Buffer): LuksHeader {
  const first = copyAt(head, 0, FIRST_MAGIC);
  const offsets = first === undefined ? SIZES : [sizeAt(head, 0, FIRST_MAGIC) ?? 0];
  const [second] = offsets.flatMap((offset) => copyAt(head, offset, SECOND_MAGIC) ?? []);
  const newest = first !== undefined && second !== undefined && second.epoch > first.epoch ? second : first;
  const { metadata } = newest ?? second ?? {};
  if (metadata === undefined) throw damaged('neither copy has a correct checksum and readable JSON');
  try {
    return checked(headerOf(metadata));
  } catch (error) {
    if (error instanceof PlainError) throw error;
    throw damaged(messageOf(error), error);
  }
}

/** The size that a copy gives for itself; undefined if there is no copy. */
function sizeAt(head: Buffer, offset: number, magic: Buffer): number | undefined {
  if (head.length < offset + BINARY || !head.subarray(offset, offset + magic.length).equals(magic))
    return undefined;
  const size = Number(head.readBigUInt64BE(offset + 8));
  return SIZES.includes(size) && Number(head.readBigUInt64BE(offset + 256)) === offset ? size : undefined;
}

function copyAt(head: Buffer, offset: number, magic: Buffer): Copy | undefined {
  const size = sizeAt(head, offset, magic);
  if (size === undefined || head.length < offset + size) return undefined;
  const copy = Buffer.from(head.subarray(offset, offset + size));
  const algorithm = hashName(copy.toString('latin1', 72, 104).replace(/\0.*$/s, ''));
  const checksum = Buffer.from(copy.subarray(CHECKSUM.at, CHECKSUM.at + CHECKSUM.length));
  copy.fill(0, CHECKSUM.at, CHECKSUM.at + CHECKSUM.length);
  if (algorithm === undefined) return undefined;
  const digest = hash(algorithm, copy, 'buffer');
  if (!digest.equals(checksum.subarray(0, digest.length))) return undefined;
  try {
    const metadata = object(JSON.parse(copy.toString('utf8', BINARY).replace(/\0.*$/s, '')));
    return { metadata, epoch: copy.readBigUInt64BE(16) };
  } catch {
    return undefined;
  }
}

function headerOf(metadata: Json): Omit<LuksHeader, 'wrapsAt'> {
  const { mandatory } = object(field(metadata, 'config')['requirements'] ?? {});
  if (Array.isArray(mandatory) && mandatory.length > 0)
    throw unsupported(`the requirements ${JSON.stringify(mandatory).slice(0, 200)}`);
  const [[segmentId, segment] = ['', {}], ...more] = entries(metadata, 'segments');
  if (more.length > 0 || text(segment, 'type') !== 'crypt' || segment['integrity'] !== undefined)
    throw unsupported('several data segments, or integrity');
  const digest = entries(metadata, 'digests').find(([, one]) => names(one, 'segments').includes(segmentId));
  if (digest === undefined) throw damaged('no digest proves the key of the data');
  const slots = entries(metadata, 'keyslots').filter(([id]) => names(digest[1], 'keyslots').includes(id));
  if (slots.length > MOST_SLOTS) throw damaged(`it has ${slots.length} key slots`);
  const size = text(segment, 'size');
  const value = base64(digest[1], 'digest');
  if (value.length < SHORTEST_DIGEST) throw damaged('its digest is too short to prove anything');
  return {
    version: 2,
    cipher: text(segment, 'encryption'),
    keyBytes: keyBytesOf(slots.map(([, slot]) => integer(slot, 'key_size'))),
    sectorBytes: integer(segment, 'sector_size'),
    payloadOffset: amount(segment, 'offset'),
    payloadBytes: size === 'dynamic' ? undefined : amount(segment, 'size'),
    firstSector: amount(segment, 'iv_tweak'),
    slots: slots.map(([id, slot]) => slotOf(id, slot)),
    digest: { kdf: kdfOf(digest[1]), value },
  };
}

function slotOf(id: string, slot: Json): KeySlot {
  const [area, af] = [field(slot, 'area'), field(slot, 'af')];
  const wrapBytes = integer(area, 'key_size');
  if (wrapsAt(text(area, 'encryption')) === undefined || ![32, 64].includes(wrapBytes))
    throw unsupported(`key slots with the cipher ${text(area, 'encryption').slice(0, 32)}`);
  const stripes = integer(af, 'stripes');
  return {
    number: amount({ id }, 'id'),
    kdf: kdfOf(field(slot, 'kdf')),
    wrapBytes,
    hash: knownHash(text(af, 'hash')),
    stripes,
    offset: amount(area, 'offset'),
    length: stripes * integer(slot, 'key_size'),
  };
}

function kdfOf(from: Json): Kdf {
  const kind = text(from, 'type');
  const salt = base64(from, 'salt');
  if (kind === 'pbkdf2')
    return { kind, hash: knownHash(text(from, 'hash')), iterations: positive(from, 'iterations'), salt };
  if (kind !== 'argon2i' && kind !== 'argon2id')
    throw unsupported(`the key derivation ${JSON.stringify(kind.slice(0, 32))}`);
  const [passes, memory, lanes] = [positive(from, 'time'), positive(from, 'memory'), positive(from, 'cpus')];
  if (lanes > MOST_LANES) throw unsupported(`${kind} in ${lanes} lanes`);
  return { kind, passes, memory, lanes, salt };
}

/** The length of the data's key, which must be the same in all slots. */
function keyBytesOf(sizes: readonly number[]): number {
  const [size = 0] = sizes;
  if (sizes.some((other) => other !== size)) throw damaged('its key slots hold keys of different sizes');
  return size;
}

function entries(from: Json, key: string): [string, Json][] {
  return Object.entries(field(from, key)).map(([name, value]) => [name, object(value, `an item of ${key}`)]);
}

function names(from: Json, key: string): unknown[] {
  const value = from[key];
  if (!Array.isArray(value)) throw new TypeError(`${key} is not a list`);
  return value;
}

function positive(from: Json, key: string): number {
  const value = integer(from, key);
  if (value < 1) throw new TypeError(`${key} is not positive`);
  return value;
}

/** LUKS2's JSON writes 64-bit numbers as strings. */
function amount(from: Json, key: string): number {
  const value = text(from, key);
  if (!/^\d{1,15}$/.test(value)) throw new TypeError(`${key} is not a number`);
  return Number(value);
}

function base64(from: Json, key: string): Buffer {
  const value = text(from, key);
  if (!/^[0-9A-Za-z+/]{1,512}={0,2}$/.test(value)) throw new TypeError(`${key} is not base64`);
  return Buffer.from(value, 'base64');
}
