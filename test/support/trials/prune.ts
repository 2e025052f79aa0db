import { randomBytes } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { backupVolume } from '../../../src/commands/backup-volume.ts';
import { prune } from '../../../src/commands/prune.ts';
import { createBackup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../../scenarios/embedded.ts';
import { bookmark } from '../access-rules/rules.ts';
import { type Runner, runnerOf } from '../faults.ts';
import type { Told } from '../in-process.ts';

export const LAST = {
  'keep-last': '1',
  'min-copies': '1',
  'allow-unsigned': 'true',
  'allow-over-half': 'true',
};

/** A project of which much may go, and that is as it was before each test. */
export interface Pruned {
  readonly world: EmbeddedWorld;
  readonly run: Runner;
  readonly volume: string;
  /** What no rule keeps, and nothing else. */
  readonly goes: ReadonlySet<string>;
  prune(): Promise<Told>;
  /** All is there again. */
  reset(): Promise<void>;
  /** Ids of all that could be deleted. */
  held(): Set<string>;
}

/** Chains of three and two that go and one that stays, an image that goes, and what a person made. */
export async function prunedWorld(): Promise<Pruned> {
  const world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB });
  const { cloud } = world;
  const run = runnerOf(world);
  const volume = await world.makeVolume({ name: 'db', content: randomBytes(1000) });
  const image = await world.makeVolume({ name: 'web', content: randomBytes(1000) });
  const save = async (inputs: Record<string, string>) => {
    // Glance has whole seconds.
    cloud.clock.shift(60_000);
    const told = await run(backupVolume, inputs);
    expect([told.code, told.error]).toEqual([0, '']);
  };
  const held = () => new Set([...cloud.state.backups.keys(), ...cloud.state.images.keys()]);
  const before = held();
  for (let night = 0; night < 5; night += 1) await save({ volumes: volume, 'max-chain': '3' });
  await save({ volumes: image, method: 'image' });
  const goes = new Set([...held()].filter((id) => !before.has(id)));
  await save({ volumes: image, method: 'image' });
  const client = await (await world.session()).service('block-storage');
  const [first] = cloud.state.backups.values();
  const metadata = { ...first?.metadata } as Record<string, string>;
  await createBackup(client, { volumeId: volume, name: 'copy', incremental: false, force: false, metadata });
  await cloud.ticks.settle();
  await save({ volumes: volume, mode: 'full' });
  await save({ volumes: volume });
  const back = bookmark(cloud);
  const [manifests, kept] = ['openstack-backups', 'kept'].map((name) => join(world.directory, name)) as [
    string,
    string,
  ];
  await cp(manifests, kept, { recursive: true });
  return {
    world,
    run,
    volume,
    goes,
    held,
    prune: () => run(prune, LAST),
    async reset() {
      cloud.faults.clear();
      await cloud.ticks.settle();
      back();
      await rm(manifests, { recursive: true });
      await cp(kept, manifests, { recursive: true });
    },
  };
}

/** What must hold after every run, whatever struck it. */
export function expectNothingLost(
  { world, goes }: Pruned,
  before: ReadonlySet<string>,
  held: ReadonlySet<string>,
): void {
  const { backups } = world.cloud.state;
  expect([...before].filter((id) => !held.has(id) && !goes.has(id))).toEqual([]);
  const cut = [...backups.values()].filter(({ parentId }) => parentId !== null && !backups.has(parentId));
  expect(cut.map(({ id }) => id)).toEqual([]);
}
