import { randomBytes } from 'node:crypto';
import { saveBlocks } from '../src/payload/blocks/save.ts';
import { bytes } from '../src/text/bytes.ts';
import { storeWorld } from '../test/support/store-world.ts';

/**
 * 30 nights of a disk of 256 MiB of which one block in a hundred changes each day, and 14 restore points are kept: how
 * large the store becomes, and what the last prune takes. The store is in memory, and its clock goes by itself.
 */
const BLOCK = 65_536;
const BLOCKS = 4096;
const NIGHTS = 30;
const KEPT = 14;
const DAY = 24 * 3_600_000;

const disk = randomBytes(BLOCKS * BLOCK);
const world = storeWorld(() => 0);
const place = world.open();
const sizeOf = () => [...world.held.values()].reduce((sum, { length }) => sum + length, 0);
let [most, seconds, sent] = [0, 0, 0];
for (let night = 0; night < NIGHTS; night += 1) {
  for (let write = 0; write < BLOCKS / 100; write += 1)
    randomBytes(BLOCK).copy(disk, Math.floor(Math.random() * BLOCKS) * BLOCK);
  const point = `${String(night).padStart(8, '0')}-0000-4000-8000-000000000000`;
  const taken = new Date(world.now()).toISOString();
  const facts = { resource: { kind: 'volume', id: 'bench' }, point, taken } as const;
  const { payload } = await saveBlocks(place, facts, pieces(), { compression: 'none' });
  ({ sent } = payload);
  [world.lists.length, world.gets.length] = [0, 0];
  const began = performance.now();
  const failed = await world.prune(place, KEPT);
  if (failed.length > 0) throw new Error(`not removed: ${failed.join(', ')}`);
  seconds = (performance.now() - began) / 1000;
  most = Math.max(most, sizeOf());
  world.pass(DAY);
}
const data = world.gets.filter((name) => /\/(data|ids)\//.test(name)).length;
process.stdout.write(
  `${NIGHTS} nights, ${KEPT} kept: ${bytes(sent)} sent in the last; the store has at most ${(most / disk.length).toFixed(2)} times the disk's data\n` +
    `the last prune: ${seconds.toFixed(2)} s, ${world.held.size} names, ${world.lists.length} LISTs, ${world.gets.length} GETs, ${data} of them of objects\n`,
);

async function* pieces(): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < disk.length; at += 1 << 20) yield disk.subarray(at, at + (1 << 20));
}
