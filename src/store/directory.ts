import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError, messageOf, OperationError } from '../errors.ts';
import { pool } from '../pool.ts';
import type { Liveness, Owner, RunIdentity } from '../ports/owner.ts';
import { Gathered } from '../stream/gathered.ts';
import { Meter } from '../stream/meter.ts';
import { exists, notWritten, publish, syncDirectory, writeNew } from './file.ts';
import { checkedName, checkedPrefix, isName, isSegment } from './name.ts';
import { clearAbandoned, letGo, Partials } from './partials.ts';
import type { Listed, Place } from './place.ts';
import { within } from './range.ts';

export interface DirectoryOptions {
  readonly run: RunIdentity;
  readonly liveness: (owner: Owner) => Promise<Liveness>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A place with one file per name, in a directory; names with a `/` are in folders of it. */
export function directoryPlace(path: string, options: DirectoryOptions): Place {
  const partials = new Partials(path, options.run);
  let left: ReadonlyMap<string, readonly string[]> = new Map();
  const file = (name: string) => join(path, checkedName(name));
  return {
    name: path,
    // One is on its way to the disk while the next is written.
    atOnce: 2,
    async prepare() {
      try {
        await mkdir(path, { recursive: true, mode: 0o700 });
        left = await clearAbandoned(path, options.liveness, options.now());
        await partials.enter();
        await partials.leave();
        return [...left.keys()].sort();
      } catch (error) {
        throw new InputError(
          `cannot write payloads into ${path}: ${messageOf(error)}`,
          'Choose a writable directory: `store: directory:PATH`.',
          error,
        );
      }
    },
    async put(name, bytes, after) {
      if (await exists(file(name)))
        throw new OperationError(
          `${path} already has ${name}`,
          'A payload is never overwritten: use another directory, or delete that payload if it is not needed.',
        );
      await partials.enter();
      const partial = join(partials.path, randomUUID());
      const digests = bytes instanceof Gathered ? bytes.digests : {};
      const meter = new Meter(digests['sha256'] === undefined ? ['sha256'] : []);
      try {
        await writeNew(partial, meter.through(bytes), file(name), 'store');
        await after;
        await show(partial, name);
      } catch (error) {
        await rm(partial, { force: true });
        await partials.leave();
        throw error;
      }
      return { size: meter.size, sha256: { ...digests, ...meter.digests() }['sha256'] ?? '' };
    },
    async get(name, range) {
      const { size } = await found(path, name, () => fileAt(file(name)));
      const { start, end } = within(size, range, `${name} in ${path}`);
      return { size: end - start, bytes: read(file(name), start, end) };
    },
    async head(name) {
      const seen = await seenAt(file(name));
      return seen && { name, ...seen };
    },
    async *list(prefix = '') {
      try {
        yield* walk(path, checkedPrefix(prefix), '');
      } catch (error) {
        if (error instanceof InputError) throw error;
        throw new InputError(
          `cannot look into ${path}: ${messageOf(error)}`,
          'Name the place where backups put their payloads with `store`.',
          error,
        );
      }
    },
    keep: async (name) => {
      await partials.release(name);
      await letGo(left.get(name) ?? []);
    },
    remove: async (name) => {
      if ((await seenAt(file(name))) !== undefined) {
        await rm(file(name), { force: true });
        await removeEmpty(path, name);
      }
      await partials.release(name);
    },
  };

  /** Notes it before it can be seen: it is still this run's. What lies in a folder is nobody's until it is named. */
  async function show(partial: string, name: string): Promise<void> {
    try {
      if (name.includes('/')) {
        await publishInFolder(path, partial, name);
        await partials.leave();
        return;
      }
      await partials.note(name);
      await publish(partial, file(name)).catch(async (error: unknown) => {
        await partials.unnote(name);
        throw error;
      });
    } catch (error) {
      throw notWritten(error, file(name), 'store');
    }
  }
}

/** In the order of the names: what is in a folder has its name with a `/`. */
async function* walk(path: string, prefix: string, folder: string): AsyncGenerator<Listed, void> {
  const entries = await pool(
    await readdir(join(path, folder), { withFileTypes: true }),
    32,
    async (entry) => {
      const name = folder + entry.name;
      if (!isSegment(entry.name) || !isName(name)) return [];
      // A whole folder may lie on another disk.
      const isFolder = entry.isSymbolicLink()
        ? (await stat(join(path, name)).catch(() => undefined))?.isDirectory() === true
        : entry.isDirectory();
      if (isFolder) return name.startsWith(prefix) || prefix.startsWith(`${name}/`) ? [`${name}/`] : [];
      return name.startsWith(prefix) ? [name] : [];
    },
  );
  const names = entries.flat().sort(compare);
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE);
    // A file may be removed meanwhile.
    const files = await pool(some, 32, async (name) =>
      name.endsWith('/') ? undefined : seenAt(join(path, name)),
    );
    for (const [index, name] of some.entries()) {
      const seen = files[index];
      if (seen !== undefined) yield { name, ...seen };
      else if (name.endsWith('/')) yield* unlessGone(walk(path, prefix, name));
    }
  }
}

/** A folder may be removed meanwhile. */
async function* unlessGone(listed: AsyncGenerator<Listed, void>): AsyncGenerator<Listed, void> {
  try {
    yield* listed;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

const AT_ONCE = 256;

function compare(one: string, other: string): number {
  return one < other ? -1 : 1;
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '');
}

/** Undefined if no file is there. */
async function seenAt(path: string): Promise<Omit<Listed, 'name'> | undefined> {
  try {
    const seen = await fileAt(path);
    return { size: seen.size, modified: Math.floor(seen.mtimeMs) };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function fileAt(path: string) {
  const seen = await stat(path);
  if (!seen.isFile()) throw Object.assign(new Error('it is no file'), { code: 'ENOENT' });
  return seen;
}

async function* read(path: string, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  if (start === end) return;
  yield* createReadStream(path, { start, end: end - 1, highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
}

/** Another run may remove the folder, if it is empty, between two steps: then it is made again. */
async function publishInFolder(path: string, from: string, name: string): Promise<void> {
  const to = join(path, name);
  try {
    for (let again = 10; ; again -= 1) {
      try {
        await mkdir(dirname(to), { recursive: true, mode: 0o700 });
        for (const folder of foldersOf(name)) await syncDirectory(join(path, folder, '..'));
        await publish(from, to);
        return;
      } catch (error) {
        if (again === 0 || !isGone(error) || !(await exists(from))) throw error;
      }
    }
  } catch (error) {
    await removeEmpty(path, name);
    throw error;
  }
}

/** The folders that a name is in, the innermost first. */
function foldersOf(name: string): string[] {
  const segments = name.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, -1 - index).join('/'));
}

async function removeEmpty(path: string, name: string): Promise<void> {
  for (const folder of foldersOf(name)) {
    const removed = await rmdir(join(path, folder)).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

async function found<T>(path: string, name: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw new InputError(
      `${name} is not in ${path}: ${messageOf(error)}`,
      'Name the place where the backup put its payloads with `store`.',
      error,
    );
  }
}
