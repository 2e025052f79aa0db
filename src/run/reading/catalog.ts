import { drilledIn } from '../../catalog/drilled.ts';
import { type Entry, entriesOf, unnamedEntries } from '../../catalog/entries.ts';
import {
  type EverythingOptions,
  everyManifest,
  type Found,
  named,
  type Unread,
} from '../../catalog/everything.ts';
import { type Unnamed, unnamedIn } from '../../catalog/unnamed.ts';
import { damagedObjects, verifiedIn } from '../../catalog/verified.ts';
import { judge, type Shelf } from '../../catalog/whole.ts';
import { InputError } from '../../errors.ts';
import type { PlaceName } from '../../store/place-name.ts';
import type { Context } from '../context.ts';
import { type Looked, type LookInputs, look } from './look.ts';
import { placesOf } from './manifest-places.ts';
import { type ReadingInputs, readingOf } from './reading.ts';

export interface CatalogInputs extends LookInputs, ReadingInputs {
  readonly manifest: readonly string[];
}

/** All restore points, and where each is known from. */
export interface Catalog {
  readonly found: readonly Found[];
  readonly unread: readonly Unread[];
  readonly looked: Looked;
  /** What only the cloud knows. */
  readonly unnamed: readonly Unnamed[];
  readonly entries: readonly Entry[];
}

/**
 * Reads every manifest, and looks for what their restore points need. Reports what it cannot read.
 *
 * @param depth `maps`: a point in blocks counts as whole if its map is there
 * @throws InputError if a given place cannot be read
 */
export async function readCatalog(
  context: Context,
  given: CatalogInputs,
  depth: 'objects' | 'maps' = 'objects',
): Promise<Catalog> {
  const { host } = context;
  const { found, unread, missing } = await readAll(
    placesOf(given.manifest, host.github !== undefined),
    await readingOf(context, given),
  );
  // A given place must exist. The default one need not, if the cloud can answer.
  if (missing !== undefined && given.manifest.length > 0) throw missing;
  for (const { reference, doubt } of unread) host.log.warn(toldOf(reference, doubt));
  const manifests = found.map(({ manifest }) => manifest);
  const verified = verifiedIn(found, host.clock.now());
  const all = await look(context, given, manifests, damagedObjects(verified));
  const looked = depth === 'objects' ? all : { ...all, shelf: mapsOf(all.shelf) };
  const { inventory } = looked;
  if (missing !== undefined && inventory === undefined) throw missing;
  if (missing !== undefined) host.log.warn(`${missing.message}: only what the cloud has is listed`);
  const unnamed = inventory === undefined ? [] : unnamedIn(inventory, manifests);
  const statesOf = judge(looked);
  const drilled = drilledIn(found, host.clock.now());
  const named = found.flatMap((one) => entriesOf(one, statesOf(one.manifest), verified, drilled));
  const entries = inventory === undefined ? named : [...named, ...unnamedEntries(inventory, unnamed)];
  return { found, unread, looked, unnamed, entries };
}

function mapsOf(shelf: Shelf | undefined): Shelf | undefined {
  return shelf && { ...shelf, lacking: new Map(), tainted: new Map() };
}

/** Fails for an unreadable manifest, which may hold the wanted point, and if no answer shows that points are whole. */
export function failureOf({ found, unread, looked: { failure } }: Catalog): {
  readonly failed: boolean;
  readonly failure: string;
} {
  const all = unread.length + found.length;
  const lost = unread.length === 0 ? [] : [`${unread.length} of ${all} manifests could not be read`];
  const told = [...lost, ...(failure === undefined ? [] : [failure])];
  return { failed: told.length > 0, failure: told.join('; ') };
}

export function toldOf(reference: string, { what, hint }: Unread['doubt']): string {
  return `${named(reference, what)}. ${hint}`;
}

async function readAll(places: readonly PlaceName[], options: EverythingOptions) {
  try {
    return { ...(await everyManifest(places, options)), missing: undefined };
  } catch (error) {
    if (!(error instanceof InputError) || options.github !== undefined) throw error;
    return { found: [], unread: [], missing: error };
  }
}
