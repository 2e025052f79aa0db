import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbandoned, type Liveness, type Owner, parseOwner, type RunIdentity } from '../ports/owner.ts';
import { syncDirectory } from './file.ts';
import { isName } from './name.ts';

/**
 * What a run has in a store and no manifest names yet: half-written payloads lie in a directory of its own, whole ones are
 * noted there, and its owner stands beside them.
 */
const NAME = /^\.partial-[0-9a-f-]{36}$/;
const OWNER = 'owner';
const NOTE = '.whole';
/** After which a run that nobody can see any more counts as dead. */
const LONGEST_RUN_MS = 7 * 24 * 3_600_000;

/** A run's own directory for what is not in a manifest yet; there as long as there is such a thing. */
export class Partials {
  readonly path: string;
  readonly #owner: string;
  readonly #noted = new Set<string>();
  #payloads = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: string, { id, owner }: RunIdentity) {
    this.path = join(store, `.partial-${id}`);
    this.#owner = owner;
  }

  enter(): Promise<void> {
    return this.#next(async () => {
      if (this.#payloads === 0) {
        await mkdir(this.path, { recursive: true, mode: 0o700 });
        await writeFile(join(this.path, OWNER), this.#owner, { mode: 0o600 });
      }
      this.#payloads += 1;
    });
  }

  leave(): Promise<void> {
    return this.#next(async () => {
      this.#payloads -= 1;
      if (this.#payloads === 0) await rm(this.path, { recursive: true, force: true });
    });
  }

  /** Notes a payload before it is seen under its name: it is still this run's. */
  async note(name: string): Promise<void> {
    if (this.#noted.has(name)) throw new Error('it exists');
    this.#noted.add(name);
    await writeFile(join(this.path, name + NOTE), '', { mode: 0o600 });
    await syncDirectory(this.path);
  }

  /** Takes a note off, for good also when the power fails. @returns whether there was one */
  async unnote(name: string): Promise<boolean> {
    if (!this.#noted.delete(name)) return false;
    await rm(join(this.path, name + NOTE), { force: true });
    await syncDirectory(this.path);
    return true;
  }

  /** Takes a note off, and leaves for what it noted. */
  async release(name: string): Promise<void> {
    if (await this.unnote(name)) await this.leave();
  }

  /** One comes while the last one goes: in turn. */
  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/**
 * Removes what dead runs left in a store that no manifest names.
 *
 * @param now milliseconds since the epoch
 */
export async function removeAbandoned(
  store: string,
  liveness: (owner: Owner) => Promise<Liveness>,
  now: number,
): Promise<void> {
  for (const name of (await readdir(store)).filter((candidate) => NAME.test(candidate))) {
    const directory = join(store, name);
    const word = await readFile(join(directory, OWNER), 'utf8').catch(() => '');
    const owner = parseOwner(word);
    const age = await stat(directory).catch(() => undefined);
    if (age === undefined) continue;
    const expires = age.mtimeMs + LONGEST_RUN_MS;
    const life = owner === undefined ? 'unknown' : await liveness(owner);
    if (!isAbandoned(life, expires, now)) continue;
    for (const payload of await notedIn(directory)) await rm(join(store, payload), { force: true });
    await rm(directory, { recursive: true, force: true });
  }
}

async function notedIn(directory: string): Promise<string[]> {
  const notes = (await readdir(directory)).filter((entry) => entry.endsWith(NOTE));
  return notes.map((note) => note.slice(0, -NOTE.length)).filter(isName);
}
