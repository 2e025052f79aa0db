import type { KeyObject } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError, messageOf, OperationError } from '../errors.ts';
import { type Entry, JOURNAL_FILE, JournalWriter } from './journal.ts';
import { DIGEST, MANIFEST_FILE, RUNBOOK_FILE, SEALED_FILE, SIGNATURE } from './package.ts';
import { LARGEST_MANIFEST, serialize, sha256 } from './parse.ts';
import {
  digestsOf,
  type Found,
  foundJournal,
  linesOf,
  type Read,
  type ReadOptions,
  readFound,
} from './read.ts';
import { Rhythm } from './rhythm.ts';
import { runbook } from './runbook/runbook.ts';
import type { Manifest } from './schema.ts';
import { signature } from './sign.ts';

export type { ReadOptions } from './read.ts';

export interface Written {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Writes the manifest of one run into a directory of its own: a journal as the run goes on, and from time to time all
 * of it. At every moment, also when the power fails, the directory holds a whole manifest with its digest and signature.
 * For that, the sidecars hold the old and the new line while the manifest itself is replaced. The runbook comes after: it
 * is whole too, and names the manifest that it was made from.
 */
export class DirectoryWriter {
  readonly path: string;
  readonly #key: KeyObject | undefined;
  readonly #journal: JournalWriter;
  readonly #rhythm = new Rhythm();
  #writing: Promise<unknown> = Promise.resolve();
  #last: { readonly digest: string; readonly signature: string | undefined } | undefined;

  /** @param directory one per run; made when it is not there */
  constructor(directory: string, key: KeyObject | undefined) {
    this.path = join(directory, MANIFEST_FILE);
    this.#key = key;
    this.#journal = new JournalWriter(join(directory, JOURNAL_FILE), key, undefined);
  }

  /** Finds out before the run starts whether it can be written there. */
  async prepare(): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const probe = join(dirname(this.path), '.probe');
      await replace(probe, '');
      await rm(probe);
    } catch (error) {
      throw new InputError(
        `cannot write the manifest into ${dirname(this.path)}: ${messageOf(error)}`,
        'Choose a directory that can be written: publish: directory:PATH.',
        error,
      );
    }
  }

  /** Returns when the journal has it on the disk. */
  async keep(entries: readonly Entry[], manifest: Manifest): Promise<void> {
    try {
      await this.#journal.add(...entries);
    } catch (error) {
      throw notWritten(this.path, error);
    }
    if (this.#rhythm.isDue(manifest)) await this.write(manifest);
  }

  /** The last of it: what the journal held stands in it. */
  async finish(manifest: Manifest): Promise<Written> {
    const written = await this.write(manifest);
    await this.#journal.remove();
    return written;
  }

  /** One at a time: each replaces the one before. */
  write(manifest: Manifest): Promise<Written> {
    const next = this.#writing.catch(() => undefined).then(() => this.#write(manifest));
    this.#writing = next;
    return next;
  }

  async #write(manifest: Manifest): Promise<Written> {
    const text = serialize(manifest);
    const next = {
      digest: sha256(text),
      signature: this.#key && signature(Buffer.from(text, 'utf8'), this.#key),
    };
    try {
      await this.#sidecars([this.#last, next]);
      await replace(this.path, text);
      await this.#sidecars([next]);
      await replace(join(dirname(this.path), RUNBOOK_FILE), runbook(manifest, next.digest));
    } catch (error) {
      throw notWritten(this.path, error);
    }
    this.#last = next;
    return { path: this.path, sha256: next.digest };
  }

  async #sidecars(
    states: readonly ({ digest: string; signature: string | undefined } | undefined)[],
  ): Promise<void> {
    const known = states.filter((state) => state !== undefined);
    const signatures = known.flatMap((state) =>
      state.signature === undefined ? [] : [`${state.signature}\n`],
    );
    if (signatures.length > 0) await replace(this.path + SIGNATURE, signatures.join(''));
    // The format of sha256sum, so that `sha256sum -c` checks it.
    await replace(this.path + DIGEST, known.map((state) => `${state.digest}  ${MANIFEST_FILE}\n`).join(''));
  }
}

function notWritten(path: string, error: unknown): OperationError {
  return new OperationError(
    `cannot write the manifest to ${path}: ${messageOf(error)}`,
    'The backups in the cloud are whole; `restore-volume --backup ID` restores them without it.',
    error,
  );
}

/** A file is the old one or the new one, whatever happens meanwhile. */
export async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/**
 * Reads a manifest and says whether it can be trusted.
 *
 * @param path the file, sealed or not, or the directory that holds it
 * @throws InputError when it is not there, not whole, altered or unsigned
 */
export async function readManifest(path: string, options: ReadOptions): Promise<Read> {
  return readFound(await findFile(path), options);
}

/** @throws InputError when there is none, or it cannot be read */
export async function findFile(path: string): Promise<Found> {
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
  };
}

/** A run that is not over has its newest state in its journal, which its end removes. */
async function journalIn(directory: string): Promise<Found | undefined> {
  const file = basename(directory) === JOURNAL_FILE ? directory : join(directory, JOURNAL_FILE);
  const bytes = await readBounded(file, 2 * LARGEST_MANIFEST).catch((error: unknown) => {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  });
  return bytes && foundJournal(file, bytes, false);
}

/** The directories of runs below one that hold a manifest, newest first by their names. */
export async function runDirectories(path: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    throw new InputError(
      `cannot look for manifests in ${path}: ${messageOf(error)}`,
      'Name the directory that backups publish to: latest:PATH.',
      error,
    );
  }
  const directories = names
    .filter((name) => /^\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(name))
    .sort()
    .reverse()
    .map((name) => join(path, name));
  const held = await Promise.all(directories.map(holdsManifest));
  return directories.filter((_directory, index) => held[index]);
}

/** A run that was cut short before it had saved anything leaves an empty one, or a journal without a whole line. */
async function holdsManifest(directory: string): Promise<boolean> {
  const inside = await readdir(directory).catch(() => undefined);
  if (inside === undefined || inside.includes(MANIFEST_FILE) || inside.includes(SEALED_FILE)) return true;
  return inside.includes(JOURNAL_FILE) && (await journalIn(directory)) !== undefined;
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
