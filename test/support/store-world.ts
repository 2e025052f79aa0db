import { setImmediate as settle } from 'node:timers/promises';
import {
  checkpointName,
  dataName,
  folderOf,
  idsName,
  mapName,
  partOf,
  type Resource,
} from '../../src/payload/blocks/names.ts';
import { readNames } from '../../src/payload/blocks/names-read.ts';
import { retire } from '../../src/payload/blocks/retire.ts';
import { lookIntoStore, type ManifestFacts } from '../../src/payload/blocks/store-look.ts';
import { sweepStore } from '../../src/payload/blocks/sweep.ts';
import type { Listed, Place } from '../../src/store/place.ts';
import { once } from '../../src/stream/chunks.ts';
import { checkpointBytes, mapBytes } from './blocks-records.ts';
import { memoryPlace } from './memory-place.ts';

export const HOUR = 3_600_000;
/** Less than the wait: what a request takes longer comes on top. */
const LONGEST_RUN = 44 * HOUR;
const SLOTS = 5;
const RESOURCE: Resource = { kind: 'volume', id: 'v1' };
export const FOLDER = folderOf(RESOURCE);

class Killed extends Error {}

export interface StoreWorld {
  /** The place as one process has it: each request waits for its turn. */
  open(): Place;
  readonly held: Map<string, Buffer>;
  /** What each map and each checkpoint that is there names. */
  named(): Map<string, readonly string[]>;
  now(): number;
  pass(ms: number): void;
  readonly lists: string[];
  readonly gets: string[];
  readonly put: string[];
  /** Backs up once, onto the newest map and the checkpoints that there are. */
  save(place: Place, changes: number): Promise<void>;
  /** Removes all maps but the newest, and sweeps. */
  prune(place: Place, keep: number, skew?: number): Promise<readonly string[]>;
  /** Copies a pruned map back, in time. */
  undo(place: Place): Promise<void>;
  /** Lets these take turns until all are over. `check` after each turn. */
  play(actors: readonly ((place: Place) => Promise<unknown>)[], check: () => void): Promise<void>;
}

/** A store with a clock. Chance decides whose turn it is, how long it takes, and who dies. */
export function storeWorld(random: (below: number) => number): StoreWorld {
  const inside = memoryPlace();
  const modified = new Map<string, number>();
  const records = new Map<string, readonly string[]>();
  const lists: string[] = [];
  const gets: string[] = [];
  const put: string[] = [];
  const waiting: { readonly due: number; go(): void; kill(): void }[] = [];
  let steps = 0;
  let isPlayed = false;
  let points = 0;
  let clock = Date.parse('2026-11-26T00:00:00Z');
  const world: StoreWorld = {
    open: () => paced(),
    held: inside.held,
    named: () =>
      new Map(
        [...inside.held.keys()]
          .filter((name) => ['maps', 'open'].includes(partOf(name)?.part ?? ''))
          .map((name) => [name, records.get(name) ?? []]),
      ),
    now: () => clock,
    pass: (ms) => {
      clock += ms;
    },
    lists,
    gets,
    put,
    save,
    prune,
    undo,
    play,
  };
  return world;

  function turn(): Promise<void> {
    if (!isPlayed) return Promise.resolve();
    // Some sleep while the others prune and prune again.
    const due = steps + (random(6) === 0 ? random(70) : random(3));
    return new Promise((resolve, reject) => {
      waiting.push({ due, go: resolve, kill: () => reject(new Killed()) });
    });
  }

  function paced(): Place {
    const dated = <T extends { readonly name: string }>(one: T) => ({
      ...one,
      modified: modified.get(one.name) ?? 0,
    });
    return {
      ...inside,
      async put(name, bytes) {
        await turn();
        const stored = await inside.put(name, bytes);
        put.push(name);
        modified.set(name, clock);
        return stored;
      },
      async get(name) {
        await turn();
        gets.push(name);
        return inside.get(name);
      },
      async head(name) {
        await turn();
        const found = await inside.head(name);
        return found && dated(found);
      },
      async *list(prefix) {
        await turn();
        lists.push(prefix ?? '');
        const page: Listed[] = [];
        for await (const one of inside.list(prefix)) page.push(dated(one));
        yield* page;
      },
      async remove(name) {
        await turn();
        await inside.remove(name);
      },
    };
  }

  async function save(place: Place, changes: number): Promise<void> {
    const began = clock;
    points += 1;
    const point = `${String(points).padStart(8, '0')}-0000-4000-8000-000000000000`;
    const taken = new Date(clock).toISOString();
    const base = await baseOf(place);
    const write = async (name: string, bytes: Uint8Array, names?: readonly string[]) => {
      if (clock - began > LONGEST_RUN) throw new Killed();
      if (names !== undefined) records.set(name, names);
      await place.put(name, once(bytes));
    };
    const used = base.length > 0 ? [...base] : Array.from({ length: SLOTS }, () => '');
    const own: string[] = [];
    let checkpoint: string | undefined;
    for (const [slot, old] of used.entries()) {
      if (old !== '' && random(SLOTS) >= changes) continue;
      const name = dataName(FOLDER, point, own.length);
      await write(name, Buffer.from(name));
      own.push(name);
      used[slot] = name;
      const next = checkpointName(FOLDER, point, own.length - 1);
      await write(next, await checkpointBytes({ resource: RESOURCE, point, taken, names: own }), [...own]);
      if (checkpoint !== undefined) await place.remove(checkpoint);
      checkpoint = next;
    }
    const ids = idsName(FOLDER, point, 0);
    await write(ids, Buffer.from(ids));
    const names = [...new Set(used), ids];
    await write(
      mapName(FOLDER, taken, point),
      await mapBytes({ resource: RESOURCE, point, taken, names }),
      names,
    );
    if (checkpoint !== undefined) await place.remove(checkpoint);
  }

  /** Slots of the newest map that can be read, some of them taken from a checkpoint. */
  async function baseOf(place: Place): Promise<string[]> {
    const found = async (part: 'maps' | 'open') => {
      const names: string[] = [];
      for await (const { name } of place.list(`${FOLDER}/${part}/`)) names.push(name);
      const read = names.reverse().map(async (name) => (await readNames(place, name)).names);
      return (await Promise.allSettled(read)).flatMap((one) =>
        one.status === 'fulfilled' ? [one.value] : [],
      );
    };
    const maps = await found('maps');
    const objects = (maps[random(Math.min(2, maps.length) || 1)] ?? []).filter((name) =>
      name.includes('/data/'),
    );
    const others = (await found('open')).flat();
    return Array.from({ length: objects.length === 0 ? 0 : SLOTS }, (_, slot) => {
      const other = others[random(2 * others.length || 1)];
      return other ?? objects[slot % objects.length] ?? '';
    });
  }

  async function prune(place: Place, keep: number, skew = 0): Promise<readonly string[]> {
    const failed: string[] = [];
    const facts: ManifestFacts = { stored: new Map(), needed: new Set() };
    const { signal } = new AbortController();
    const look = await lookIntoStore(place, facts, { now: clock + skew, signal });
    const maps = look.folders.flatMap((folder) => folder.maps);
    // One that was copied back just now is the next run's.
    for (const { name } of maps.slice(0, Math.max(0, maps.length - keep)))
      await retire(place, name).catch((error: unknown) => {
        if (error instanceof Killed) throw error;
      });
    await sweepStore(place, look, {
      facts,
      now: clock + skew,
      signal,
      failed: (name, why) => failed.push(`${name}: ${why}`),
    });
    return [...failed, ...look.folders.flatMap(({ cleaning }) => cleaning.held?.doubt ?? [])];
  }

  async function undo(place: Place): Promise<void> {
    for await (const { name } of place.list(`${FOLDER}/pruned/`)) {
      // It may be over meanwhile.
      const header = await readNames(place, name).then(
        (read) => read.header,
        () => undefined,
      );
      if (header === undefined || !('taken' in header)) continue;
      const map = mapName(FOLDER, header.taken, header.point);
      const copy = inside.held.get(name);
      if (copy === undefined || inside.held.has(map) || clock - (modified.get(name) ?? 0) > 47 * HOUR)
        continue;
      inside.held.set(map, copy);
      modified.set(map, clock);
      return;
    }
  }

  async function play(
    actors: readonly ((place: Place) => Promise<unknown>)[],
    check: () => void,
  ): Promise<void> {
    isPlayed = true;
    let alive = actors.length;
    const ends = actors.map((actor) =>
      actor(paced())
        .catch((error: unknown) => {
          if (!(error instanceof Killed)) throw error;
        })
        .finally(() => {
          alive -= 1;
        }),
    );
    const all = Promise.all(ends);
    all.catch(() => undefined);
    while (alive > 0) {
      await settle();
      const one = waiting.toSorted((a, b) => a.due - b.due)[0];
      if (one === undefined) continue;
      waiting.splice(waiting.indexOf(one), 1);
      steps = Math.max(steps, one.due) + 1;
      clock += random(12) === 0 ? random(8 * HOUR) : random(HOUR / 10);
      if (random(150) === 0) one.kill();
      else one.go();
      await settle();
      check();
    }
    isPlayed = false;
    for (const { kill } of waiting.splice(0)) kill();
    await all;
  }
}
