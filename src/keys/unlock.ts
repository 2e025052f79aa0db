import { timingSafeEqual } from 'node:crypto';
import { InputError, messageOf, OperationError } from '../errors.ts';
import { chunksOf, skip } from '../stream/chunks.ts';
import { mergeStripes } from './af.ts';
import { DETACHED_LINE } from './cryptsetup.ts';
import { derive } from './kdf.ts';
import { damaged, type KeySlot, type LuksHeader, unsupported } from './luks.ts';
import { LUKS1_HEADER, parseLuks1 } from './luks1.ts';
import { hasSecondLuks2, luks2Length, parseLuks2 } from './luks2.ts';
import { passphrasesOf } from './passphrase.ts';
import { SECTOR_UNIT, XtsDecipher } from './xts.ts';

const MAGIC = Buffer.from('LUKS\xba\xbe', 'latin1');
const VERSION_END = 8;
/** Bytes decrypted at once. */
const PIECE = 2 ** 20;

/** A LUKS image that a passphrase opened. */
export interface OpenedLuks extends Pick<LuksHeader, 'version' | 'cipher' | 'sectorBytes' | 'payloadOffset'> {
  /** The key slot that the passphrase opens. */
  readonly slot: number;
  /** The index of the passphrase that opened it, among those tried. */
  readonly passphrase: number;
  /**
   * The plain bytes.
   *
   * @param image the whole image with its header, from its first byte
   * @throws OperationError at the end, if it was cut short
   */
  plain(image: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void>;
  /**
   * Opens any sectors of the data.
   *
   * @param imageSize bytes of the whole image with its header
   * @throws OperationError if it was cut short
   */
  sectors(imageSize: number): {
    /** Bytes of the data. */
    readonly size: number;
    /**
     * @param bytes whole sectors
     * @param at where the first begins, bytes into the data
     */
    open(bytes: Buffer, at: number): Buffer;
  };
}

/** Whether an image begins like a LUKS image. */
export function isLuks(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, MAGIC.length)).equals(MAGIC);
}

/**
 * The version of an image's LUKS header; undefined if it has none. Version 2 may have lost the first of its two copies;
 * the second then opens it.
 *
 * @param head as many first bytes as {@link headerLength} says
 */
export function luksVersion(head: Buffer): number | undefined {
  const version = isLuks(head) && head.length >= VERSION_END ? head.readUInt16BE(VERSION_END - 2) : 0;
  if (version === 1 || version === 2 || hasSecondLuks2(head)) return version === 1 ? 1 : 2;
  return isLuks(head) ? version : undefined;
}

/**
 * How many of an image's first bytes it takes to open it, or to see that it is not a LUKS image, judging by the given
 * ones. Ask again once that many are there, until they suffice.
 *
 * @throws InputError for an unsupported LUKS image
 */
export function headerLength(head: Buffer): number {
  if (head.length < VERSION_END) return VERSION_END;
  const first = luksVersion(head) === 1 ? LUKS1_HEADER : luks2Length(head);
  if (head.length < first || luksVersion(head) === undefined) return first;
  const ends = parseHeader(head).slots.map(({ offset, length }) => offset + length);
  return Math.max(first, ...ends);
}

/**
 * Tries passphrases on the key slots of a LUKS image. Takes seconds of the thread pool, as the image's maker wanted.
 *
 * @param head as many first bytes as {@link headerLength} says
 * @returns undefined if none opens a slot
 * @throws InputError if it is not a LUKS image, or an unsupported one
 * @throws OperationError if the header is damaged
 */
export async function openLuks(
  head: Buffer,
  passphrases: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<OpenedLuks | undefined> {
  const header = parseHeader(head);
  for (const [index, passphrase] of passphrases.entries())
    for (const slot of header.slots) {
      signal?.throwIfAborted();
      const key = await keyIn(slot, header, head, passphrase, signal);
      if (key !== undefined) return opened(header, key, slot.number, index);
    }
  return undefined;
}

/**
 * Whether a key in the cloud opens an image; tried on its header alone.
 *
 * @param head its first bytes, see {@link headerLength}
 * @param secretType as Barbican says it
 * @throws as {@link openLuks}
 */
export async function keyOpens(
  head: Buffer,
  secret: Uint8Array,
  secretType: string,
  signal?: AbortSignal,
): Promise<boolean> {
  return (await openLuks(head, passphrasesOf(secret, secretType), signal)) !== undefined;
}

function versionOf(head: Buffer): 1 | 2 {
  const version = luksVersion(head);
  if (version === undefined)
    throw new InputError('it is not a LUKS image', 'Only images of encrypted volumes have a LUKS header.');
  if (version !== 1 && version !== 2) throw unsupported(`version ${version} of the format`);
  return version;
}

function parseHeader(head: Buffer): LuksHeader {
  if (versionOf(head) === 2) return parseLuks2(head);
  if (head.length < LUKS1_HEADER) throw damaged('it is cut short');
  return parseLuks1(head);
}

/** The data's key, if the passphrase opens the slot. */
async function keyIn(
  { number, kdf, wrapBytes, offset, length, stripes, hash }: KeySlot,
  { keyBytes, digest }: LuksHeader,
  head: Buffer,
  passphrase: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  const end = offset + Math.ceil(length / SECTOR_UNIT) * SECTOR_UNIT;
  if (head.length < end) throw damaged('it is cut short');
  const wrap = await awaited(derive(kdf, passphrase, wrapBytes), signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw damaged(`the key derivation of slot ${number} is refused: ${messageOf(error)}`, error);
  });
  const material = new XtsDecipher(wrap, SECTOR_UNIT).open(head.subarray(offset, end), 0);
  const key = mergeStripes(material, keyBytes, stripes, hash);
  const proof = await awaited(derive(digest.kdf, key, digest.value.length), signal);
  return timingSafeEqual(proof, digest.value) ? key : undefined;
}

/**
 * Waits for the thread pool, but no longer than until the signal: work there cannot be stopped, but its result is not
 * needed.
 */
async function awaited<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function opened(header: LuksHeader, key: Buffer, slot: number, passphrase: number): OpenedLuks {
  const { version, cipher, sectorBytes, payloadOffset, payloadBytes, firstSector, wrapsAt } = header;
  /** @param at where the sectors begin, bytes into the data */
  const opening = () => {
    const decipher = new XtsDecipher(key, sectorBytes, wrapsAt);
    return (bytes: Buffer, at: number) => decipher.open(bytes, firstSector + at / SECTOR_UNIT);
  };
  const plain = async function* (image: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const open = opening();
    let at = 0;
    for await (const { bytes } of chunksOf(skip(image, payloadOffset), PIECE)) {
      const wanted = bytes.subarray(0, payloadBytes === undefined ? undefined : payloadBytes - at);
      if (wanted.length % sectorBytes !== 0) throw cutShort(at + wanted.length);
      if (wanted.length > 0) yield open(wanted, at);
      at += wanted.length;
      if (at === payloadBytes) return;
    }
    if (at === 0) throw headerOnly();
    if (payloadBytes !== undefined) throw cutShort(at);
  };
  const sectors: OpenedLuks['sectors'] = (imageSize) => {
    const there = imageSize - payloadOffset;
    if (there < sectorBytes) throw headerOnly();
    if ((payloadBytes ?? 0) > there || there % sectorBytes !== 0) throw cutShort(there);
    return { size: payloadBytes ?? there, open: opening() };
  };
  return { version, cipher, sectorBytes, payloadOffset, slot, passphrase, plain, sectors };
}

function headerOnly(): OperationError {
  return new OperationError(
    'the encrypted image ends too early: it is a LUKS header without its data',
    `If the data is in another file or device, open both with \`${DETACHED_LINE}\`; if not, use another copy.`,
  );
}

function cutShort(at: number): OperationError {
  return new OperationError(
    `the encrypted image ends too early, ${at} bytes into its data`,
    'It was cut short: use another copy.',
  );
}
