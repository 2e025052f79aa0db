import { InputError } from '../errors.ts';
import {
  DIGEST,
  ENVELOPE_FILE,
  MANIFEST_FILE,
  RUN_NAME,
  SEALED_FILE,
  SIGNATURE,
  STORED,
  storedReference,
} from '../manifest/files.ts';
import { JOURNAL_FILE, parseJournal, piecesIn } from '../manifest/journal.ts';
import { LARGEST_MANIFEST, LARGEST_RUNBOOK } from '../manifest/parse.ts';
import type { Place } from '../store/place.ts';
import { allOf } from '../stream/chunks.ts';
import type { ManifestCache } from './cache.ts';
import { type FoundManifest, foundIn, runbookBeside } from './read.ts';

/** The folder of one run in a store. */
export interface StoredRun {
  /** @see RUN_NAME */
  readonly run: string;
  readonly reference: string;
  /**
   * Undefined if there is none: the run was interrupted before it saved anything, or another one has pruned it since.
   *
   * @throws PlainError if it cannot be read
   */
  load(withRunbook?: boolean): Promise<FoundManifest | undefined>;
}

/** The files of a run's folder, as they were listed: each with its MD5, if the service knows it. */
type Files = ReadonlyMap<string, string | undefined>;

/**
 * The manifests in a store, newest first by name. What the cache has is not read again.
 *
 * @throws InputError if it cannot be listed
 */
export async function storedRuns(place: Place, cache: ManifestCache): Promise<StoredRun[]> {
  const runs = new Map<string, Map<string, string | undefined>>();
  for await (const { name, md5 } of place.list(`${STORED}/`)) {
    const [, run = '', file] = name.split('/');
    if (file === undefined || !RUN_NAME.test(run)) continue;
    const files = runs.get(run) ?? new Map<string, string | undefined>();
    runs.set(run, files.set(file, md5));
  }
  return [...runs]
    .sort(([one], [other]) => (one < other ? 1 : -1))
    .map(([run, files]) => stored(place, run, files, false, cache));
}

/** @throws InputError if it is not there, or cannot be read */
export function findStored(place: Place, run: string, withRunbook = false): Promise<FoundManifest> {
  return loadListed(place, run, false, withRunbook);
}

/** @param isAgain whether it was listed before, without a manifest that is there */
async function loadListed(
  place: Place,
  run: string,
  isAgain: boolean,
  withRunbook = false,
): Promise<FoundManifest> {
  const files = new Map<string, undefined>();
  const folder = `${STORED}/${run}/`;
  for await (const { name } of place.list(folder)) files.set(name.slice(folder.length), undefined);
  const { reference, load } = stored(place, run, files, isAgain);
  const found = await load(withRunbook);
  if (found !== undefined) return found;
  throw new InputError(
    `there is no manifest at ${reference}`,
    '`list` with `manifest: store` shows what is there.',
  );
}

function stored(place: Place, run: string, files: Files, isAgain: boolean, cache?: ManifestCache): StoredRun {
  const reference = storedReference(place.name, run);
  const at = (name: string) => `${STORED}/${run}/${name}`;
  return { run, reference, load };

  async function load(withRunbook = false): Promise<FoundManifest | undefined> {
    const manifest = [MANIFEST_FILE, SEALED_FILE].find((name) => files.has(name));
    try {
      return manifest === undefined ? await loadJournal() : await loadManifest(manifest, withRunbook);
    } catch (error) {
      // Pruned since it was listed, or finished: what was there is gone.
      if ((await place.head(at(manifest ?? piecesIn([...files.keys()])[0] ?? MANIFEST_FILE))) !== undefined)
        throw error;
      if (manifest !== undefined) return undefined;
      // A list that lags, or lies, does not get better for ever.
      if (isAgain) throw error;
      return findFinished();
    }
  }

  async function loadManifest(manifest: string, withRunbook: boolean): Promise<FoundManifest> {
    const wanted = [
      manifest,
      manifest + DIGEST,
      manifest + SIGNATURE,
      ENVELOPE_FILE,
      ENVELOPE_FILE + SIGNATURE,
    ];
    const read: Record<string, Buffer> = {};
    for (const name of wanted) if (files.has(name)) read[name] = await copied(name);
    const book = runbookBeside(manifest);
    if (withRunbook && files.has(book)) read[book] = await whole(book, LARGEST_RUNBOOK);
    return foundIn(reference, read, false);
  }

  async function loadJournal(): Promise<FoundManifest | undefined> {
    const pieces: Buffer[] = [];
    let left = 2 * LARGEST_MANIFEST;
    for (const name of piecesIn([...files.keys()])) {
      const piece = await whole(name, left);
      left -= piece.length;
      pieces.push(piece);
    }
    const journal = Buffer.concat(pieces);
    return parseJournal(journal) && foundIn(reference, { [JOURNAL_FILE]: journal }, false);
  }

  /** The run ended while its journal was read. */
  async function findFinished(): Promise<FoundManifest | undefined> {
    for (const manifest of [MANIFEST_FILE, SEALED_FILE])
      if ((await place.head(at(manifest))) !== undefined) return loadListed(place, run, true);
    return undefined;
  }

  /** What is under a name never changes, but pieces of a journal are gone soon: those are not worth a copy. */
  async function copied(name: string): Promise<Buffer> {
    const download = () => whole(name, LARGEST_MANIFEST);
    return cache === undefined ? download() : cache.get(files.get(name), download);
  }

  async function whole(name: string, limit: number): Promise<Buffer> {
    const { size, bytes } = await place.get(at(name));
    if (size > limit) throw new InputError(`${name} of ${reference} is larger than any manifest`);
    return allOf(bytes);
  }
}
