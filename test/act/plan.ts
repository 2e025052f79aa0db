import { deepStrictEqual, doesNotMatch, match, notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Volume } from '../fakes/cloud/index.ts';
import {
  deleteVolume,
  found,
  overwriteBytes,
  printedRestores,
  restore,
  restoredVolume,
  SIZE,
  sameBytes,
} from './look.ts';
import { carryOut, step, succeeds, type Wish, type World, writePlan } from './world.ts';

const DAY = 86_400_000;
const NIGHTLY: Wish = { event: 'schedule', example: 'nightly-backup.yml' };
const SHARDS: Wish = { event: 'schedule', example: 'nightly-shards.yml' };
const DRILL: Wish = { event: 'schedule', example: 'drill.yml', schedule: '43 3 * * *' };
const REPORT: Wish = { event: 'schedule', example: 'weekly-report.yml' };

/** The plan of a project: two nights, what they restore, what goes, what is covered. @returns the bytes of "db" */
export async function planStory(world: World): Promise<Buffer> {
  const { cloud, github } = world;
  const [old, bytes] = [randomBytes(SIZE), randomBytes(SIZE)];
  // A drill of a Cinder backup looks for something known.
  for (const disk of [old, bytes]) disk.write('SWAPSPACE2', 4086);
  const db = cloud.seed.addVolume({ name: 'db', bytes: old });
  const root = cloud.seed.addVolume({ name: 'root', bytes: old, bootable: true });
  cloud.seed.addServer({ name: 'shop', volumes: [root] });
  // So that two nights are enough to see one go.
  const keep = { daily: 1, 'min-copies': 1 };
  const entry = {
    name: 'everything',
    select: 'all',
    kinds: ['server', 'volume'],
    every: '1d',
    'max-chain': 1,
  };
  await writePlan(world, { project: db.projectId, keep, 'back-up': [entry] });
  const backupsOf = ({ id }: Volume) =>
    [...cloud.state.backups.values()].filter(({ volumeId }) => volumeId === id).map((backup) => backup.id);
  const between = () => new Date(cloud.clock.ms).toISOString();

  await step(
    'the plan by its schedule: a volume and a server saved, published, restored by the words',
    async () => {
      const { log } = await succeeds(world, NIGHTLY);
      const [release, ...more] = github.state.releases;
      deepStrictEqual([release?.draft, release?.immutable, more], [false, true, []]);
      match(log, new RegExp(`Manifest release:${release?.tag} \\(SHA-256 [0-9a-f]{64}\\)`));
      match(log, /Success - Post Back up/);
      // The disk of the server is a volume too.
      const printed = printedRestores(log);
      strictEqual(printed.length, 3);
      const [server] = printed.filter(({ example }) => example === 'manual-restore-server.yml');
      const volume = printed.find(({ inputs }) => inputs?.['volume'] === db.id);
      const { log: again } = await succeeds(world, volume);
      sameBytes(world, restoredVolume(again), old);
      await deleteVolume(world, restoredVolume(again));
      const { log: booted } = await succeeds(world, server);
      const made = cloud.state.servers.get(found(booted, /Server ([0-9a-f-]{36})/));
      const disk = made?.volumes[0]?.volumeId ?? '';
      notStrictEqual(disk, root.id);
      sameBytes(world, disk, old);
      cloud.state.servers.delete(made?.id ?? '');
      cloud.state.volumes.delete(disk);
    },
  );

  const first = [...backupsOf(db), ...backupsOf(root)];
  let night = '';
  await step('the second night, and a restore as of the first', async () => {
    night = between();
    cloud.clock.shift(DAY);
    overwriteBytes(world, db.id, bytes);
    const { log } = await succeeds(world, NIGHTLY);
    strictEqual(printedRestores(log).length, 3);
    const { log: past } = await succeeds(world, restore({ at: night, volume: 'db', name: 'past' }));
    sameBytes(world, restoredVolume(past), old);
    await deleteVolume(world, restoredVolume(past));
  });

  await step('prune shows what goes, and then deletes that, which the nightly may not', async () => {
    const all = [...cloud.state.backups.keys()];
    strictEqual(all.length, 4);
    const { log: shown } = await succeeds(world, { event: 'workflow_dispatch', example: 'prune.yml' });
    deepStrictEqual([...cloud.state.backups.keys()], all);
    for (const id of first) ok(shown.includes(id), `${id} is not shown`);
    const before = cloud.requests.filter(isDeleteOfBackup).length;
    strictEqual(before, 0);
    await succeeds(world, { event: 'schedule', example: 'prune.yml' });
    deepStrictEqual(
      [...cloud.state.backups.keys()],
      all.filter((id) => !first.includes(id)),
    );
    // Two nights and the record.
    strictEqual(github.state.releases.length, 3);
    const { exit, log } = await carryOut(world, restore({ at: night, volume: 'db', name: 'past' }));
    notStrictEqual(exit, 0);
    match(log, /no manifest/);
  });

  await step('the weekly report: green, and red three days after the last night', async () => {
    const { log } = await succeeds(world, REPORT);
    match(log, /Summary.*3 covered/);
    cloud.clock.shift(3 * DAY);
    const { exit, log: red } = await carryOut(world, REPORT);
    notStrictEqual(exit, 0);
    deepStrictEqual(
      github.state.issues.map(({ state }) => state),
      ['open'],
    );
    match(red, /volume db \([0-9a-f-]{36}\): stale/);
    match(red, /server shop \([0-9a-f-]{36}\): stale/);
  });

  await step(
    'the nightly drill by its schedule: a backup restored, read back and removed, without the identity',
    async () => {
      const released = github.state.releases.length;
      const held = () => [...cloud.state.volumes.keys(), ...cloud.state.images.keys()].sort();
      const before = held();
      const { log } = await succeeds(world, DRILL);
      match(log, /(volume|server) "(db|root|shop)".*: drawn with seed \d+/);
      match(log, /volume [0-9a-f-]{36} is being read back/);
      doesNotMatch(log, /Every resource, restored/);
      deepStrictEqual(held(), before);
      strictEqual(github.state.releases.length, released + 1);
      // The other stories take the newest ones for theirs.
      github.state.releases.splice(released);
    },
  );

  await step(
    'the plan in shards: each publishes a manifest of its own, and the catalog has them all',
    async () => {
      const released = github.state.releases.length;
      const before = new Set(cloud.state.backups.keys());
      const { log } = await succeeds(world, SHARDS);
      // The server with its disk, and the other volume.
      const jobs = new Set([...log.matchAll(/\[[^\]]*(Back up \S[^\]]*?)-\d+ *\]/g)].map(([, name]) => name));
      ok(jobs.size >= 2, `the jobs are ${[...jobs].join(', ')}`);
      strictEqual(github.state.releases.length, released + 2);
      const made = [...cloud.state.backups.keys()].filter((id) => !before.has(id));
      strictEqual(made.length, 2);
      // The last job reports, after it has read what the others published.
      deepStrictEqual(
        github.state.issues.map(({ state }) => state),
        ['closed'],
      );
      // The other stories take the newest ones for theirs.
      github.state.releases.splice(released);
      for (const id of made) cloud.state.backups.delete(id);
    },
  );
  for (const id of [...cloud.state.servers.keys()]) cloud.state.servers.delete(id);
  cloud.state.volumes.delete(root.id);
  return bytes;
}

function isDeleteOfBackup({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method === 'DELETE' && /\/backups\/[^/]+$/.test(path);
}
