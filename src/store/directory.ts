import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { InputError, messageOf, OperationError } from '../errors.ts';
import {
  isAbandoned,
  type Liveness,
  type Owner,
  parseOwner,
  type RunIdentity,
} from '../temporaries/owner.ts';
import { notWritten, writeNew } from './file.ts';
import { Meter } from './meter.ts';
import { checkedName } from './name.ts';
import type { PayloadStore, PayloadWriter, Stored } from './payload.ts';

export interface DirectoryOptions {
  readonly run: RunIdentity;
  readonly liveness: (owner: Owner) => Promise<Liveness>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Half-written payloads of a run lie in a directory of its own, with its owner beside them. */
const PARTIAL = /^\.partial-[0-9a-f-]{36}$/;
const OWNER = 'owner';
/** After which a run that nobody can see any more counts as dead. */
const LONGEST_RUN_MS = 7 * 24 * 3_600_000;

/** One file a payload, in a directory. */
export function directoryStore(path: string, options: DirectoryOptions): PayloadStore {
  const partial = join(path, `.partial-${options.run.id}`);
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
        await removeAbandoned(path, options);
        await mkdir(partial, { recursive: true, mode: 0o700 });
        const probe = await open(join(partial, OWNER), 'w', 0o600);
        await probe.writeFile(options.run.owner);
        await probe.close();
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
      await mkdir(partial, { recursive: true, mode: 0o700 });
      return new FileWriter(join(partial, `${randomUUID()}-${name}`), file(name), partial);
    },
    remove: async (name) => {
      await rm(file(name), { force: true });
    },
  };
}

class FileWriter implements PayloadWriter {
  readonly #meter = new Meter(['sha256']);
  readonly #partial: string;
  readonly #path: string;
  readonly #directory: string;

  constructor(partial: string, path: string, directory: string) {
    this.#partial = partial;
    this.#path = path;
    this.#directory = directory;
  }

  async write(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await writeNew(this.#partial, this.#meter.through(bytes), this.#path, 'store');
  }

  async finish(): Promise<Stored> {
    try {
      await publish(this.#partial, this.#path);
    } catch (error) {
      throw notWritten(error, this.#path, 'store');
    }
    await this.discard();
    return { size: this.#meter.size, sha256: this.#meter.digests()['sha256'] ?? '' };
  }

  async discard(): Promise<void> {
    await rm(this.#partial, { force: true });
    await removeIfIdle(this.#directory);
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
  const directory = await open(join(to, '..'), 'r');
  await directory.sync().catch(() => undefined);
  await directory.close();
}

/** The run's own directory goes with its last half-written payload; the next `open` makes it again. */
async function removeIfIdle(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => undefined);
  if (names?.every((name) => name === OWNER)) await rm(directory, { recursive: true, force: true });
}

async function removeAbandoned(path: string, { liveness, now }: DirectoryOptions): Promise<void> {
  for (const name of (await readdir(path)).filter((candidate) => PARTIAL.test(candidate))) {
    const directory = join(path, name);
    const word = await readFile(join(directory, OWNER), 'utf8').catch(() => '');
    const owner = parseOwner(word);
    const age = await stat(directory).catch(() => undefined);
    if (age === undefined) continue;
    const expires = new Date(age.mtimeMs + LONGEST_RUN_MS).toISOString();
    const life = owner === undefined ? 'unknown' : await liveness(owner);
    if (isAbandoned(life, expires, now())) await rm(directory, { recursive: true, force: true });
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
