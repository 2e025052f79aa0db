import { resolve } from 'node:path';
import type { Shelf } from '../catalog/whole.ts';
import { InputError } from '../errors.ts';
import { sealer } from '../keys/age.ts';
import { type PayloadStore, payloadStore } from '../payload/store.ts';
import type { Place } from '../store/place.ts';
import { parsePlace } from '../store/place-name.ts';
import type { Context } from './context.ts';

const DEFAULT_STORE = 'directory:openstack-backups/payloads';

/** Where to read payloads, and what opens them. */
type Reading = { readonly store: string | undefined; readonly identity: string | undefined };

/**
 * Where to read payloads; undefined if no store is given and there is no default.
 *
 * @throws InputError for an unsupported place
 */
export function namedStore(context: Context, { store, identity }: Reading): PayloadStore | undefined {
  const place = namedPlace(context, store);
  return place && payloadStore(place, { identity });
}

/**
 * Where to read payloads.
 *
 * @throws InputError in a workflow that gives no place: a runner's disk is gone after the job
 */
export function restoringStore(context: Context, { store, identity }: Reading): PayloadStore {
  return payloadStore(openPlace(context, store), { identity });
}

/**
 * Where data goes that leaves the cloud, and how it is packed.
 *
 * @throws InputError in a workflow that gives no place, and for an invalid age recipient
 */
export async function savingStore(
  context: Context,
  given: {
    readonly store: string | undefined;
    readonly compression: PayloadStore['compression'];
    readonly recipients: readonly string[];
  },
): Promise<PayloadStore> {
  const { compression, recipients } = given;
  const place = openPlace(context, given.store);
  return payloadStore(place, {
    compression,
    seal: recipients.length === 0 ? undefined : { sealer: await sealer(recipients), recipients },
  });
}

/**
 * The payloads that are in the store now; undefined if no store is given and there is no default.
 *
 * @throws InputError for an unsupported place
 */
export async function shelfOf(context: Context, store: string | undefined): Promise<Shelf | undefined> {
  const place = namedPlace(context, store);
  if (place === undefined) return undefined;
  try {
    const sizes = new Map<string, number>();
    for await (const { name, size } of place.list()) if (isNamedByManifests(name)) sizes.set(name, size);
    return { place: place.name, sizes, unknown: '' };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { place: place.name, sizes: undefined, unknown: error.message };
  }
}

/** A place has thousands of objects that only a map names. */
function isNamedByManifests(name: string): boolean {
  const [, folder] = name.split('/');
  return folder === undefined || folder === 'maps';
}

function openPlace(context: Context, store: string | undefined): Place {
  const place = namedPlace(context, store);
  if (place === undefined)
    throw new InputError(
      'no store given',
      "Write directory:PATH, a directory that lasts: a runner's own disk is gone with the job.",
    );
  return place;
}

/** The place that the input gives, or the terminal's default. */
export function namedPlace({ host, directory }: Context, store: string | undefined): Place | undefined {
  const text = store ?? (host.github === undefined ? DEFAULT_STORE : undefined);
  if (text === undefined) return undefined;
  const named = parsePlace(text);
  if (named?.kind !== 'directory')
    throw new InputError(`unsupported store "${text}"`, 'Write directory:PATH.');
  return directory(resolve(host.directory, named.path));
}
