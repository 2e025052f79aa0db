import { checked, type KeySlot, knownHash, type LuksHeader } from './luks.ts';
import { SECTOR_UNIT } from './xts.ts';

// https://gitlab.com/cryptsetup/cryptsetup/-/wikis/LUKS-standard/on-disk-format.pdf

const SLOTS = 8;
const FIRST_SLOT = 208;
const SLOT_BYTES = 48;
const ENABLED = 0x00ac71f3;
const DIGEST_BYTES = 20;

/** How many of an image's first bytes {@link parseLuks1} looks at. */
export const LUKS1_HEADER = FIRST_SLOT + SLOTS * SLOT_BYTES;

/**
 * @param head the first {@link LUKS1_HEADER} bytes of an image, or more
 * @throws InputError if it is unsupported
 * @throws OperationError if it makes no sense
 */
export function parseLuks1(head: Buffer): LuksHeader {
  const hash = knownHash(textAt(head, 72, 32));
  const keyBytes = head.readUInt32BE(108);
  const kdf = (iterationsAt: number, saltAt: number) => ({
    kind: 'pbkdf2' as const,
    hash,
    iterations: head.readUInt32BE(iterationsAt),
    salt: Buffer.from(head.subarray(saltAt, saltAt + 32)),
  });
  const slots: KeySlot[] = [];
  for (let number = 0; number < SLOTS; number += 1) {
    const at = FIRST_SLOT + number * SLOT_BYTES;
    if (head.readUInt32BE(at) !== ENABLED) continue;
    const stripes = head.readUInt32BE(at + 44);
    const offset = head.readUInt32BE(at + 40) * SECTOR_UNIT;
    slots.push({
      number,
      kdf: kdf(at + 4, at + 8),
      wrapBytes: keyBytes,
      hash,
      stripes,
      offset,
      length: stripes * keyBytes,
    });
  }
  return checked({
    version: 1,
    cipher: `${textAt(head, 8, 32)}-${textAt(head, 40, 32)}`,
    keyBytes,
    sectorBytes: SECTOR_UNIT,
    payloadOffset: head.readUInt32BE(104) * SECTOR_UNIT,
    payloadBytes: undefined,
    firstSector: 0,
    slots,
    digest: { kdf: kdf(164, 132), value: Buffer.from(head.subarray(112, 112 + DIGEST_BYTES)) },
  });
}

/** The text up to the first NUL. */
function textAt(head: Buffer, offset: number, length: number): string {
  const [text = ''] = head.toString('latin1', offset, offset + length).split('\0');
  return text;
}
