import { createHash, type KeyObject } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Opener, Sealer } from '../keys/age.ts';
import { syncDirectory } from '../store/file.ts';
import { MANIFEST_FORMAT, MANIFEST_VERSION } from './format.ts';
import type { Manifest, RestorePoint, SavedFailure } from './schema.ts';
import { signature } from './sign.ts';

/**
 * The journal of a run: a line of JSON for each thing that it saved, added at once. So a killed run loses nothing, and
 * the ten-thousandth point costs no more than the first; the manifest is made from it.
 *
 * Entries that were added together end with a line that holds the SHA-256 of all bytes before it, and its signature. A
 * crash tore off whatever follows the last such line, so that does not count.
 */
export type Entry =
  | { readonly run: Manifest['run']; readonly format: string; readonly version: number }
  | { readonly cloud: Manifest['cloud'] }
  | { readonly point: RestorePoint }
  | { readonly failed: SavedFailure };

/** Beside the manifest that it is newer than. Its name begins with the manifest's, so that both travel together. */
export const JOURNAL_FILE = 'manifest.json.journal';
const JOURNAL_FORMAT = `${MANIFEST_FORMAT}, journal`;

/** The first entry: all that strangers may know of a sealed journal. */
export function headOf({ run }: Manifest): Entry {
  return { format: JOURNAL_FORMAT, version: MANIFEST_VERSION, run };
}

/** Where a journal grows. */
export interface Pages {
  /**
   * Returns once the bytes last. After a failure, the next call has them again, perhaps with more.
   *
   * @param position how many bytes are before them
   */
  add(bytes: Buffer, position: number): Promise<void>;
  remove(): Promise<void>;
}

export class JournalWriter {
  readonly #pages: Pages;
  readonly #key: KeyObject | undefined;
  readonly #seal: Sealer | undefined;
  #hash = createHash('sha256');
  #length = 0;
  #waiting: Entry[] = [];
  #writing: Promise<void> = Promise.resolve();

  /** @param seal seals everything but the head */
  constructor(pages: Pages, key: KeyObject | undefined, seal: Sealer | undefined) {
    this.#pages = pages;
    this.#key = key;
    this.#seal = seal;
  }

  /** Returns once the entries last; those added meanwhile are written together. */
  add(...entries: readonly Entry[]): Promise<void> {
    this.#waiting.push(...entries);
    const next = this.#writing.catch(() => undefined).then(() => this.#write());
    this.#writing = next;
    return next;
  }

  async remove(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#pages.remove();
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const count = this.#waiting.length;
    const lines: string[] = [];
    for (const entry of this.#waiting.slice(0, count))
      lines.push(`${JSON.stringify(await this.#closed(entry))}\n`);
    const text = lines.join('');
    const hash = this.#hash.copy().update(text);
    const sha256 = hash.copy().digest('hex');
    const signed = this.#key && { signature: signature(signedBytes(sha256), this.#key) };
    const check = `${JSON.stringify({ check: { sha256, ...signed } })}\n`;
    const bytes = Buffer.from(text + check);
    await this.#pages.add(bytes, this.#length);
    this.#hash = hash.update(check);
    this.#length += bytes.length;
    this.#waiting.splice(0, count);
  }

  async #closed(entry: Entry): Promise<object> {
    if (this.#seal === undefined || 'run' in entry) return entry;
    const sealed = (await this.#seal.seal(Buffer.from(JSON.stringify(entry)))).toString('base64');
    // Strangers see the id of a restore point, which means nothing to them: it lets a backup be marked without opening
    // the journal.
    return 'point' in entry ? { sealed, id: entry.point.id } : { sealed };
  }
}

/** A journal in a file. After a full disk, the next try overwrites the torn rest. */
export function journalFile(path: string): Pages {
  return {
    add: (bytes, position) => writeAt(path, bytes, position),
    remove: () => rm(path, { force: true }),
  };
}

/** The name of a piece of a journal that cannot grow in place. @param attempt a later one takes the place of the earlier */
export function pieceName(at: number, attempt: number): string {
  return `${JOURNAL_FILE}.${at}.${attempt}`;
}

/** The pieces of a journal among these names, in order. */
export function piecesIn(names: Iterable<string>): string[] {
  const pieces: string[] = [];
  const attempts: number[] = [];
  for (const name of names) {
    const [, at, attempt] = PIECE.exec(name) ?? [];
    if (at === undefined || Number(attempt) < (attempts[Number(at)] ?? 0)) continue;
    pieces[Number(at)] = name;
    attempts[Number(at)] = Number(attempt);
  }
  return pieces.filter((name) => name !== undefined);
}

export function isPiece(name: string): boolean {
  return PIECE.test(name);
}

const PIECE = new RegExp(`^${JOURNAL_FILE.replaceAll('.', '\\.')}\\.(\\d{1,7})\\.(\\d{1,4})$`);

async function writeAt(path: string, bytes: Buffer, position: number): Promise<void> {
  const file = await open(path, position === 0 ? 'w' : 'r+', 0o600);
  try {
    for (let written = 0; written < bytes.length; )
      written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
    await file.datasync();
  } finally {
    await file.close();
  }
  if (position === 0) await syncDirectory(dirname(path));
}

/** The bytes that are signed: no manifest can consist of them. */
function signedBytes(sha256: string): Buffer {
  return Buffer.from(`${JOURNAL_FORMAT} ${sha256}`);
}

/** A journal as it was found; nothing in it is trusted yet. */
export interface FoundJournal {
  /** The lines that count, as objects. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** The bytes that the signatures cover. */
  readonly signed: Buffer;
  readonly signatures: readonly string[];
  /** Whether lines follow that were written completely once and have changed since. */
  readonly altered: boolean;
}

/** Undefined if nothing in it counts: the run died before it saved anything. */
export function parseJournal(bytes: Uint8Array): FoundJournal | undefined {
  const hash = createHash('sha256');
  const lines: Readonly<Record<string, unknown>>[] = [];
  let [counted, altered] = [0, false];
  let last: { readonly sha256: string; readonly signature?: unknown } | undefined;
  for (const line of linesIn(bytes)) {
    const value = objectIn(line);
    // Anybody may have written this line.
    const check = value?.['check'] as typeof last | null;
    if (value !== undefined && check === undefined) lines.push(value);
    if (check !== undefined) {
      altered = check?.sha256 !== hash.copy().digest('hex');
      if (altered || check === null) break;
      [last, counted] = [check, lines.length];
    }
    hash.update(line);
  }
  if (last === undefined && !altered) return undefined;
  return {
    lines: lines.slice(0, counted),
    signed: signedBytes(last?.sha256 ?? ''),
    signatures: typeof last?.signature === 'string' ? [last.signature] : [],
    altered,
  };
}

/** The ids of the restore points that count in a journal, sealed or not. */
export function pointIds({ lines }: FoundJournal): string[] {
  return lines.flatMap((line) => {
    const id = 'sealed' in line ? line['id'] : (line['point'] as { id?: unknown } | undefined)?.id;
    return typeof id === 'string' ? [id] : [];
  });
}

/** The manifest that a journal adds up to; nobody has checked it yet. */
export async function manifestOf({ lines }: FoundJournal, opener: () => Promise<Opener>): Promise<unknown> {
  const points: unknown[] = [];
  const failed: unknown[] = [];
  let [run, cloud]: unknown[] = [];
  let open: Opener | undefined;
  for (const line of lines) {
    let entry = line;
    if (typeof line['sealed'] === 'string') {
      open ??= await opener();
      entry = objectIn(await open.open(Buffer.from(line['sealed'], 'base64'), 'the journal')) ?? {};
    }
    run = entry['run'] ?? run;
    cloud = entry['cloud'] ?? cloud;
    if (entry['point'] !== undefined) points.push(entry['point']);
    if (entry['failed'] !== undefined) failed.push(entry['failed']);
  }
  return { format: MANIFEST_FORMAT, version: MANIFEST_VERSION, run, cloud, restorePoints: points, failed };
}

/** Lines with their newlines; a line without one was torn. */
function* linesIn(bytes: Uint8Array): Generator<Buffer> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0, end = all.indexOf(10); end >= 0; start = end + 1, end = all.indexOf(10, start))
    yield all.subarray(start, end + 1);
}

function objectIn(line: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
