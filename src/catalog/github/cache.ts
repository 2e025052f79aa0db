import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { sha256 } from '../../manifest/parse.ts';
import type { DirectoryCache } from '../../ports/github.ts';
import type { Log } from '../../ports/log.ts';

const PREFIX = 'openstack-backup-catalogue-v1-';
/** A year of nightly backups; the least recently used go first. */
const MOST = 400;
const LARGEST = 64 * 1024 * 1024;

/**
 * Copies of what was downloaded, stored by digest and checked against it before use. GitHub may drop them at any time,
 * and others may write there: either costs no more than a download. Fetched only for the second manifest, since one
 * download is faster than the cache.
 */
export class Catalogue {
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
   * @param digest as GitHub gives it; without one a copy cannot be checked
   * @throws RangeError, TypeError or PlainError as `download` does
   */
  async get(digest: string | undefined, download: () => Promise<Buffer>): Promise<Buffer> {
    if (digest === undefined) return download();
    this.#asked += 1;
    if (this.#asked > 1) await this.#restore();
    const copy = await this.#read(digest);
    if (copy !== undefined) return copy;
    const bytes = await download();
    if (sha256(bytes) === digest) await this.#keep(digest, bytes);
    return bytes;
  }

  /** Saves new copies for later runs, unless only one manifest was read. */
  async save(): Promise<void> {
    if (!this.#added || this.#asked < 2) return;
    const names = await this.#names();
    await this.#forget(names);
    await this.#cache.save(PREFIX + sha256(names.sort().join('\n')));
  }

  #restore(): Promise<void> {
    // No cache has this key, so GitHub takes the newest with the prefix.
    this.#restored ??= this.#cache.restore(`${PREFIX}none`, PREFIX);
    return this.#restored;
  }

  async #read(digest: string): Promise<Buffer | undefined> {
    const path = join(this.#cache.path, digest);
    try {
      if ((await stat(path)).size > LARGEST) return undefined;
      const bytes = await readFile(path);
      if (sha256(bytes) !== digest) throw new Error('its content does not match its name');
      const now = new Date();
      await utimes(path, now, now);
      return bytes;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.debug(`the cached copy of ${digest} is not used: ${messageOf(error)}`);
      return undefined;
    }
  }

  async #keep(digest: string, bytes: Buffer): Promise<void> {
    try {
      await mkdir(this.#cache.path, { recursive: true, mode: 0o700 });
      const temporary = join(this.#cache.path, `.${randomUUID()}`);
      await writeFile(temporary, bytes, { mode: 0o600 });
      await rename(temporary, join(this.#cache.path, digest));
      this.#added = true;
    } catch (error) {
      this.#log.debug(`cannot cache ${digest}: ${messageOf(error)}`);
    }
  }

  async #names(): Promise<string[]> {
    return (await readdir(this.#cache.path)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  }

  async #forget(names: string[]): Promise<void> {
    if (names.length <= MOST) return;
    const aged = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(this.#cache.path, name))).mtimeMs })),
    );
    for (const { name } of aged.sort((a, b) => b.at - a.at).slice(MOST)) {
      await rm(join(this.#cache.path, name), { force: true });
      names.splice(names.indexOf(name), 1);
    }
  }
}
