import { basename, resolve } from 'node:path';
import type { Doubt } from '../errors.ts';
import { InputError } from '../errors.ts';
import { DIRECTORY, parseStored } from '../manifest/files.ts';
import { parsePlace } from '../store/place-name.ts';
import { findFile, readManifest, runDirectories } from './directory.ts';
import { fromArtifacts, fromRelease } from './github/find.ts';
import { fromRepository, type Sought } from './github/latest.ts';
import { listed, newestWanted } from './newest.ts';
import { type Read, readFound } from './read.ts';
import type { FindOptions } from './search.ts';
import { findStored, type StoredRun, storedRuns } from './store.ts';

/** What the input `manifest` names. */
export type Reference =
  | { readonly kind: 'path'; readonly path: string }
  /** Several names if the run saved in several steps: they exclude its later attempts. */
  | { readonly kind: 'artifact'; readonly run: number; readonly names: readonly string[] | undefined }
  | { readonly kind: 'release'; readonly tag: string }
  /** One in a store, and the newest there. @see OpenStore */
  | { readonly kind: 'stored'; readonly store: string; readonly run: string }
  | { readonly kind: 'latest in a store'; readonly store: string | undefined }
  /** The newest in a directory or in the repository. */
  | { readonly kind: 'latest'; readonly directory: string | undefined; readonly from: Sought };

export function isLatest({ kind }: Reference): boolean {
  return kind === 'latest' || kind === 'latest in a store';
}

const EVERYWHERE: Sought = { artifacts: true, releases: true };

/**
 * Parses the name of a manifest, or of a place with many, as `list` takes it: that means the newest that is wanted.
 *
 * @throws InputError if the run is not a number
 */
export function parseReference(text: string): Reference {
  if (text === 'latest') return { kind: 'latest', directory: undefined, from: EVERYWHERE };
  const stored = parseStored(text);
  if (stored !== undefined) return { kind: 'stored', ...stored };
  const place = parsePlace(text.replace(/^latest:(?=store$|[a-z\d]+:\/\/)/, ''));
  if (place?.kind === 'store') return { kind: 'latest in a store', store: place.name };
  if (text.startsWith('latest:'))
    return { kind: 'latest', directory: text.slice('latest:'.length), from: EVERYWHERE };
  if (place !== undefined) {
    const directory = place.kind === 'directory' ? place.path : undefined;
    const from = { artifacts: place.kind === 'artifact', releases: place.kind === 'release' };
    return { kind: 'latest', directory, from };
  }
  if (text.startsWith('release:')) return { kind: 'release', tag: text.slice('release:'.length) };
  if (!text.startsWith('artifact:')) return { kind: 'path', path: text };
  const [, run, name] = /^artifact:(\d{1,15})(?:\/(.+))?$/s.exec(text) ?? [];
  if (run === undefined)
    throw new InputError(
      '`manifest` does not name a run',
      'Write artifact:RUN or artifact:RUN/NAME; RUN is the number in the address of the run.',
    );
  return { kind: 'artifact', run: Number(run), names: name?.split(',') };
}

/**
 * The manifest that a reference means, if it can be trusted.
 *
 * @throws InputError if there is none, or it cannot be trusted
 */
export async function findManifest(text: string, options: FindOptions): Promise<Read> {
  const reference = parseReference(text);
  if (reference.kind === 'path') return readManifest(resolve(options.directory, reference.path), options);
  if (reference.kind === 'stored')
    return readFound(
      await findStored(await options.store(reference.store), reference.run, options.withRunbook),
      options,
    );
  if (reference.kind === 'latest in a store') {
    const place = await options.store(reference.store);
    const runs = await storedRuns(place, options.cache);
    const read = await latestAmong(runs, { ...options, place: place.name });
    await options.cache.save();
    return read;
  }
  const inDirectory =
    reference.kind === 'latest' &&
    (reference.directory ?? (options.github || reference.from !== EVERYWHERE ? undefined : DIRECTORY));
  if (inDirectory) return latestIn(resolve(options.directory, inDirectory), options);
  const { github } = options;
  if (github === undefined) throw notHere(reference);
  const search = { ...options, github };
  const read = await (reference.kind === 'artifact'
    ? fromArtifacts(reference.run, reference.names, search)
    : reference.kind === 'release'
      ? fromRelease(reference.tag, search)
      : fromRepository(search, reference.from));
  await options.cache.save();
  return read;
}

/** Every manifest has to be read: its name and its times may come from a clock that was wrong. */
const MOST_RUNS = 400;

async function latestIn(directory: string, options: FindOptions): Promise<Read> {
  const all = await runDirectories(directory);
  const runs = all.map((path) => ({ reference: path, run: basename(path), load: () => findFile(path) }));
  return latestAmong(runs, { ...options, place: directory });
}

async function latestAmong(
  all: readonly StoredRun[],
  options: FindOptions & { readonly place: string },
): Promise<Read> {
  const { place } = options;
  const most = options.deep ? all.length : MOST_RUNS;
  if (all.length > most)
    options.warn(
      `${place} has ${all.length} manifests: only the ${MOST_RUNS} with the latest names are read`,
    );
  const candidates = all.slice(0, most).map(({ reference, run, load }) => ({
    reference,
    within: undefined,
    time: timeOf(run),
    load: () => load().catch(asDoubt),
  }));
  return newestWanted(listed(candidates), {
    ...options,
    among: () => `the ${candidates.length} in ${place}`,
    hint: () => 'Give the place that backups publish to: `latest:PATH`, or `latest:store` with `store`.',
  });
}

/** A manifest that cannot be read matters only if it may be the newest. */
function asDoubt(error: unknown): Doubt {
  if (!(error instanceof InputError)) throw error;
  return { what: `cannot be used: ${error.message}`, hint: error.hint ?? '' };
}

/** "20261123T012228Z-5f2c9a01" → the end of that second, in ISO 8601: the run started within it. */
function timeOf(name: string): string {
  const [, date = '', time = ''] = /^(\d{8})T(\d{6})Z/.exec(name) ?? [];
  return `${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}.999Z`;
}

function notHere(reference: Exclude<Reference, { kind: 'stored' | 'latest in a store' }>): InputError {
  const download =
    reference.kind === 'artifact'
      ? `gh run download ${reference.run}`
      : `gh release download ${reference.kind === 'release' ? reference.tag : 'TAG'}`;
  return new InputError(
    `manifest: ${reference.kind} works only in a workflow on GitHub`,
    `Download it (${download}) and give the path of its manifest.json.`,
  );
}
