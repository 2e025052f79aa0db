import { InputError } from '../errors.ts';
import { opener } from '../keys/age.ts';
import type { FilePayload, Payload } from '../manifest/schema.ts';
import { turns } from '../pool.ts';
import type { Place } from '../store/place.ts';
import { type BlocksAt, openAt } from './blocks/at.ts';
import type { Seal } from './blocks/object-write.ts';
import { openBlocks } from './blocks/open.ts';
import { type DiskFacts, type DiskOptions, type SavedDisk, saveBlocks } from './blocks/save.ts';
import { openPayload } from './open.ts';
import { saveKey } from './save.ts';

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
   * Seals a key into a file of its own, which `age -d` opens without us.
   *
   * @param point the id of its restore point
   */
  putKey(point: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<FilePayload>;
  /**
   * Streams a disk into the place, in blocks: what the resource's last restore point has there already is taken over.
   * A failure leaves no restore point.
   */
  putDisk(facts: DiskFacts, plain: AsyncIterable<Uint8Array>, options: PutOptions): Promise<SavedDisk>;
  /**
   * The plain bytes of a payload; use nothing made from them before the end, see {@link openPayload}.
   *
   * @throws InputError if it is sealed to others; or, while reading, if it is not there
   */
  open(payload: Payload): Promise<AsyncGenerator<Uint8Array, void>>;
  /**
   * Any bytes of a disk, see {@link BlocksAt}.
   *
   * @throws InputError if it is sealed to others, is not there, or can only be read from its beginning
   */
  openAt(payload: Payload): Promise<BlocksAt>;
  /**
   * Lets a payload go; call it right before a manifest names it. Until then, if this run dies, the next one reports it.
   */
  keep(payload: Pick<Payload, 'name'>): Promise<void>;
  /** Removes a key that no manifest names. One that is not there counts as removed. */
  remove(payload: FilePayload): Promise<void>;
}

/** One disk keeps the cores busy; a second fills the waits. More would only cost memory. */
const DISKS_AT_ONCE = 2;

export interface PutOptions extends Omit<DiskOptions, keyof Packing | 'compression'> {
  /** Overrides the store's compression where that is not worth the time. */
  readonly compression?: 'none';
}

export interface Packing {
  readonly compression?: Payload['compression'];
  /** Seals to the recipients; undefined: nothing is sealed. */
  readonly seal?: Seal | undefined;
  /** age identities, for sealed payloads. */
  readonly identity?: string | undefined;
  /** 32 bytes: tells which blocks of a sealed store are the same. */
  readonly storeKey?: Uint8Array | undefined;
  /** In how many runs all blocks of a disk are sent again, changed or not; undefined: never. */
  readonly refresh?: number | undefined;
  /** Objects of the place that were seen damaged: none is taken over. */
  readonly damaged?: ReadonlySet<string> | undefined;
}

export function payloadStore(
  place: Place,
  { compression = 'zstd', seal, identity, storeKey, refresh, damaged }: Packing,
): PayloadStore {
  const inTurn = turns(DISKS_AT_ONCE);
  return {
    place: place.name,
    compression,
    sealed: seal !== undefined,
    prepare: () => place.prepare(),
    putKey: (point, bytes, signal) => saveKey(place, point, bytes, seal?.sealer, signal),
    putDisk: (facts, plain, options) =>
      inTurn(() =>
        saveBlocks(place, facts, plain, { compression, seal, storeKey, refresh, damaged, ...options }),
      ),
    open: async (payload) => {
      const open = payload.sealed ? await opener(identity, `payload ${payload.name}`) : undefined;
      return payload.layout === 'blocks'
        ? openBlocks(place, payload, open)
        : openPayload(place, payload, open);
    },
    openAt: async (payload) => {
      if (payload.layout !== 'blocks') throw onlyWhole(payload);
      const open = payload.sealed ? await opener(identity, `payload ${payload.name}`) : undefined;
      return openAt(place, payload, open);
    },
    keep: ({ name }) => place.keep(name),
    remove: ({ name }) => place.remove(name),
  };
}

function onlyWhole({ name }: FilePayload): InputError {
  return new InputError(
    `payload ${name} is one file, which can only be read from its beginning to its end`,
    'Write it to a file with `dump`; restore points made from now on are stored in blocks.',
  );
}
