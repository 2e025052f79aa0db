import type { Shelf } from '../../catalog/whole.ts';
import { InputError, PlainError } from '../../errors.ts';
import type { CloudInputs } from '../../inputs/cloud.ts';
import { parseStoreKey, type StoreAccess } from '../../inputs/store.ts';
import { sealer } from '../../keys/age.ts';
import { type Doubts, lookAtShelf } from '../../payload/blocks/shelf-look.ts';
import { type PayloadStore, payloadStore } from '../../payload/store.ts';
import type { OpenStore, Place } from '../../store/place.ts';
import { placeName, type StoreName } from '../../store/place-name.ts';
import type { Context } from '../context.ts';
import {
  checkedStore,
  type NamedPlaces,
  type NamingInput,
  openStore,
  type StorePlace,
} from './open-store.ts';

const DEFAULT_STORE = 'directory:openstack-backups/payloads';

/** The inputs that say where payloads are and how to reach them. */
export type StoreGiven = CloudInputs & StoreAccess & NamedPlaces & { readonly store: string | undefined };

/** Where to read payloads, and what opens them. */
type Reading = StoreGiven & { readonly identity: string | undefined };

/**
 * Where to read payloads; undefined if no store is given and there is no default.
 *
 * @throws InputError for an unsupported place, or one that cannot be reached
 */
export async function namedStore(context: Context, given: Reading): Promise<PayloadStore | undefined> {
  const place = await namedPlace(context, given);
  return place && payloadStore(place, { identity: given.identity });
}

/**
 * Where to read payloads.
 *
 * @throws InputError in a workflow that gives no place: a runner's disk is gone after the job
 */
export async function restoringStore(context: Context, given: Reading): Promise<PayloadStore> {
  return payloadStore(await neededPlace(context, given), { identity: given.identity });
}

/**
 * Where data goes that leaves the cloud, and how it is packed.
 *
 * @throws InputError in a workflow that gives no place, and for an invalid age recipient or key of the store
 */
export async function savingStore(
  context: Context,
  given: StoreGiven & {
    readonly compression: PayloadStore['compression'];
    readonly recipients: readonly string[];
    /** In how many runs all of a disk is sent again; undefined or 0: never. */
    readonly refresh?: number | undefined;
    /** Objects that `verify` saw damaged: what they hold is sent again. */
    readonly damaged?: ReadonlySet<string>;
  },
): Promise<PayloadStore> {
  const { compression, recipients } = given;
  const storeKey = parseStoreKey(given['store-key']);
  return payloadStore(await neededPlace(context, given), {
    compression,
    seal: recipients.length === 0 ? undefined : { sealer: await sealer(recipients), recipients },
    storeKey,
    refresh: given.refresh || undefined,
    damaged: given.damaged,
  });
}

/**
 * The payloads that are in the store now, and which of them lack something; undefined if no store is given and there is
 * no default.
 *
 * @param doubts what manifests say, see {@link lookAtShelf}
 * @param offline log in to no cloud
 * @throws InputError for an unsupported place
 */
export async function shelfOf(
  context: Context,
  given: StoreGiven,
  doubts: Doubts,
  offline = false,
): Promise<Shelf | undefined> {
  const store = storeOf(context, given);
  if (store === undefined || (offline && store.named.kind === 'swift')) return undefined;
  const { signal } = context.host;
  try {
    const place = await openStore(context, store);
    return { place: place.name, unknown: '', ...(await lookAtShelf(place, doubts, signal)) };
  } catch (error) {
    if (!(error instanceof PlainError) || signal.aborted) throw error;
    return { place: store.text, sizes: undefined, unknown: error.message };
  }
}

/**
 * Opens the store that the inputs give, or another one that is reached by the same inputs.
 *
 * @param input that names the other one
 */
export function storeOpener(context: Context, given: StoreGiven, input: NamingInput): OpenStore {
  return async (name) => {
    if (name === undefined) return neededPlace(context, given);
    const store = storeOf(context, given);
    return openStore(
      context,
      store !== undefined && isNameOf(name, store.named)
        ? store
        : checkedStore(name, given, context.host.directory, input),
    );
  };
}

/** Whether a name is that of the store, which says more: where its S3 is. Manifests and outputs name only the bucket. */
function isNameOf(name: string, store: StoreName): boolean {
  return store.kind === 's3' && name === placeName('s3', store.bucket, store.prefix);
}

/** @throws InputError in a workflow that gives no place, and for one that is unsupported or cannot be reached */
export async function neededPlace(context: Context, given: StoreGiven): Promise<Place> {
  const place = await namedPlace(context, given);
  if (place === undefined)
    throw new InputError(
      'no store given',
      "Write s3://BUCKET/PREFIX, swift://CONTAINER/PREFIX, or directory:PATH if the directory lasts: a runner's own disk is gone with the job.",
    );
  return place;
}

/**
 * The place that the input gives, or the terminal's default.
 *
 * @throws InputError for an unsupported place, or one that cannot be reached
 */
export async function namedPlace(context: Context, given: StoreGiven): Promise<Place | undefined> {
  const store = storeOf(context, given);
  return store && openStore(context, store);
}

function storeOf({ host }: Context, given: StoreGiven): StorePlace | undefined {
  const text = given.store ?? (host.github === undefined ? DEFAULT_STORE : undefined);
  return text === undefined ? undefined : checkedStore(text, given, host.directory);
}
