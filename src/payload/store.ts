import { opener, type Sealer } from '../keys/age.ts';
import type { Payload } from '../manifest/schema.ts';
import type { Place } from '../store/place.ts';
import type { PayloadFacts } from './name.ts';
import { openPayload } from './open.ts';
import { type SavedPayload, type SaveOptions, savePayload } from './save.ts';

/**
 * Bytes that leave the cloud go in plain and come back plain. How they are packed, sealed and laid out in a place is
 * decided here and below; above, a payload is what the manifest says of it.
 */
export interface PayloadStore {
  /** As the input `store` names it; for messages. */
  readonly place: string;
  readonly compression: Payload['compression'];
  /** Whether what is put is sealed. If not, bytes of images lie in clear, and no key leaves the cloud. */
  readonly sealed: boolean;
  /**
   * Finds out before the run starts whether it can be written there, and removes what dead runs left half-written.
   *
   * @returns the names of payloads that interrupted runs left whole, perhaps before a manifest named them
   * @throws InputError
   */
  prepare(): Promise<readonly string[]>;
  /**
   * Streams bytes into the place: compressed, then sealed. `age -d | zstd -d` opens them without us. Of what fails
   * nothing stays.
   */
  put(facts: PayloadFacts, plain: AsyncIterable<Uint8Array>, options: PutOptions): Promise<SavedPayload>;
  /**
   * The plain bytes of a payload; what is made of them must not be used before the end, see {@link openPayload}.
   *
   * @throws InputError if it is sealed to others; while it is read, where it is not there
   */
  open(payload: Payload): Promise<AsyncGenerator<Uint8Array, void>>;
  /** Lets it go, to be said right before a manifest names it. Until then the next run tells of it where this one dies. */
  keep(payload: Pick<Payload, 'name'>): Promise<void>;
  /** One that is not there is removed already. */
  remove(payload: Payload): Promise<void>;
}

export interface PutOptions extends Omit<SaveOptions, 'compression' | 'sealer'> {
  /** Where it is not worth its time: other than the store's. */
  readonly compression?: 'none';
}

export interface Packing {
  readonly compression?: Payload['compression'];
  /** To the recipients; undefined: nothing is sealed. */
  readonly sealer?: Sealer | undefined;
  /** age identities, for what is sealed. */
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
    open: async (payload) =>
      openPayload(
        place,
        payload,
        payload.sealed ? await opener(identity, `payload ${payload.name}`) : undefined,
      ),
    keep: ({ name }) => place.keep(name),
    remove: ({ name }) => place.remove(name),
  };
}
