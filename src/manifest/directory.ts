import type { KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError, messageOf, OperationError } from '../errors.ts';
import { LARGEST_MANIFEST, parseManifest, serialize, sha256 } from './parse.ts';
import type { Manifest } from './schema.ts';
import { signature, signatureHolds } from './sign.ts';

export const MANIFEST_FILE = 'manifest.json';
const DIGEST = '.sha256';
const SIGNATURE = '.sig';

export interface Written {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Writes manifests of one run into a directory of its own. May be called again and again as the run goes on: at every
 * moment, also when the power fails, the directory holds a whole manifest with its digest and signature. For that, the
 * sidecars hold the old and the new line while the manifest itself is replaced.
 */
export class DirectoryWriter {
  readonly path: string;
  readonly #key: KeyObject | undefined;
  #last: { readonly digest: string; readonly signature: string | undefined } | undefined;

  /** @param directory one per run; made when it is not there */
  constructor(directory: string, key: KeyObject | undefined) {
    this.path = join(directory, MANIFEST_FILE);
    this.#key = key;
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

  async write(manifest: Manifest): Promise<Written> {
    const text = serialize(manifest);
    const next = { digest: sha256(text), signature: this.#key && signature(text, this.#key) };
    try {
      await this.#sidecars([this.#last, next]);
      await replace(this.path, text);
      await this.#sidecars([next]);
    } catch (error) {
      throw new OperationError(
        `cannot write the manifest to ${this.path}: ${messageOf(error)}`,
        'The backups in the cloud are whole; `restore-volume --backup ID` restores them without it.',
        error,
      );
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

/** A file is the old one or the new one, whatever happens meanwhile. */
async function replace(path: string, text: string): Promise<void> {
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

export interface ReadOptions {
  /** Public key that the manifest must be signed with. */
  readonly verifyKey: KeyObject | undefined;
  /** Accept one that is not signed, not by that key, or was altered. */
  readonly allowUnsigned: boolean;
  readonly warn: (line: string) => void;
}

/**
 * Reads a manifest and says whether it can be trusted.
 *
 * @param path the file, or the directory that holds it
 * @throws InputError when it is not there, not whole, altered or unsigned
 */
export async function readManifest(
  path: string,
  options: ReadOptions,
): Promise<{ manifest: Manifest; sha256: string; path: string }> {
  const file = await manifestFile(path);
  const text = await readBounded(file);
  const digest = sha256(text);
  const doubt = await doubtOf(file, text, digest, options.verifyKey);
  if (doubt !== undefined) {
    if (!options.allowUnsigned) throw new InputError(`${file} ${doubt.what}`, doubt.hint);
    options.warn(`${file} ${doubt.what}; restoring from it all the same, as allow-unsigned says`);
  }
  return { manifest: await parseManifest(text, file), sha256: digest, path: file };
}

async function doubtOf(
  file: string,
  text: string,
  digest: string,
  key: KeyObject | undefined,
): Promise<{ what: string; hint: string } | undefined> {
  const altered = 'Take another copy of it. If you know why it changed, add allow-unsigned.';
  const digests = (await sidecar(file + DIGEST)).map((line) => line.split(/\s+/)[0]);
  if (digests.length > 0 && !digests.includes(digest))
    return {
      what: `was altered: its SHA-256 is ${digest}, and ${basename(file)}${DIGEST} says ${digests.at(-1)}`,
      hint: altered,
    };
  const signatures = await sidecar(file + SIGNATURE);
  if (key !== undefined) {
    if (signatures.some((line) => signatureHolds(text, line, key))) return undefined;
    return signatures.length === 0
      ? { what: 'is not signed', hint: 'If you trust where it comes from, add allow-unsigned.' }
      : { what: 'was altered, or signed with another key than verify-key', hint: altered };
  }
  return signatures.length === 0
    ? { what: 'is not signed', hint: 'If you trust where it comes from, add allow-unsigned.' }
    : {
        what: 'is signed, and no verify-key was given to check that',
        hint: 'Give verify-key, or add allow-unsigned if you trust where it comes from.',
      };
}

async function manifestFile(path: string): Promise<string> {
  try {
    return (await stat(path)).isDirectory() ? join(path, MANIFEST_FILE) : path;
  } catch (error) {
    throw new InputError(
      `there is no manifest at ${path}`,
      'Give the path of a manifest.json, or of its directory; without one, `backup` takes the id of a Cinder backup.',
      error,
    );
  }
}

async function readBounded(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > LARGEST_MANIFEST)
      throw new InputError(`${file} is larger than any manifest`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      `cannot read ${file}: ${messageOf(error)}`,
      'Give the path of a manifest.json, or of its directory.',
      error,
    );
  }
}

async function sidecar(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .slice(0, 4096)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
