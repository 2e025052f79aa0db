import { expect, test } from '@jest/globals';
import type { Place } from '../../src/store/place.ts';
import { seeded } from '../support/random.ts';
import { HOUR, type StoreWorld, storeWorld } from '../support/store-world.ts';

const STORIES = 80;

/** What a map or a checkpoint names, but is not there. */
function missing({ held, named }: StoreWorld): string[] {
  return [...named()].flatMap(([record, names]) =>
    names.filter((name) => !held.has(name)).map((name) => `${record} names ${name}`),
  );
}

type Random = (below: number) => number;

async function saver(world: StoreWorld, random: Random, place: Place): Promise<void> {
  for (let times = 1 + random(2); times > 0; times -= 1) await world.save(place, random(4));
}

/** Its cloud's clock is wrong by days. */
async function pruner(world: StoreWorld, random: Random, place: Place): Promise<void> {
  for (let times = 4; times > 0; times -= 1)
    if (random(8) === 0) await world.undo(place);
    else await world.prune(place, 1 + random(2), (random(5) - 2) * 30 * HOUR);
}

async function tell(world: StoreWorld, random: Random, seed: number): Promise<void> {
  for (let day = 0; day < 3 + random(4); day += 1) {
    await world.save(world.open(), 1 + random(4));
    world.pass(random(60) * HOUR);
  }
  for (let round = 0; round < 3; round += 1) {
    const actors = Array.from(
      { length: 2 + random(4) },
      (_, at) => (place: Place) => (at % 2 === 0 ? saver : pruner)(world, random, place),
    );
    await world.play(actors, () => {
      const lost = missing(world);
      if (lost.length > 0) throw new Error(`seed ${seed}: ${lost.join(', ')}`);
    });
    world.pass(random(90) * HOUR);
  }
}

test('whatever runs and prunes do at once, nothing that a map or checkpoint names is missing', async () => {
  let removed = 0;
  for (let seed = 1; seed <= STORIES; seed += 1) {
    const random = seeded(seed);
    const world = storeWorld(random);
    await tell(world, random, seed);
    // Nothing leaks: in the end there is what the maps name, and nothing else.
    for (let times = 0; times < 4; times += 1) {
      world.pass(50 * HOUR);
      removed += world.held.size;
      expect(await world.prune(world.open(), 2)).toEqual([]);
      removed -= world.held.size;
    }
    const named = new Set([...world.named()].flatMap(([record, names]) => [record, ...names]));
    expect([...world.held.keys()].sort()).toEqual([...named].sort());
  }
  expect(removed).toBeGreaterThan(STORIES);
}, 240_000);
