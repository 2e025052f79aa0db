import { lstat, mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAbandoned, type Liveness, type Owner, parseOwner, type RunIdentity } from '../ports/owner.ts';
import { syncDirectory } from './file.ts';
import { isName } from './name.ts';

/**
 * What a run has in a store before a manifest names it: a directory of its own holds half-written payloads, notes of
 * complete ones, and the run's owner. A note proves nothing: it may be older than a manifest that names the payload.
 */
const NAME = /^\.partial-[0-9a-f-]{36}$/;
const OWNER = 'owner';
const NOTE = '.whole';
/** A half-written file; only `randomUUID` gives such names. */
const HALF = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A run that nobody can see any more counts as dead after this time. */
const LONGEST_RUN_MS = 7 * 24 * 3_600_000;

/** A run's own directory for what is in no manifest yet; it exists only as long as it holds something. */
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
        // Nothing is ever removed of a run whose owner is unknown, so the owner must be on disk.
        await writeFile(join(this.path, OWNER), this.#owner, { mode: 0o600, flush: true });
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

  /** Notes a payload before it appears under its name: it is still this run's. */
  async note(name: string): Promise<void> {
    if (this.#noted.has(name)) throw new Error('it exists');
    this.#noted.add(name);
    await writeFile(join(this.path, name + NOTE), '', { mode: 0o600 });
    await syncDirectory(this.path);
  }

  /** Takes a note off, even if the power fails next. @returns whether there was one */
  async unnote(name: string): Promise<boolean> {
    if (!this.#noted.delete(name)) return false;
    await rm(join(this.path, name + NOTE), { force: true });
    await syncDirectory(this.path);
    return true;
  }

  /** Takes a note off; the directory goes with the last payload. */
  async release(name: string): Promise<void> {
    if (await this.unnote(name)) await this.leave();
  }

  /** Runs steps in turn: a payload may come while the last one goes. */
  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/**
 * Removes what interrupted runs left half-written. Complete payloads stay, with their notes: a manifest may name them.
 *
 * @param now milliseconds since the epoch
 * @returns complete payloads that those runs did not let go, and where each is noted
 */
export async function clearAbandoned(
  store: string,
  liveness: (owner: Owner) => Promise<Liveness>,
  now: number,
): Promise<Map<string, string[]>> {
  const left = new Map<string, string[]>();
  for (const name of (await readdir(store)).filter((candidate) => NAME.test(candidate))) {
    const directory = join(store, name);
    const inside = await namesIn(directory);
    if (inside === undefined || !(await isDead(directory, inside, liveness, now))) continue;
    for (const half of inside.filter((entry) => HALF.test(entry)))
      await rm(join(directory, half), { force: true });
    for (const note of inside.filter((entry) => entry.endsWith(NOTE))) {
      const payload = note.slice(0, -NOTE.length);
      if (isName(payload) && (await isFile(join(store, payload))))
        left.set(payload, [...(left.get(payload) ?? []), join(directory, note)]);
      else await rm(join(directory, note), { force: true });
    }
    await removeEmpty(directory);
  }
  return left;
}

/** Takes the notes of interrupted runs off a payload. */
export async function letGo(notes: readonly string[]): Promise<void> {
  for (const note of notes) {
    await rm(note, { force: true });
    await removeEmpty(dirname(note));
  }
}

/** Undefined if it is no directory: a link to one is somebody else's. */
async function namesIn(directory: string): Promise<string[] | undefined> {
  const seen = await lstat(directory).catch(() => undefined);
  return seen?.isDirectory() === true ? readdir(directory).catch(() => undefined) : undefined;
}

async function isDead(
  directory: string,
  inside: readonly string[],
  liveness: (owner: Owner) => Promise<Liveness>,
  now: number,
): Promise<boolean> {
  const owner = parseOwner(await readFile(join(directory, OWNER), 'utf8').catch(() => ''));
  if (owner === undefined) return false;
  // Writing one large payload takes days, and does not change its directory.
  const seen = await Promise.all(
    ['', ...inside].map((name) => stat(join(directory, name)).catch(() => undefined)),
  );
  const newest = Math.max(...seen.map((one) => one?.mtimeMs ?? 0));
  return isAbandoned(await liveness(owner), newest + LONGEST_RUN_MS, now);
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}

/** Leaves the directory if anything else is in it. */
async function removeEmpty(directory: string): Promise<void> {
  const inside = await namesIn(directory);
  if (inside === undefined || inside.some((name) => name !== OWNER)) return;
  await rm(join(directory, OWNER), { force: true });
  // Another run may remove it too.
  await rmdir(directory).catch(() => undefined);
}
