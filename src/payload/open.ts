import { OperationError } from '../errors.ts';
import type { Opener } from '../keys/age.ts';
import type { FilePayload } from '../manifest/schema.ts';
import type { Place } from '../store/place.ts';
import { Meter } from '../stream/meter.ts';
import { decompressed } from '../stream/zstd.ts';

/**
 * The plain bytes of a payload. Ends cleanly only if every byte, as stored and once opened, is what the manifest says:
 * so use nothing made from the bytes before the end.
 *
 * @param opener for a sealed payload
 * @throws InputError if it is not in the store, or is sealed to others
 * @throws OperationError if it was altered or cut short
 */
export async function* openPayload(
  place: Place,
  payload: FilePayload,
  opener: Opener | undefined,
): AsyncGenerator<Uint8Array, void> {
  const { name, stored } = payload;
  const { size, bytes: found } = await place.get(name);
  if (size !== stored.size)
    throw altered(name, `it has ${size} bytes in the store, but the manifest says ${stored.size}`);
  const raw = new Meter(['sha256']);
  const plain = new Meter(['sha256']);
  const packed = raw.through(found);
  const clear = payload.sealed ? unsealed(packed, opener, name) : packed;
  const bytes = payload.compression === 'zstd' ? decompressed(clear, `payload ${name}`) : clear;
  for await (const piece of plain.through(bytes)) {
    if (plain.size > payload.size) throw altered(name, `it unpacks to more than ${payload.size} bytes`);
    yield piece;
  }
  if (plain.size !== payload.size)
    throw altered(name, `it unpacks to ${plain.size} of ${payload.size} bytes`);
  const digests = [raw, plain].map((meter) => meter.digests()['sha256']);
  if (digests[0] !== stored.sha256 || digests[1] !== payload.sha256)
    throw altered(name, 'its SHA-256 differs from the one in the manifest');
}

function unsealed(packed: AsyncIterable<Uint8Array>, opener: Opener | undefined, name: string) {
  if (opener === undefined) throw new TypeError(`${name} is sealed, and no identity was given`);
  return opener.stream(packed, name);
}

function altered(name: string, why: string): OperationError {
  return new OperationError(
    `payload ${name} is damaged: ${why}`,
    'Use another copy of it, or another restore point. What was made from it is removed.',
  );
}
