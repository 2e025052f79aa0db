import type { Sealer } from '../keys/age.ts';
import type { Payload } from '../manifest/schema.ts';
import type { PayloadSink } from '../store/store.ts';
import { ahead } from '../stream/chunks.ts';
import { Meter } from '../stream/meter.ts';
import { Packer } from './pack.ts';

export interface SaveOptions {
  readonly compression: Payload['compression'];
  /** Undefined: it lies in clear. */
  readonly sealer: Sealer | undefined;
  /** Digests of the plain bytes beside SHA-256, by the names of node:crypto. */
  readonly digests?: readonly string[];
  /** How many of the first plain bytes are wanted back. */
  readonly head?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of plain bytes as they flow. */
  readonly onBytes?: (count: number) => void;
}

export interface SavedPayload {
  readonly payload: Payload;
  /** Of the plain bytes, lower-case hex, by algorithm. */
  readonly digests: Readonly<Record<string, string>>;
  readonly head: Buffer;
}

/**
 * Streams bytes into a store: compressed, then sealed. `age -d | zstd -d` opens them without us.
 * What was written of one that fails is removed again.
 *
 * @param check looks at what flowed by before it can be seen in the store; what it throws discards the payload
 */
export async function savePayload(
  sink: PayloadSink,
  name: string,
  source: AsyncIterable<Uint8Array>,
  options: SaveOptions,
  check: (saved: Omit<SavedPayload, 'payload'> & { readonly size: number }) => Promise<void> | void = () =>
    undefined,
): Promise<SavedPayload> {
  const { compression, sealer, signal } = options;
  const plain = new Meter([], options.head, options.onBytes);
  const packer = new Packer(compression, ['sha256', ...(options.digests ?? [])]);
  const writer = await sink.open(name);
  try {
    const packed = packer.through(plain.through(source));
    await writer.write(ahead(stoppable(sealer === undefined ? packed : sealer.stream(packed), signal), 1));
    const { size, head } = plain;
    const { digests } = packer;
    await check({ digests, size, head });
    const stored = await writer.finish();
    const sha256 = digests['sha256'] ?? '';
    return {
      payload: { name, size, sha256, stored, compression, sealed: sealer !== undefined },
      digests,
      head,
    };
  } catch (error) {
    await writer.discard();
    throw error;
  }
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
