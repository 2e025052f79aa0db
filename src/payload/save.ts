import { createHash } from 'node:crypto';
import type { Sealer } from '../keys/age.ts';
import type { FilePayload } from '../manifest/schema.ts';
import type { Place } from '../store/place.ts';
import { once } from '../stream/chunks.ts';
import { keyName } from './name.ts';

/** What flowed by. */
export interface Came {
  readonly size: number;
  /** Of the plain bytes, lower-case hex, by algorithm. */
  readonly digests: Readonly<Record<string, string>>;
  readonly head: Buffer;
}

/**
 * Puts a key into a place as one file.
 *
 * @param point the id of its restore point
 * @param sealer undefined if it lies in clear
 */
export async function saveKey(
  place: Place,
  point: string,
  bytes: Uint8Array,
  sealer: Sealer | undefined,
  signal: AbortSignal | undefined,
): Promise<FilePayload> {
  signal?.throwIfAborted();
  const name = keyName(point, sealer !== undefined);
  return {
    layout: 'file',
    place: place.name,
    name,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    stored: await place.put(name, sealer === undefined ? once(bytes) : sealer.stream(once(bytes))),
    compression: 'none',
    sealed: sealer !== undefined,
  };
}
