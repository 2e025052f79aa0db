import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError, messageOf } from '../errors.ts';
import { DIGEST, ENVELOPE_FILE, MANIFEST_FILE, RUN_NAME, SEALED_FILE, SIGNATURE } from '../manifest/files.ts';
import { JOURNAL_FILE, piecesIn } from '../manifest/journal.ts';
import { LARGEST_MANIFEST, LARGEST_RUNBOOK } from '../manifest/parse.ts';
import {
  digestsOf,
  envelopeOf,
  type FoundManifest,
  foundJournal,
  linesOf,
  type Read,
  type ReadOptions,
  readFound,
  runbookBeside,
  runbookOf,
} from './read.ts';

/**
 * Reads a manifest and says whether it can be trusted.
 *
 * @param path the file, sealed or not, or the directory that holds it
 * @throws InputError if it is missing, incomplete, altered or unsigned
 */
export async function readManifest(path: string, options: ReadOptions): Promise<Read> {
  return readFound(await findFile(path, options.withRunbook), options);
}

/** @throws InputError if there is none, or it cannot be read */
export async function findFile(path: string, withRunbook = false): Promise<FoundManifest> {
  const journal = await journalIn(path);
  if (journal !== undefined) return journal;
  const file = await manifestFile(path);
  return {
    name: file,
    file: basename(file),
    bytes: await readBounded(file),
    digests: digestsOf(await sidecar(file + DIGEST)),
    signatures: linesOf(await sidecar(file + SIGNATURE)),
    vouched: false,
    ...(await envelopeBeside(file)),
    ...(withRunbook ? await bookBeside(file) : {}),
  };
}

async function bookBeside(manifest: string): Promise<Pick<FoundManifest, 'runbook'>> {
  const file = runbookBeside(basename(manifest));
  try {
    return runbookOf(basename(manifest), {
      [file]: await readBounded(join(dirname(manifest), file), LARGEST_RUNBOOK),
    });
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
}

async function envelopeBeside(file: string): Promise<Pick<FoundManifest, 'envelope'>> {
  const beside = join(dirname(file), ENVELOPE_FILE);
  const bytes = await readBounded(beside).catch(() => undefined);
  return envelopeOf(basename(file), bytes, await sidecar(beside + SIGNATURE));
}

/** A run that is not over has its newest state in its journal, and removes that when it ends. */
async function journalIn(directory: string): Promise<FoundManifest | undefined> {
  const file = basename(directory) === JOURNAL_FILE ? directory : join(directory, JOURNAL_FILE);
  const bytes = await readBounded(file, 2 * LARGEST_MANIFEST).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  return bytes === undefined ? piecesOf(directory) : foundJournal(file, bytes, false);
}

function isMissing(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** A store has the journal in pieces, and keeps them no longer than until the manifest is there. */
async function piecesOf(directory: string): Promise<FoundManifest | undefined> {
  const names = await readdir(directory).catch((): string[] => []);
  if (names.includes(MANIFEST_FILE) || names.includes(SEALED_FILE)) return undefined;
  const pieces: Buffer[] = [];
  for (const name of piecesIn(names)) pieces.push(await readBounded(join(directory, name)));
  return foundJournal(directory, Buffer.concat(pieces), false);
}

/** The run directories in this one that hold a manifest, newest first by name. */
export async function runDirectories(path: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    throw new InputError(
      `cannot look for manifests in ${path}: ${messageOf(error)}`,
      'Give the directory that backups publish to.',
      error,
    );
  }
  const directories = names
    .filter((name) => RUN_NAME.test(name))
    .sort()
    .reverse()
    .map((name) => join(path, name));
  const held = await Promise.all(directories.map(holdsManifest));
  return directories.filter((_directory, index) => held[index]);
}

/**
 * Like `runDirectories`, followed by the directory itself and its subdirectories of any other name: `gh run download`
 * and `gh release download` choose their own.
 */
export async function listedDirectories(path: string): Promise<string[]> {
  const runs = await runDirectories(path);
  const others = [path, ...(await readdir(path)).sort().map((name) => join(path, name))];
  const held = await Promise.all(
    others.map(
      async (other) => !runs.includes(other) && (await readdir(other).catch(() => [])).some(isManifest),
    ),
  );
  return [...runs, ...others.filter((_other, index) => held[index])];
}

function isManifest(name: string): boolean {
  return [MANIFEST_FILE, SEALED_FILE, JOURNAL_FILE].includes(name);
}

/**
 * Like {@link findFile}, for a directory that was seen to hold a manifest.
 *
 * @returns undefined if it no longer does, because another run has pruned it since
 * @throws InputError if it cannot be read
 */
export async function findSeen(directory: string): Promise<FoundManifest | undefined> {
  try {
    return await findFile(directory);
  } catch (error) {
    if (await holdsManifest(directory)) throw error;
    return undefined;
  }
}

/** A run interrupted before it saved anything leaves an empty directory, or a journal without a complete line. */
async function holdsManifest(directory: string): Promise<boolean> {
  const inside = await readdir(directory).catch((error: NodeJS.ErrnoException): string[] | undefined =>
    error.code === 'ENOENT' ? [] : undefined,
  );
  if (inside === undefined || inside.includes(MANIFEST_FILE) || inside.includes(SEALED_FILE)) return true;
  const isBegun = inside.includes(JOURNAL_FILE) || piecesIn(inside).length > 0;
  return isBegun && (await journalIn(directory)) !== undefined;
}

async function manifestFile(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) return path;
    const names = await readdir(path);
    return join(
      path,
      names.includes(SEALED_FILE) && !names.includes(MANIFEST_FILE) ? SEALED_FILE : MANIFEST_FILE,
    );
  } catch (error) {
    throw new InputError(
      `there is no manifest at ${path}`,
      'Give the path of a manifest.json, or of its directory; without one, `backup` takes the id of a Cinder backup.',
      error,
    );
  }
}

async function readBounded(file: string, limit: number = LARGEST_MANIFEST): Promise<Buffer> {
  try {
    if ((await stat(file)).size > limit) throw new InputError(`${file} is larger than any manifest`);
    return await readFile(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      `cannot read ${file}: ${messageOf(error)}`,
      'Give the path of a manifest.json, or of its directory.',
      error,
    );
  }
}

async function sidecar(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
