import { randomBytes } from 'node:crypto';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { apply } from '../../../src/commands/apply.ts';
import { backupVolume } from '../../../src/commands/backup-volume.ts';
import type { Liveness } from '../../../src/ports/owner.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../../scenarios/embedded.ts';
import { bookmark } from '../access-rules/rules.ts';
import { type Runner, runnerOf } from '../faults.ts';
import type { Told } from '../in-process.ts';
import { writePlan } from '../shop.ts';

const HOUR = 3_600_000;

/** A project where one volume is due, one is as recent as its plan wants, and one point is kept by no rule. */
export interface Applied {
  readonly world: EmbeddedWorld;
  readonly run: Runner;
  /** What is due. */
  readonly volume: string;
  /** The backup that no rule keeps once the volume is saved. */
  readonly goes: string;
  /** @param others what it sees of all other runs */
  apply(others?: Liveness): Promise<Told>;
  /** The same, but nobody waits for the backup. */
  startOnly(): Promise<Told>;
  /** All is as it was before the first run. */
  reset(): Promise<void>;
  backups(): Set<string>;
}

export async function appliedWorld(): Promise<Applied> {
  const world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB });
  const { cloud } = world;
  let passed = 0;
  const pass = (ms: number) => {
    cloud.clock.shift(ms);
    passed += ms;
  };
  // Who waits a minute finds the cloud a minute later, too.
  const clock: Clock = {
    now: () => cloud.clock.ms,
    async sleep(ms, signal) {
      await systemClock.sleep(ms / 500, signal);
      pass(ms);
    },
  };
  const run = runnerOf(world, () => clock);
  const volume = await world.makeVolume({ name: 'db', content: randomBytes(1000) });
  const fresh = await world.makeVolume({ name: 'web', content: randomBytes(1000) });
  const save = async (id: string) => {
    const told = await run(backupVolume, { volumes: id, mode: 'full' });
    expect([told.code, told.error]).toEqual([0, '']);
  };
  const backups = () => new Set(cloud.state.backups.keys());
  const before = backups();
  for (let night = 0; night < 3; night += 1) {
    await save(volume);
    pass(25 * HOUR);
  }
  const [goes] = [...backups()].filter((id) => !before.has(id));
  if (goes === undefined) throw new Error('nothing was saved');
  await save(fresh);
  await writePlan(
    world,
    `keep: {within: 60h, min-copies: 1}
back-up:
  - {name: all, select: all, kinds: [volume], method: cinder-backup, max-chain: 1, every: 1d, max-age: 2d}
`,
  );
  const back = bookmark(cloud);
  const manifests = join(world.directory, 'openstack-backups');
  const kept = join(world.directory, 'kept');
  await cp(manifests, kept, { recursive: true });
  passed = 0;
  return {
    world,
    run,
    volume,
    goes,
    backups,
    apply: (others = 'ended') => run(apply, { plan: 'plan.yml', 'allow-unsigned': 'true' }, { others }),
    startOnly: () => run(apply, { plan: 'plan.yml', 'allow-unsigned': 'true', 'start-only': 'true' }),
    async reset() {
      cloud.faults.clear();
      pass(-passed);
      await cloud.ticks.settle();
      back();
      await rm(manifests, { recursive: true });
      await cp(kept, manifests, { recursive: true });
    },
  };
}

/**
 * What must hold after every run, whatever struck it.
 *
 * @param startsOnly whether the run was not to wait for what it began
 */
export async function expectHonest(
  { world, volume, goes, backups }: Applied,
  before: ReadonlySet<string>,
  told: Told,
  startsOnly = false,
): Promise<void> {
  const lines = await manifestLines(world.directory);
  const held = backups();
  const gone = [...before].filter((id) => !held.has(id));
  expect(gone.filter((id) => id !== goes)).toEqual([]);
  // Who reads the manifests is not offered what is gone.
  expect(gone.filter((id) => lines.pointOf.has(id) && !lines.pruned.has(lines.pointOf.get(id)))).toEqual([]);
  const saved = JSON.parse(told.outputs['restore-points'] ?? '[]') as { resource: string; backup: string }[];
  expect(saved.filter(({ resource, backup }) => resource !== volume || !lines.pointOf.has(backup))).toEqual(
    [],
  );
  const fresh = [...lines.pointOf.keys()].filter((id) => !before.has(id));
  for (const id of fresh) expect([id, world.cloud.state.backups.get(id)?.status]).toEqual([id, 'available']);
  const pruned = JSON.parse(told.outputs['pruned'] ?? '[]') as { id: string }[];
  expect(pruned.filter(({ id }) => held.has(id))).toEqual([]);
  const started = JSON.parse(told.outputs['started'] ?? '[]') as { id: string; resource: string }[];
  expect(started.filter(({ id, resource }) => resource !== volume || !held.has(id))).toEqual([]);
  if (startsOnly || told.code !== 0) return;
  expect([told.error, gone, fresh.length > 0]).toEqual(['', [goes], true]);
  // All that runs had begun is on record, each once.
  expect([...held].filter((id) => !before.has(id)).sort()).toEqual(fresh.sort());
  expect(fresh.map((id) => lines.pointsOf(id))).toEqual(fresh.map(() => 1));
  const coverage = JSON.parse(told.outputs['coverage'] ?? '') as { status: string }[];
  expect(coverage.map(({ status }) => status)).toEqual(['covered', 'covered']);
}

/** What all manifests say, by their text alone. */
async function manifestLines(home: string) {
  const directory = join(home, 'openstack-backups');
  const names = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.json'));
  const all = await Promise.all(
    names.map(
      async (name) =>
        JSON.parse(await readFile(join(directory, name), 'utf8')) as {
          restorePoints?: { id: string; backup?: { id: string } }[];
          pruned?: { point: string }[];
        },
    ),
  );
  const points = all.flatMap(({ restorePoints = [] }) => restorePoints);
  return {
    pointOf: new Map(points.flatMap(({ id, backup }) => (backup === undefined ? [] : [[backup.id, id]]))),
    pointsOf: (backup: string) =>
      new Set(points.flatMap((point) => (point.backup?.id === backup ? [point.id] : []))).size,
    pruned: new Set<string | undefined>(all.flatMap(({ pruned = [] }) => pruned.map(({ point }) => point))),
  };
}
