import { InputError, OperationError } from '../errors.ts';
import { bytes } from '../text/bytes.ts';
import { forLog } from '../text/escape.ts';
import { DETACHED_LINE, REPAIR_LINE } from './cryptsetup.ts';
import { costOf, type HashName, hashName, type Kdf } from './kdf.ts';
import { SECTOR_UNIT } from './xts.ts';

/** A checked LUKS header of either version: what it takes to open the data with a passphrase. */
export interface LuksHeader {
  readonly version: 1 | 2;
  /** As dm-crypt names it. */
  readonly cipher: string;
  /** Length of the data's key. */
  readonly keyBytes: number;
  readonly sectorBytes: number;
  /** Bytes from the start of the image to the encrypted data. */
  readonly payloadOffset: number;
  /** Length of the data; undefined: up to the end of the image. */
  readonly payloadBytes: number | undefined;
  /** The sector number that becomes 0 again, in units of 512 bytes. */
  readonly wrapsAt: number;
  /** Number of the data's first sector, in units of 512 bytes. */
  readonly firstSector: number;
  readonly slots: readonly KeySlot[];
  /** Proves that a key is the right one. */
  readonly digest: { readonly kdf: Kdf; readonly value: Buffer };
}

/** The data's key, encrypted with a key that is derived from a passphrase. */
export interface KeySlot {
  readonly number: number;
  readonly kdf: Kdf;
  /** Length of the key that is derived from the passphrase. */
  readonly wrapBytes: number;
  /** Hash of the anti-forensic splitter. */
  readonly hash: HashName;
  readonly stripes: number;
  /** Bytes from the start of the image. */
  readonly offset: number;
  readonly length: number;
}

/**
 * Ciphers, with where their sector numbers wrap: OpenStack's volume types use `plain64`, cryptsetup's default since
 * 2013; `plain` counts in 32 bits. https://gitlab.com/cryptsetup/cryptsetup/-/wikis/DMCrypt#iv-generators
 */
const CIPHERS: Readonly<Record<string, number>> = {
  'aes-xts-plain64': Number.POSITIVE_INFINITY,
  'aes-xts-plain': 2 ** 32,
};

/** Undefined for an unsupported cipher. */
export function wrapsAt(cipher: string): number | undefined {
  return Object.hasOwn(CIPHERS, cipher) ? CIPHERS[cipher] : undefined;
}

/** More than any header needs: the key slots of LUKS2 end at 16 MiB unless somebody asked for more. */
export const LONGEST_HEADER = 16 * 2 ** 20;

const MOST_STRIPES = 4000;
/** A key slot takes two seconds on the machine that made it, unless somebody asked for more. */
const MOST_SECONDS = 300;
/** KiB. cryptsetup uses 1 GiB at most, and allows 4 GiB on request. */
const MOST_MEMORY = 2 * 2 ** 20;
/** Half a PiB, well within what a number can count. */
const MOST_SECTORS = 2 ** 40;

/**
 * Makes sure that a header, which anybody may have written, is supported, has sane offsets, and cannot take the machine
 * down.
 *
 * @throws InputError if it is unsupported
 * @throws OperationError if it makes no sense
 */
export function checked(from: Omit<LuksHeader, 'wrapsAt'>): LuksHeader {
  const { slots, cipher, keyBytes, payloadOffset, payloadBytes = 0, sectorBytes, firstSector } = from;
  if (slots.length === 0) throw damaged('it has no key slot in use');
  if (payloadOffset === 0) throw detached();
  const wraps = wrapsAt(cipher);
  if (wraps === undefined || ![32, 64].includes(keyBytes))
    throw unsupported(`the cipher ${forLog(cipher.slice(0, 64))} with a key of ${keyBytes * 8} bits`);
  for (const slot of slots) checkSlot(slot, payloadOffset);
  checkCost(from);
  if (![512, 1024, 2048, 4096].includes(sectorBytes)) throw damaged(`its sectors have ${sectorBytes} bytes`);
  if (payloadOffset % SECTOR_UNIT !== 0 || payloadBytes % sectorBytes !== 0)
    throw damaged(`its data lies at byte ${payloadOffset}, and has ${payloadBytes}`);
  if (firstSector > MOST_SECTORS || payloadBytes > MOST_SECTORS * SECTOR_UNIT)
    throw damaged('its numbers are too large');
  return { ...from, wrapsAt: wraps };
}

function checkSlot({ number, offset, length, stripes }: KeySlot, payloadOffset: number): void {
  if (stripes < 1 || stripes > MOST_STRIPES) throw damaged(`key slot ${number} has ${stripes} stripes`);
  const end = offset + Math.ceil(length / SECTOR_UNIT) * SECTOR_UNIT;
  if (offset % SECTOR_UNIT !== 0 || end > Math.min(LONGEST_HEADER, payloadOffset))
    throw damaged(`key slot ${number} lies at bytes ${offset} to ${end}, the data at ${payloadOffset}`);
}

/** Limits what it costs to try a passphrase that opens no slot, the worst case. */
function checkCost({ slots, digest }: Pick<LuksHeader, 'slots' | 'digest'>): void {
  const costs = slots.flatMap(({ kdf, wrapBytes }) => [
    costOf(kdf, wrapBytes),
    costOf(digest.kdf, digest.value.length),
  ]);
  const seconds = costs.reduce((sum, cost) => sum + cost.seconds, 0);
  const memory = Math.max(...costs.map((cost) => cost.memory));
  if (seconds <= MOST_SECONDS && memory <= MOST_MEMORY) return;
  throw new OperationError(
    `the LUKS header asks for about ${Math.ceil(seconds)} s of work and ${bytes(memory * 1024)} of memory to try a passphrase; at most ${MOST_SECONDS} s and ${bytes(MOST_MEMORY * 1024)} are allowed`,
    'No ordinary header asks for so much: this one may be meant to exhaust the machine. If you trust it, open it with cryptsetup.',
  );
}

export function knownHash(name: string): HashName {
  const known = hashName(name);
  if (known === undefined) throw unsupported(`the hash ${JSON.stringify(name.slice(0, 32))}`);
  return known;
}

export function unsupported(what: string): InputError {
  return new InputError(
    `the LUKS header uses ${what}, which openstack-backup cannot open`,
    'Open it with cryptsetup.',
  );
}

/** The error for data in a separate file or device. */
export function detached(): InputError {
  return new InputError(
    'it is a detached LUKS header: its data is in another file or device',
    `Open both with \`${DETACHED_LINE}\`.`,
  );
}

export function damaged(why: string, cause?: unknown): OperationError {
  return new OperationError(
    `the LUKS header is damaged: ${why}`,
    `Use another copy of the image; \`${REPAIR_LINE}\` may help.`,
    cause,
  );
}
