import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { sha256 } from '../manifest/parse.ts';
import type { DirectoryCache } from '../ports/cache.ts';
import type { Log } from '../ports/log.ts';

const PREFIX = 'openstack-backup-catalogue-v1-';
/** A year of nightly backups, each with its signatures. The least recently used go first. */
const MOST = 2000;
const MOST_BYTES = 256 * 1024 * 1024;
const LARGEST = 64 * 1024 * 1024;
/** Half a file of a process that was killed. */
const HOUR_MS = 3_600_000;
/** A copy that was read says so once a day, not at each read. */
const DAY_MS = 24 * HOUR_MS;
/** An MD5 as S3 and Swift list it, or a SHA-256 as GitHub does. */
const DIGEST = /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/;

/**
 * Copies of what was downloaded, stored by digest and checked against it before use. They may be lost at any time, and
 * others may write there: either costs no more than a download. Fetched from GitHub only for the second file, since one
 * download is faster than its cache.
 */
export class ManifestCache {
  readonly #cache: DirectoryCache;
  readonly #log: Log;
  #restored: Promise<void> | undefined;
  #asked = 0;
  #added = false;

  constructor(cache: DirectoryCache, log: Log) {
    this.#cache = cache;
    this.#log = log;
  }

  /**
   * Returns the bytes with this digest, from the copy or by download.
   *
   * @param digest as the place lists it, in lower-case hex; without one a copy cannot be checked
   * @throws RangeError, TypeError or PlainError as `download` does
   */
  async get(digest: string | undefined, download: () => Promise<Buffer>): Promise<Buffer> {
    const { path } = this.#cache;
    if (path === undefined || digest === undefined || !DIGEST.test(digest)) return download();
    this.#asked += 1;
    if (this.#asked > 1) await this.#restore();
    const copy = await this.#read(path, digest);
    if (copy !== undefined) return copy;
    const bytes = await download();
    await this.#keep(path, digest, bytes);
    return bytes;
  }

  /** Saves new copies for later runs, unless only one file was read. */
  async save(): Promise<void> {
    const { path } = this.#cache;
    if (path === undefined || !this.#added || this.#asked < 2) return;
    this.#added = false;
    try {
      const names = await trim(path);
      await this.#cache.save(PREFIX + sha256(names.sort().join('\n')));
    } catch (error) {
      this.#log.debug(`cannot tidy the cached manifests: ${messageOf(error)}`);
    }
  }

  #restore(): Promise<void> {
    // No cache has this key, so GitHub takes the newest with the prefix.
    this.#restored ??= this.#cache.restore(`${PREFIX}none`, PREFIX);
    return this.#restored;
  }

  async #read(directory: string, digest: string): Promise<Buffer | undefined> {
    const path = join(directory, digest);
    try {
      const { size, mtimeMs } = await stat(path);
      if (size > LARGEST) return undefined;
      const bytes = await readFile(path);
      if (!isOf(digest, bytes)) throw new Error('its content does not match its name');
      const now = Date.now();
      // A directory that cannot be written can still be read.
      if (Math.abs(now - mtimeMs) > DAY_MS) await utimes(path, now / 1000, now / 1000).catch(() => undefined);
      return bytes;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.debug(`the cached copy of ${digest} is not used: ${messageOf(error)}`);
      return undefined;
    }
  }

  async #keep(directory: string, digest: string, bytes: Buffer): Promise<void> {
    try {
      if (bytes.length > LARGEST || !isOf(digest, bytes)) return;
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const temporary = join(directory, `.${randomUUID()}`);
      try {
        await writeFile(temporary, bytes, { mode: 0o600, flag: 'wx' });
        await rename(temporary, join(directory, digest));
      } catch (error) {
        // A full disk must not stay full of this.
        await rm(temporary, { force: true });
        throw error;
      }
      this.#added = true;
    } catch (error) {
      this.#log.debug(`cannot cache ${digest}: ${messageOf(error)}`);
    }
  }
}

function isOf(digest: string, bytes: Buffer): boolean {
  return (
    createHash(digest.length === 32 ? 'md5' : 'sha256')
      .update(bytes)
      .digest('hex') === digest
  );
}

/** Removes what is too much. @returns the digests that stay */
async function trim(directory: string): Promise<string[]> {
  const files = await Promise.all(
    (await readdir(directory)).map(async (name) => {
      // Another run may remove it meanwhile.
      const facts = await stat(join(directory, name)).catch(() => undefined);
      return { name, at: facts?.mtimeMs ?? 0, size: facts?.size ?? 0 };
    }),
  );
  const copies = files.filter(({ name }) => DIGEST.test(name)).sort((a, b) => b.at - a.at);
  let bytes = 0;
  const stays = copies.filter(({ size }, index) => {
    bytes += size;
    return index < MOST && bytes <= MOST_BYTES;
  });
  const kept = new Set(stays.map(({ name }) => name));
  const isHalf = ({ name, at }: { name: string; at: number }) =>
    /^\.[0-9a-f-]{36}$/.test(name) && at < Date.now() - HOUR_MS;
  const gone = [...copies.filter(({ name }) => !kept.has(name)), ...files.filter(isHalf)];
  for (const { name } of gone) await rm(join(directory, name), { force: true });
  return [...kept];
}
