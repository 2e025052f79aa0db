import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Doubt, InputError, PlainError } from '../errors.ts';
import type { Receipt } from '../manifest/receipt.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import type { Place } from '../store/place.ts';
import type { PlaceName } from '../store/place-name.ts';
import { findSeen, listedDirectories } from './directory.ts';
import type { Found } from './found.ts';
import { repositoryCandidates } from './github/latest.ts';
import { withoutPruned } from './pruned.ts';
import { doubtOf, type FoundManifest, parseFound, receiptIn } from './read.ts';
import type { FindOptions } from './search.ts';
import { storedRuns } from './store.ts';

export type { Found } from './found.ts';

/** A manifest that cannot be read. */
export interface Unread {
  readonly reference: string;
  readonly doubt: Doubt;
  /** What the envelope says, if the manifest is sealed for others. */
  readonly receipt?: Receipt;
}

/** Puts the manifest's name before why it cannot be read or trusted, unless the doubt already has it. */
export function named(reference: string, what: string): string {
  return what.includes(reference) ? what : `${reference} ${what}`;
}

export interface Manifests {
  readonly found: readonly Found[];
  readonly unread: readonly Unread[];
}

export type EverythingOptions = Omit<FindOptions, 'wanted' | 'allowUnsigned'>;

interface Copy {
  readonly reference: string;
  /** Undefined if it has gone since it was listed. */
  load(): Promise<FoundManifest | Doubt | undefined>;
}

/**
 * Every manifest of these places, once each: a run may have published it to several. Leaves out restore points that
 * were pruned.
 *
 * @throws InputError if a place cannot be looked at
 */
export async function everyManifest(
  places: readonly PlaceName[],
  options: EverythingOptions,
): Promise<Manifests> {
  const { found, unread } = await allManifests(places, options);
  return { found: withoutPruned(found), unread };
}

/** Like {@link everyManifest}, with the pruned points too: `prune` finishes what another run began. */
export async function allManifests(
  places: readonly PlaceName[],
  options: EverythingOptions,
): Promise<Manifests> {
  const byRun = new Map<string, Found>();
  const unread: Unread[] = [];
  const resources: Resources = new Map();
  for await (const { reference, load } of copiesIn(places, options)) {
    const loaded = await load();
    if (loaded === undefined) continue;
    if ('hint' in loaded) unread.push({ reference, doubt: loaded });
    else await read(loaded, reference);
  }
  await options.cache.save();
  return { found: [...byRun.values()], unread };

  async function read(file: FoundManifest, reference: string): Promise<void> {
    try {
      const manifest = withShared((await parseFound(file, options.identity)).manifest, resources);
      const one = { manifest, references: [reference], doubt: doubtOf(file, options.verifyKey) };
      const before = byRun.get(manifest.run.id);
      byRun.set(manifest.run.id, before === undefined ? one : both(before, one));
    } catch (error) {
      const receipt = receiptIn(file, options.verifyKey);
      unread.push({ reference, doubt: asDoubt(error), ...(receipt && { receipt }) });
    }
  }
}

type Resources = Map<string, RestorePoint['resource']>;

/** Most resources are the same from night to night: sharing one object for each saves memory. */
function withShared(manifest: Manifest, resources: Resources): Manifest {
  const restorePoints = manifest.restorePoints.map((point) => {
    const { kind, id } = point.resource;
    const known = resources.get(`${kind} ${id}`);
    if (isDeepStrictEqual(known, point.resource)) return { ...point, resource: known } as RestorePoint;
    resources.set(`${kind} ${id}`, point.resource);
    return point;
  });
  return { ...manifest, restorePoints };
}

/** Merges two copies of a run's manifest: prefers the trusted one, then the one that holds more. */
function both(one: Found, other: Found): Found {
  const isAsGood = (one.doubt === undefined) === (other.doubt === undefined);
  const isBetter = isAsGood ? pointsIn(other) > pointsIn(one) : other.doubt === undefined;
  const [better, worse] = isBetter ? [other, one] : [one, other];
  const { manifest } = better;
  // An unsigned copy must not hide that another one was altered.
  const doubt = better.doubt?.kind === 'unsigned' ? worse.doubt : better.doubt;
  return { manifest, doubt, references: [...one.references, ...other.references] };
}

function pointsIn({ manifest }: Found): number {
  return manifest.restorePoints.length;
}

async function* copiesIn(places: readonly PlaceName[], options: EverythingOptions): AsyncGenerator<Copy> {
  for (const place of places)
    if (place.kind === 'directory') yield* inDirectory(resolve(options.directory, place.path));
    else if (place.kind === 'store') yield* inStore(await options.store(place.name), options);
  const kinds = new Set(places.map(({ kind }) => kind));
  if (kinds.has('artifact') || kinds.has('release')) yield* onGitHub(kinds, options);
}

async function* inDirectory(path: string): AsyncGenerator<Copy> {
  for (const directory of await listedDirectories(path))
    yield { reference: directory, load: () => findSeen(directory).catch(asDoubt) };
}

async function* inStore(place: Place, { cache }: EverythingOptions): AsyncGenerator<Copy> {
  for (const { reference, load } of await storedRuns(place, cache))
    yield { reference, load: () => load().catch(asDoubt) };
}

/** A manifest that cannot be read must not fail the others. */
function asDoubt(error: unknown): Doubt {
  if (!(error instanceof PlainError)) throw error;
  return { what: error.message, hint: error.hint ?? '' };
}

async function* onGitHub(
  kinds: ReadonlySet<PlaceName['kind']>,
  options: EverythingOptions,
): AsyncGenerator<Copy> {
  const { github, warn } = options;
  if (github === undefined)
    throw new InputError(
      'artifacts and releases can be listed only in a workflow on GitHub',
      'Download them (gh run download RUN, gh release download TAG) and give their directory: `manifest: directory:PATH`.',
    );
  // Take every manifest, trusted or not, whatever it holds.
  const search = { ...options, github, wanted: () => [], allowUnsigned: true };
  const { candidates, among, hint, bounded } = await repositoryCandidates(search, {
    artifacts: kinds.has('artifact'),
    releases: kinds.has('release'),
  });
  let count = 0;
  for await (const candidate of candidates(() => '')) {
    count += 1;
    yield candidate;
  }
  if (count === 0) warn(`there is no manifest among ${among()}. ${await hint()}`);
  if (bounded()) warn('older runs were not searched: download their artifacts and give the directory');
}
