import type { KeyObject } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError, messageOf, OperationError } from '../errors.ts';
import { DIGEST, MANIFEST_FILE, RUNBOOK_FILE, SIGNATURE } from '../manifest/files.ts';
import { type Entry, JOURNAL_FILE, JournalWriter, journalFile } from '../manifest/journal.ts';
import { serialize, sha256 } from '../manifest/parse.ts';
import type { Manifest } from '../manifest/schema.ts';
import { signature } from '../manifest/sign.ts';
import { runbook } from '../runbook/runbook.ts';
import { syncDirectory } from '../store/file.ts';
import type { Written } from './publisher.ts';
import { Rhythm } from './rhythm.ts';

/**
 * Writes the manifest of one run into a directory of its own: a journal as the run goes on, and from time to time the
 * whole manifest. At every moment, even if the power fails, the directory holds a complete manifest with its digest and
 * signature. To ensure that, the sidecars hold both the old and the new line while the manifest is replaced. The
 * runbook follows: it is complete too, and names the manifest that it was made from.
 */
export class DirectoryWriter {
  readonly path: string;
  readonly #key: KeyObject | undefined;
  readonly #journal: JournalWriter;
  readonly #rhythm = new Rhythm();
  #writing: Promise<unknown> = Promise.resolve();
  #last: { readonly digest: string; readonly signature: string | undefined } | undefined;

  /** @param directory one per run; created if missing */
  constructor(directory: string, key: KeyObject | undefined) {
    this.path = join(directory, MANIFEST_FILE);
    this.#key = key;
    this.#journal = new JournalWriter(journalFile(join(directory, JOURNAL_FILE)), key, undefined);
  }

  /** Checks before the run starts that it can write there. */
  async prepare(): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const probe = join(dirname(this.path), '.probe');
      await replace(probe, '');
      await rm(probe);
      // A directory that may not be listed still takes manifests.
      await syncDirectory(dirname(dirname(this.path))).catch(() => undefined);
    } catch (error) {
      throw new InputError(
        `cannot write the manifest into ${dirname(this.path)}: ${messageOf(error)}`,
        'Choose a writable directory: `publish: directory:PATH`.',
        error,
      );
    }
  }

  /** Returns once the journal is on the disk. */
  async keep(entries: readonly Entry[], manifest: Manifest): Promise<void> {
    try {
      await this.#journal.add(...entries);
    } catch (error) {
      throw notWritten(this.path, error);
    }
    if (this.#rhythm.isDue(manifest)) await this.write(manifest);
  }

  /** Writes the last manifest, which holds everything in the journal. */
  async finish(manifest: Manifest): Promise<Written> {
    const written = await this.write(manifest);
    await this.#journal.remove();
    return written;
  }

  /** One at a time: each write replaces the last. */
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

export function notWritten(path: string, error: unknown): OperationError {
  return new OperationError(
    `cannot write the manifest to ${path}: ${messageOf(error)}`,
    'Cinder backups that were made are complete: `restore-volume` with `backup: ID` restores one without a manifest.',
    error,
  );
}

/** Replaces a file: whatever happens meanwhile, it is the old one or the new one, and from now on the new one. */
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
  await syncDirectory(dirname(path));
}
