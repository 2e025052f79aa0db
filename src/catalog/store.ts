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
import { LARGEST_MANIFEST } from '../manifest/parse.ts';
import type { Place } from '../store/place.ts';
import { allOf } from '../stream/chunks.ts';
import { type FoundManifest, foundIn } from './read.ts';

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
  load(): Promise<FoundManifest | undefined>;
}

/** The manifests in a store, newest first by name. @throws InputError if it cannot be listed */
export async function storedRuns(place: Place): Promise<StoredRun[]> {
  const runs = new Map<string, string[]>();
  for await (const { name } of place.list(`${STORED}/`)) {
    const [, run = '', file] = name.split('/');
    if (file === undefined || !RUN_NAME.test(run)) continue;
    const files = runs.get(run);
    if (files === undefined) runs.set(run, [file]);
    else files.push(file);
  }
  return [...runs]
    .sort(([one], [other]) => (one < other ? 1 : -1))
    .map(([run, files]) => stored(place, run, files, false));
}

/** @throws InputError if it is not there, or cannot be read */
export function findStored(place: Place, run: string): Promise<FoundManifest> {
  return loadListed(place, run, false);
}

/** @param isAgain whether it was listed before, without a manifest that is there */
async function loadListed(place: Place, run: string, isAgain: boolean): Promise<FoundManifest> {
  const files: string[] = [];
  const folder = `${STORED}/${run}/`;
  for await (const { name } of place.list(folder)) files.push(name.slice(folder.length));
  const { reference, load } = stored(place, run, files, isAgain);
  const found = await load();
  if (found !== undefined) return found;
  throw new InputError(
    `there is no manifest at ${reference}`,
    '`list` with `manifest: store` shows what is there.',
  );
}

function stored(place: Place, run: string, files: readonly string[], isAgain: boolean): StoredRun {
  const reference = storedReference(place.name, run);
  const at = (name: string) => `${STORED}/${run}/${name}`;
  return { run, reference, load };

  async function load(): Promise<FoundManifest | undefined> {
    const manifest = [MANIFEST_FILE, SEALED_FILE].find((name) => files.includes(name));
    try {
      return manifest === undefined ? await loadJournal() : await loadManifest(manifest);
    } catch (error) {
      // Pruned since it was listed, or finished: what was there is gone.
      if ((await place.head(at(manifest ?? piecesIn(files)[0] ?? MANIFEST_FILE))) !== undefined) throw error;
      if (manifest !== undefined) return undefined;
      // A list that lags, or lies, does not get better for ever.
      if (isAgain) throw error;
      return findFinished();
    }
  }

  async function loadManifest(manifest: string): Promise<FoundManifest> {
    const wanted = [
      manifest,
      manifest + DIGEST,
      manifest + SIGNATURE,
      ENVELOPE_FILE,
      ENVELOPE_FILE + SIGNATURE,
    ];
    const read: Record<string, Buffer> = {};
    for (const name of wanted) if (files.includes(name)) read[name] = await whole(name, LARGEST_MANIFEST);
    return foundIn(reference, read, false);
  }

  async function loadJournal(): Promise<FoundManifest | undefined> {
    const pieces: Buffer[] = [];
    let left = 2 * LARGEST_MANIFEST;
    for (const name of piecesIn(files)) {
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

  async function whole(name: string, limit: number): Promise<Buffer> {
    const { size, bytes } = await place.get(at(name));
    if (size > limit) throw new InputError(`${name} of ${reference} is larger than any manifest`);
    return allOf(bytes);
  }
}
