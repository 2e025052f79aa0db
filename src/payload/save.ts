import type { Sealer } from '../keys/age.ts';
import type { FilePayload, Payload } from '../manifest/schema.ts';
import type { Place } from '../store/place.ts';
import { ahead } from '../stream/chunks.ts';
import { Meter } from '../stream/meter.ts';
import { type PayloadFacts, payloadName } from './name.ts';
import { Packer } from './pack.ts';

export interface SaveOptions {
  readonly compression: Payload['compression'];
  /** Undefined if it lies in clear. */
  readonly sealer: Sealer | undefined;
  /** Digests of the plain bytes besides SHA-256, by the names of node:crypto. */
  readonly digests?: readonly string[];
  /** How many of the first plain bytes to return. */
  readonly head?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the count of plain bytes as they flow. */
  readonly onBytes?: (count: number) => void;
  /** Checks what flowed by before the store shows it; throwing discards the payload. */
  readonly check?: (came: Came) => Promise<void> | void;
}

/** What flowed by. */
export interface Came {
  readonly size: number;
  /** Of the plain bytes, lower-case hex, by algorithm. */
  readonly digests: Readonly<Record<string, string>>;
  readonly head: Buffer;
}

export interface SavedPayload extends Came {
  readonly payload: FilePayload;
}

/** Puts a payload into a place as one file: compressed, then sealed. */
export async function savePayload(
  place: Place,
  facts: PayloadFacts,
  source: AsyncIterable<Uint8Array>,
  { compression, sealer, digests: wanted = [], head, signal, onBytes, check }: SaveOptions,
): Promise<SavedPayload> {
  const sealed = sealer !== undefined;
  const name = payloadName(facts, { compression, sealed });
  const plain = new Meter([], head, onBytes);
  const packer = new Packer(compression, ['sha256', ...wanted]);
  const packed = packer.through(plain.through(source));
  const bytes = ahead(stoppable(sealer === undefined ? packed : sealer.stream(packed), signal), 1);
  const came = (): Came => ({ size: plain.size, digests: packer.digests, head: plain.head });
  // A place shows nothing before the stream has ended well.
  const stored = await place.put(
    name,
    followed(bytes, () => check?.(came())),
  );
  const { size, digests, head: first } = came();
  const sha256 = digests['sha256'] ?? '';
  const payload: FilePayload = {
    layout: 'file',
    place: place.name,
    name,
    size,
    sha256,
    stored,
    compression,
    sealed,
  };
  return { payload, size, digests, head: first };
}

async function* stoppable<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void> {
  for await (const piece of source) {
    signal?.throwIfAborted();
    yield piece;
  }
}

/** Passes the stream on, and ends only when the follow-up is done. */
async function* followed<T>(
  source: AsyncIterable<T>,
  then: () => Promise<void> | void,
): AsyncGenerator<T, void> {
  yield* source;
  await then();
}
