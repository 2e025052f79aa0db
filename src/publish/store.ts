import type { KeyObject } from 'node:crypto';
import type { Sealer } from '../keys/age.ts';
import { earlyRunbook, MANIFEST_FILE, SEALED_FILE, STORED, storedReference } from '../manifest/files.ts';
import { JournalWriter, type Pages, pieceName } from '../manifest/journal.ts';
import type { Manifest } from '../manifest/schema.ts';
import { pool } from '../pool.ts';
import type { Place } from '../store/place.ts';
import { once } from '../stream/chunks.ts';
import { notWritten } from './directory.ts';
import { packageOf, runbookFile } from './package.ts';
import type { Publisher } from './publisher.ts';
import { Rhythm } from './rhythm.ts';

/**
 * Publishes the manifest beside the payloads. A place takes each name once, so the journal is in pieces; the manifest
 * comes last, after everything that belongs to it, and the pieces go when it is there. So at every moment a reader finds
 * the whole manifest, or the journal of all that was saved. A runbook is beside the journal, too: nobody else writes one
 * for a run that is killed.
 */
export function storePublisher(
  place: Place,
  options: {
    readonly signKey: KeyObject | undefined;
    readonly sealer: Sealer | undefined;
    /** Whether the place is gone with this machine. */
    readonly vanishes: boolean;
    /** The folder of this run. @see RUN_NAME */
    nameOf(started: string): string;
  },
): Publisher {
  const { signKey, sealer } = options;
  let made:
    | {
        readonly folder: string;
        readonly reference: string;
        readonly journal: JournalWriter;
        readonly books: EarlyBooks;
      }
    | undefined;
  const prepared = () => {
    if (made === undefined) throw new TypeError(`${place.name} was not prepared`);
    return made;
  };
  return {
    lasts: options.vanishes ? 'never' : 'at once',
    async prepare(started) {
      await place.prepare();
      const run = options.nameOf(started);
      const folder = `${STORED}/${run}`;
      const journal = new JournalWriter(pieces(place, folder), signKey, sealer);
      const books = new EarlyBooks(place, folder, sealer);
      made = { folder, reference: storedReference(place.name, run), journal, books };
    },
    async keep(entries, manifest) {
      const { journal, reference, books } = prepared();
      await journal.add(...entries).catch(fails(reference));
      await books.keep(manifest);
    },
    async finish(manifest) {
      const { folder, reference, journal, books } = prepared();
      const { files, sha256 } = await packageOf(manifest, signKey, sealer);
      const names = Object.keys(files).sort(
        (one, other) => Number(isManifest(one)) - Number(isManifest(other)),
      );
      for (const name of names)
        await place.put(`${folder}/${name}`, once(files[name] ?? new Uint8Array())).catch(fails(reference));
      // Nobody reads what is left of it any more, and it goes with the manifest.
      await journal.remove().catch(() => undefined);
      await books.remove();
      return { path: reference, sha256 };
    },
  };
}

/** Up to so many restore points, each has a new one. */
const FEW = 4;

/** Runbooks of a run that goes on. What fails is left out: the journal has all, and people can wait for the next one. */
class EarlyBooks {
  readonly #place: Place;
  readonly #folder: string;
  readonly #seal: Sealer | undefined;
  readonly #rhythm = new Rhythm(FEW);
  readonly #there = new Set<string>();
  #count = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(place: Place, folder: string, seal: Sealer | undefined) {
    this.#place = place;
    this.#folder = folder;
    this.#seal = seal;
  }

  /** Returns once it is there, and the one before is gone. */
  async keep(manifest: Manifest): Promise<void> {
    if (!this.#rhythm.isDue(manifest)) return;
    this.#writing = this.#writing.then(() => this.#write(manifest)).catch(() => undefined);
    await this.#writing;
  }

  async #write(manifest: Manifest): Promise<void> {
    const bytes = await runbookFile(manifest, undefined, this.#seal);
    const before = [...this.#there];
    const name = `${this.#folder}/${earlyRunbook(this.#count, this.#seal !== undefined)}`;
    this.#count += 1;
    // Also where nobody knows whether it was put.
    this.#there.add(name);
    await this.#place.put(name, once(bytes));
    await this.#removeAll(before);
  }

  async remove(): Promise<void> {
    await this.#writing;
    await this.#removeAll([...this.#there]);
  }

  async #removeAll(names: readonly string[]): Promise<void> {
    await pool(names, 8, async (name) => {
      await this.#place.remove(name).catch(() => undefined);
      this.#there.delete(name);
    });
  }
}

function isManifest(name: string): boolean {
  return name === MANIFEST_FILE || name === SEALED_FILE;
}

/** A piece of which nobody knows whether it was put may be there: the next attempt at it has another name. */
function pieces(place: Place, folder: string): Pages {
  const tried: string[] = [];
  let [at, attempt] = [0, 0];
  return {
    async add(bytes) {
      const name = `${folder}/${pieceName(at, attempt)}`;
      attempt += 1;
      tried.push(name);
      await place.put(name, once(bytes));
      [at, attempt] = [at + 1, 0];
    },
    async remove() {
      await pool(tried, 8, (name) => place.remove(name));
    },
  };
}

function fails(reference: string) {
  return (error: unknown): never => {
    throw notWritten(reference, error);
  };
}
