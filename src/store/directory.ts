import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { InputError, messageOf, OperationError } from '../errors.ts';
import type { Liveness, Owner, RunIdentity } from '../ports/owner.ts';
import { Meter } from '../stream/meter.ts';
import { notWritten, syncDirectory, writeNew } from './file.ts';
import { checkedName } from './name.ts';
import { Partials, removeAbandoned } from './partials.ts';
import type { PayloadStore, PayloadWriter, Stored } from './store.ts';

export interface DirectoryOptions {
  readonly run: RunIdentity;
  readonly liveness: (owner: Owner) => Promise<Liveness>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One file a payload, in a directory. */
export function directoryStore(path: string, options: DirectoryOptions): PayloadStore {
  const partials = new Partials(path, options.run);
  const file = (name: string) => join(path, checkedName(name));
  const source = {
    place: path,
    size: async (name: string) => (await found(path, name, () => stat(file(name)))).size,
    read: async (name: string): Promise<Readable> => {
      await found(path, name, () => stat(file(name)));
      return createReadStream(file(name), { highWaterMark: 1 << 20 });
    },
  };
  return {
    ...source,
    async prepare() {
      try {
        await mkdir(path, { recursive: true, mode: 0o700 });
        await removeAbandoned(path, options.liveness, options.now());
        await partials.enter();
        await partials.leave();
      } catch (error) {
        throw new InputError(
          `cannot write payloads into ${path}: ${messageOf(error)}`,
          'Choose a directory that can be written: store: directory:PATH.',
          error,
        );
      }
    },
    async open(name) {
      if (await exists(file(name)))
        throw new OperationError(
          `${name} is in ${path} already`,
          'A payload is never overwritten: take another directory, or remove that one if it is not needed.',
        );
      await partials.enter();
      return new FileWriter(path, name, partials);
    },
    keep: async (name) => {
      await partials.release(name);
    },
    remove: async (name) => {
      await rm(file(name), { force: true });
      await partials.release(name);
    },
  };
}

class FileWriter implements PayloadWriter {
  readonly #meter = new Meter(['sha256']);
  readonly #name: string;
  readonly #path: string;
  readonly #partials: Partials;
  readonly #partial: string;
  #done = false;

  constructor(store: string, name: string, partials: Partials) {
    this.#name = name;
    this.#path = join(store, name);
    this.#partials = partials;
    this.#partial = join(partials.path, randomUUID());
  }

  async write(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await writeNew(this.#partial, this.#meter.through(bytes), this.#path, 'store');
  }

  async finish(): Promise<Stored> {
    try {
      await this.#partials.note(this.#name);
      await publish(this.#partial, this.#path);
    } catch (error) {
      throw notWritten(error, this.#path, 'store');
    }
    this.#done = true;
    return { size: this.#meter.size, sha256: this.#meter.digests()['sha256'] ?? '' };
  }

  async discard(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    await rm(this.#partial, { force: true });
    if (!(await this.#partials.release(this.#name))) await this.#partials.leave();
  }
}

/** The new name, unless it exists; then the directory is synced, so that it lasts. */
async function publish(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
    await unlink(from);
  } catch (error) {
    // Some file systems have no links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as { code?: string }).code ?? ''))
      throw error;
    if (await exists(to)) throw new Error('it exists');
    await rename(from, to);
  }
  await syncDirectory(join(to, '..'));
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
