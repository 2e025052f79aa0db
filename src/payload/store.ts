import { opener, type Sealer } from '../keys/age.ts';
import type { Payload } from '../manifest/schema.ts';
import type { Place } from '../store/place.ts';
import { openBlocks } from './blocks/open.ts';
import type { PayloadFacts } from './name.ts';
import { openPayload } from './open.ts';
import { type SavedPayload, type SaveOptions, savePayload } from './save.ts';

/**
 * Bytes that leave the cloud go in plain and come back plain. How they are compressed, sealed and laid out in a place
 * is decided here and below; above, a payload is what the manifest says about it.
 */
export interface PayloadStore {
  /** As the input `store` gives it; for messages. */
  readonly place: string;
  readonly compression: Payload['compression'];
  /** Whether payloads are sealed. If not, images lie in clear, and no key leaves the cloud. */
  readonly sealed: boolean;
  /**
   * Checks before the run starts that it can write there, and removes what dead runs left half-written.
   *
   * @returns the names of complete payloads that interrupted runs left, perhaps before a manifest named them
   * @throws InputError
   */
  prepare(): Promise<readonly string[]>;
  /**
   * Streams bytes into the place: compressed, then sealed. `age -d | zstd -d` opens them without us. A failure leaves
   * nothing behind.
   */
  put(facts: PayloadFacts, plain: AsyncIterable<Uint8Array>, options: PutOptions): Promise<SavedPayload>;
  /**
   * The plain bytes of a payload; use nothing made from them before the end, see {@link openPayload}.
   *
   * @throws InputError if it is sealed to others; or, while reading, if it is not there
   */
  open(payload: Payload): Promise<AsyncGenerator<Uint8Array, void>>;
  /**
   * Lets a payload go; call it right before a manifest names it. Until then, if this run dies, the next one reports it.
   */
  keep(payload: Pick<Payload, 'name'>): Promise<void>;
  /** A payload that is not there counts as removed. */
  remove(payload: Payload): Promise<void>;
}

export interface PutOptions extends Omit<SaveOptions, 'compression' | 'sealer'> {
  /** Overrides the store's compression where that is not worth the time. */
  readonly compression?: 'none';
}

export interface Packing {
  readonly compression?: Payload['compression'];
  /** Seals to the recipients; undefined: nothing is sealed. */
  readonly sealer?: Sealer | undefined;
  /** age identities, for sealed payloads. */
  readonly identity?: string | undefined;
}

export function payloadStore(
  place: Place,
  { compression = 'zstd', sealer, identity }: Packing,
): PayloadStore {
  return {
    place: place.name,
    compression,
    sealed: sealer !== undefined,
    prepare: () => place.prepare(),
    put: (facts, plain, options) => savePayload(place, facts, plain, { compression, sealer, ...options }),
    open: async (payload) => {
      const open = payload.sealed ? await opener(identity, `payload ${payload.name}`) : undefined;
      return payload.layout === 'blocks'
        ? openBlocks(place, payload, open)
        : openPayload(place, payload, open);
    },
    keep: ({ name }) => place.keep(name),
    remove: ({ name }) => place.remove(name),
  };
}
