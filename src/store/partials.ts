import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  isAbandoned,
  type Liveness,
  type Owner,
  parseOwner,
  type RunIdentity,
} from '../temporaries/owner.ts';

/** Half-written payloads of a run lie in a directory of its own, with its owner beside them. */
const NAME = /^\.partial-[0-9a-f-]{36}$/;
const OWNER = 'owner';
/** After which a run that nobody can see any more counts as dead. */
const LONGEST_RUN_MS = 7 * 24 * 3_600_000;

/** A run's own directory for what it has not written to the end; there as long as somebody writes. */
export class Partials {
  readonly path: string;
  readonly #owner: string;
  #writers = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: string, { id, owner }: RunIdentity) {
    this.path = join(store, `.partial-${id}`);
    this.#owner = owner;
  }

  enter(): Promise<void> {
    return this.#next(async () => {
      if (this.#writers === 0) {
        await mkdir(this.path, { recursive: true, mode: 0o700 });
        await writeFile(join(this.path, OWNER), this.#owner, { mode: 0o600 });
      }
      this.#writers += 1;
    });
  }

  leave(): Promise<void> {
    return this.#next(async () => {
      this.#writers -= 1;
      if (this.#writers === 0) await rm(this.path, { recursive: true, force: true });
    });
  }

  /** One comes while the last one goes: in turn. */
  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/**
 * Removes what dead runs left half-written in a store.
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
    const expires = new Date(age.mtimeMs + LONGEST_RUN_MS).toISOString();
    const life = owner === undefined ? 'unknown' : await liveness(owner);
    if (isAbandoned(life, expires, now)) await rm(directory, { recursive: true, force: true });
  }
}
