import type { KeyObject } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { objectIn } from '../../decode.ts';
import type { Sealer } from '../../keys/age.ts';
import {
  type Entry,
  JOURNAL_FILE,
  JournalWriter,
  journalFile,
  parseJournal,
  pointIds,
} from '../../manifest/journal.ts';
import { LARGEST_MANIFEST } from '../../manifest/parse.ts';
import type { Manifest } from '../../manifest/schema.ts';
import type { Files } from '../../ports/github.ts';
import { replace } from '../directory.ts';
import { type Package, packageOf } from '../package.ts';
import { Rhythm } from '../rhythm.ts';

/**
 * What a step is about to publish, for its post step to find if the step is cut short: the manifest of what succeeded
 * must not die with the process.
 */
export type Pending =
  | { readonly place: 'artifact'; readonly name: string; readonly days: number; readonly file: string }
  | { readonly place: 'release'; readonly release: number; readonly tag: string; readonly file: string };

/** The names under which the runner keeps them for the post step. */
export const PENDING = ['pending-artifact', 'pending-release'] as const;

/** Reads the step's state; undefined if it was published already, or is not ours. */
export function parsePending(text: string): Pending | undefined {
  const { place, name, days, release, tag, file } = objectIn(text) ?? {};
  if (typeof file !== 'string') return undefined;
  if (place === 'artifact' && typeof name === 'string' && typeof days === 'number')
    return { place, name, days, file };
  if (place === 'release' && typeof release === 'number' && typeof tag === 'string')
    return { place, release, tag, file };
  return undefined;
}

/**
 * What a step publishes at its end, as of now: a journal, and from time to time the files made from it. Complete at
 * every moment, and sealed where the published files will be.
 */
export class Spool {
  readonly file: string;
  readonly #key: KeyObject | undefined;
  readonly #seal: Sealer | undefined;
  readonly #journal: JournalWriter;
  readonly #rhythm = new Rhythm();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(directory: string, name: string, key: KeyObject | undefined, seal: Sealer | undefined) {
    this.file = join(directory, `${name}.json`);
    this.#key = key;
    this.#seal = seal;
    this.#journal = new JournalWriter(journalFile(journalOf(this.file)), key, seal);
  }

  async keep(entries: readonly Entry[], manifest: Manifest): Promise<void> {
    await this.#journal.add(...entries);
    if (this.#rhythm.isDue(manifest)) await this.write(manifest);
  }

  /** One at a time: each write replaces the last. */
  write(manifest: Manifest): Promise<Package> {
    const next = this.#writing.catch(() => undefined).then(() => this.#write(manifest));
    this.#writing = next;
    return next;
  }

  async #write(manifest: Manifest): Promise<Package> {
    const points = manifest.restorePoints.length;
    const made = await packageOf(manifest, this.#key, this.#seal);
    const coded = Object.entries(made.files).map(([name, bytes]) => [
      name,
      Buffer.from(bytes).toString('base64'),
    ]);
    await replace(this.file, JSON.stringify({ points, files: Object.fromEntries(coded) }));
    return made;
  }

  async remove(): Promise<void> {
    await this.#journal.remove();
    await rm(this.file, { force: true });
  }
}

function journalOf(file: string): string {
  return `${file}.journal`;
}

/** Room for a manifest and its runbook, in base64. */
const LARGEST_SPOOL = 6 * LARGEST_MANIFEST;

export interface Spooled {
  readonly files: Files;
  /** The ids of the restore points in the files. */
  readonly points: readonly string[];
}

/** What a spool holds, with its journal if that has more than the files; undefined if nothing was saved. */
export async function readSpool(file: string): Promise<Spooled | undefined> {
  const bytes = await bounded(journalOf(file), 2 * LARGEST_MANIFEST);
  const journal = bytes && parseJournal(bytes);
  if (bytes === undefined || journal === undefined) return undefined;
  const points = pointIds(journal);
  const made = wholeFiles(await bounded(file, LARGEST_SPOOL));
  const newer = made.points < points.length && bytes.length <= LARGEST_MANIFEST;
  const files = newer ? { ...made.files, [JOURNAL_FILE]: bytes } : made.files;
  return points.length === 0 || Object.keys(files).length === 0 ? undefined : { files, points };
}

function wholeFiles(bytes: Buffer | undefined): { readonly points: number; readonly files: Files } {
  if (bytes === undefined) return { points: 0, files: {} };
  const { points, files } = JSON.parse(bytes.toString('utf8')) as {
    points: number;
    files: Record<string, string>;
  };
  const decoded = Object.entries(files).map(([name, text]) => [name, Buffer.from(text, 'base64')]);
  return { points, files: Object.fromEntries(decoded) };
}

async function bounded(file: string, limit: number): Promise<Buffer | undefined> {
  try {
    return (await stat(file)).size > limit ? undefined : await readFile(file);
  } catch {
    return undefined;
  }
}
