import { createHash } from 'node:crypto';
import { passphrasesOf } from '../keys/passphrase.ts';
import { headerLength, isLuks, luksVersion, openLuks } from '../keys/unlock.ts';
import { DISK_HEAD } from '../payload/disk-head.ts';
import { type Recognised, Recogniser } from '../payload/recognise/recogniser.ts';
import { peek } from '../stream/chunks.ts';

/** A key to try on a LUKS header. */
export interface TriedKey {
  /** "its saved key". */
  readonly called: string;
  readonly saved: boolean;
  readonly bytes: Uint8Array;
  readonly secretType: string;
}

/** What to find out about bytes that flow by. */
export interface Wanted {
  /** The digest of so many first bytes, by an algorithm of node:crypto; undefined: of none. */
  readonly digest:
    | {
        readonly algorithm: string;
        readonly size: number;
        /** If there are fewer, of all. */
        readonly orAll?: boolean;
      }
    | undefined;
  readonly keys: readonly TriedKey[];
}

export interface Look {
  /** Bytes that came. */
  readonly size: number;
  /** Lower-case hex; undefined if none was wanted, or fewer bytes came. */
  readonly digest: string | undefined;
  /** Of a LUKS image, "LUKS2, aes-xts-plain64"; undefined if it is none. */
  readonly luks: string | undefined;
  /** Of those that were tried, the keys that do not open it. */
  readonly refused: readonly TriedKey[];
  readonly opened: TriedKey | undefined;
  /** Of the plain bytes if a key opened them, else of those that came. */
  readonly recognised: Recognised;
}

/**
 * Reads a disk to its end: digests it, opens it if it is a LUKS image, and recognises what is inside.
 *
 * @param onBytes called with the number of bytes as they come
 * @throws what the source throws
 * @throws OperationError for a damaged LUKS header
 */
export async function lookThrough(
  source: AsyncIterable<Uint8Array>,
  { digest, keys }: Wanted,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (count: number) => void },
): Promise<Look> {
  const hash = digest && createHash(digest.algorithm);
  const { head, stream } = await peek(source, (bytes) =>
    keys.length > 0 || isLuks(bytes) ? Math.max(DISK_HEAD, lengthOf(bytes)) : 0,
  );
  try {
    let size = 0;
    const flow = async function* () {
      for await (const piece of stream) {
        signal.throwIfAborted();
        if (digest !== undefined && size < digest.size) hash?.update(piece.subarray(0, digest.size - size));
        size += piece.length;
        onBytes(piece.length);
        yield piece;
      }
    };
    const whole = flow();
    const version = luksVersion(head);
    const { opened, refused, plain, cipher } = await tried(head, version === undefined ? [] : keys, signal);
    const recogniser = new Recogniser();
    // What is inside may end before the image does.
    for await (const piece of plain === undefined ? lent(whole) : plain(lent(whole))) recogniser.push(piece);
    for await (const _rest of whole);
    return {
      size,
      digest:
        digest === undefined || (size < digest.size && digest.orAll !== true)
          ? undefined
          : hash?.digest('hex'),
      luks: version === undefined ? undefined : `LUKS${version}${cipher === '' ? '' : `, ${cipher}`}`,
      refused,
      opened,
      recognised: recogniser.finish(),
    };
  } finally {
    await stream.return();
  }
}

async function tried(head: Buffer, keys: readonly TriedKey[], signal: AbortSignal) {
  const refused: TriedKey[] = [];
  for (const key of keys) {
    const luks = await openLuks(head, passphrasesOf(key.bytes, key.secretType), signal);
    if (luks !== undefined) return { opened: key, refused, plain: luks.plain, cipher: luks.cipher };
    refused.push(key);
  }
  return { opened: undefined, refused, plain: undefined, cipher: '' };
}

/** A stream that goes on when its reader stops early. */
async function* lent(stream: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for (let next = await stream.next(); !next.done; next = await stream.next()) yield next.value;
}

/** How much of the head it takes to open it; 0 for a header that is not understood: opening it says why. */
function lengthOf(head: Buffer): number {
  try {
    return headerLength(head);
  } catch {
    return 0;
  }
}
