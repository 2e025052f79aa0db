import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf, OperationError } from '../errors.ts';
import { pool } from '../pool.ts';
import type { Liveness, Owner, RunIdentity } from '../ports/owner.ts';
import { Meter } from '../stream/meter.ts';
import { notWritten, syncDirectory, writeNew } from './file.ts';
import { checkedName, isName } from './name.ts';
import { clearAbandoned, letGo, Partials } from './partials.ts';
import type { Place } from './place.ts';

export interface DirectoryOptions {
  readonly run: RunIdentity;
  readonly liveness: (owner: Owner) => Promise<Liveness>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A place with one file per name, in a directory. */
export function directoryPlace(path: string, options: DirectoryOptions): Place {
  const partials = new Partials(path, options.run);
  let left: ReadonlyMap<string, readonly string[]> = new Map();
  const file = (name: string) => join(path, checkedName(name));
  return {
    name: path,
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
    async put(name, bytes) {
      if (await exists(file(name)))
        throw new OperationError(
          `${path} already has ${name}`,
          'A payload is never overwritten: use another directory, or delete that payload if it is not needed.',
        );
      await partials.enter();
      const partial = join(partials.path, randomUUID());
      const meter = new Meter(['sha256']);
      try {
        await writeNew(partial, meter.through(bytes), file(name), 'store');
        await show(partial, name);
      } catch (error) {
        await rm(partial, { force: true });
        await partials.leave();
        throw error;
      }
      return { size: meter.size, sha256: meter.digests()['sha256'] ?? '' };
    },
    async get(name) {
      const { size } = await found(path, name, () => stat(file(name)));
      return { size, bytes: read(file(name)) };
    },
    list: () => sizesIn(path),
    keep: async (name) => {
      await partials.release(name);
      await letGo(left.get(name) ?? []);
    },
    remove: async (name) => {
      await rm(file(name), { force: true });
      await partials.release(name);
    },
  };

  /** Notes it before it can be seen: it is still this run's. */
  async function show(partial: string, name: string): Promise<void> {
    try {
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

async function sizesIn(path: string): Promise<Map<string, number>> {
  try {
    const names = (await readdir(path)).filter(isName);
    const files = await pool(names, 32, async (name) => {
      // A file may be removed meanwhile.
      const seen = await stat(join(path, name)).catch(() => undefined);
      return seen?.isFile() ? ([name, seen.size] as const) : undefined;
    });
    return new Map(files.filter((file) => file !== undefined));
  } catch (error) {
    throw new InputError(
      `cannot look into ${path}: ${messageOf(error)}`,
      'Name the place where backups put their payloads with `store`.',
      error,
    );
  }
}

async function* read(path: string): AsyncGenerator<Uint8Array, void> {
  yield* createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
}

/** Gives the file its new name, unless that exists; then syncs the directory, so that the name lasts. */
async function publish(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Some file systems have no hard links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as { code?: string }).code ?? ''))
      throw error;
    if (await exists(to)) throw new Error('it exists');
    await rename(from, to);
  }
  try {
    await rm(from, { force: true });
    await syncDirectory(join(to, '..'));
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
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
