import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readTags } from '../../src/chain/tags.ts';
import { apply as applyCommand } from '../../src/commands/apply.ts';
import { list } from '../../src/commands/list.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import { type Backup, SparseBytes, type Volume } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { fastClock } from '../support/in-process.ts';
import { writePlan } from '../support/shop.ts';

jest.setTimeout(600_000);

/** Forty nights, the same in every run; `npm run test:year` lives through a year. */
const NIGHTS = Number(process.env['NIGHTS'] ?? 40);
const [HOUR, DAY] = [3_600_000, 86_400_000];
const QUOTA = 40;
const KEEP = 2;

const keeper = await makeKeeper();
const random = randomOf(2026);
let world: EmbeddedWorld;
let run: Runner;
let volumes: Volume[];
let foreign: Backup;
let later = 0;

const PLAN = `recipients: [${keeper.recipient}]
store: directory:openstack-backups/payloads
keep: {daily: ${KEEP}, min-copies: 2}
back-up:
  - {name: nightly, select: all, kinds: [server, volume], method: cinder-backup, max-chain: 2, every: 1d}
  - {name: rest, select: all, kinds: [image, secret], every: 30d, keep: {last: 2}}
`;

/** What a point was made of: a volume's contents on its night, by the backup's id. */
const contents = new Map<
  string,
  { readonly volume: string; readonly at: number; readonly digest: string; readonly size: number }
>();
const nights = { done: 0, dropped: 0, failed: 0, killed: 0, twice: 0, restored: 0, most: 0 };

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 1, gibBytes: SMALL_GIB });
  run = runnerOf(world, () => {
    const fast = fastClock(500);
    return { ...fast, now: () => fast.now() + later };
  });
  const { cloud } = world;
  const { seed, state } = cloud;
  const { project } = (await world.session('demo')).scope;
  const quota = { volumes: 100, snapshots: 100, gigabytes: 1000, backups: QUOTA + 1, backupGigabytes: 1000 };
  Object.assign(state.projects.get(project.id) ?? {}, { quota });
  const disk = (name: string, type = 'standard') => seed.addVolume({ name, type, bytes: randomBytes(4096) });
  const [db, web, logs, vault, safe] = [
    disk('db'),
    disk('web'),
    disk('logs'),
    disk('vault', 'luks'),
    disk('safe', 'luks'),
  ];
  seed.addServer({ name: 'app', volumes: [db] });
  const disks = ['root', 'data-1', 'data-2'].map((name) => disk(name));
  seed.addServer({ name: 'shop', volumes: disks });
  volumes = [db, web, logs, vault, safe, ...disks];
  await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'golden' });
  seed.addSecret(randomBytes(32), { name: 'backup-key' });
  await writePlan(world, PLAN);
}, 60_000);
afterAll(() => world.close());

test(`${NIGHTS} nights: nothing blocks, no chain is cut, what is foreign stays, what is restored is right`, async () => {
  for (let night = 0; night < NIGHTS; night += 1) await live(night);
  process.stdout.write(`nights: ${JSON.stringify(nights)}\n`);
  expect(nights.restored).toBeGreaterThanOrEqual(Math.floor(NIGHTS / 14));
  expect(nights.most).toBeLessThanOrEqual(QUOTA + 1);
  expect(world.cloud.state.backups.has(foreign.id)).toBe(true);
  for (const volume of volumes) expectKept(volume);
  const listed = await run(list, { store: 'directory:openstack-backups/payloads' });
  const points = JSON.parse(listed.outputs['points'] ?? '[]') as { state: string; why: string }[];
  expect(points.filter(({ state }) => state !== 'whole').map(({ why }) => why)).toEqual([]);
});

async function live(night: number): Promise<void> {
  const { seed, state } = world.cloud;
  // GitHub starts schedules hours late.
  pass(DAY + Math.floor((random() - 0.5) * 6 * HOUR));
  for (const volume of volumes) volume.data.write(0, randomBytes(64));
  if (night === NIGHTS / 4) foreign = foreignBackup();
  if (night === NIGHTS / 2 - 5 && volumes[1] !== undefined) volumes[1].size += 1;
  if (night === NIGHTS / 2) seed.removeVolume(volumes.splice(2, 1)[0] as Volume);
  const luck = random();
  if (luck < 0.05) {
    nights.dropped += 1;
    return;
  }
  await befall(night, luck);
  // The clock of a run is faster than the cloud's.
  pass(HOUR / 2);
  const told = await apply();
  const failed = JSON.parse(told.outputs['failed'] ?? '[]') as { error: string }[];
  const said = told.log.split('\n').filter((line) => /^(error|warning): /.test(line));
  if (told.code !== 0 && !isTwice(luck))
    process.stdout.write(`night ${night}: ${said.join('\n')}\n${told.summary}\n`);
  // Where two runs at once saved things twice there may be no room for all before the next night.
  const [code, left] = isTwice(luck) ? [told.code, failed] : [0, []];
  expect([night, told.code, failed, told.error]).toEqual([night, code, left, '']);
  nights.done += 1;
  nights.most = Math.max(nights.most, state.backups.size);
  note();
  expectFloor(night);
  if (random() < 0.08) await restoreOne(night);
}

/** Two runs race: what comes of it differs from run to run, so it is for the whole year. */
const isTwice = (luck: number) => NIGHTS >= 365 && luck > 0.93 && luck < 0.96;

/** Before the run of the night that goes well. */
async function befall(night: number, luck: number): Promise<void> {
  const { faults } = world.cloud;
  if (luck < 0.09) await killed();
  if (luck > 0.96) {
    faults.add({
      when: { method: 'POST', path: /\/backups$/, times: 3 },
      do: { failLater: 'the disk is full' },
    });
    const told = await apply();
    faults.clear();
    const isDue = told.outputs['due'] !== '0';
    expect([night, told.code]).toEqual([night, isDue ? 1 : 0]);
    if (isDue) nights.failed += 1;
  }
  if (isTwice(luck)) {
    await Promise.all([apply('alive'), apply('alive')]);
    nights.twice += 1;
  }
}

function pass(ms: number): void {
  later += ms;
  world.cloud.clock.shift(ms);
}

const apply = (others: 'ended' | 'alive' = 'ended') =>
  run(applyCommand, { plan: 'plan.yml', 'allow-unsigned': 'true' }, { others });

/** A process of its own, killed while its backups are being made. */
async function killed(): Promise<void> {
  const preload = pathToFileURL(join(import.meta.dirname, '../support/clock-preload.mjs')).href;
  const ran = await world.tool(['apply', '--plan', 'plan.yml', '--allow-unsigned', '--verbose'], {
    environment: { NODE_OPTIONS: `--import=${preload}`, CLOCK_AHEAD_MS: String(later) },
    onOutput: (text, kill) => {
      if (/POST \S+\/backups: 202/.test(text)) kill('SIGKILL');
    },
  });
  // Where nothing was due, it has ended by itself.
  expect([null, 0]).toContain(ran.code);
  if (ran.code === null) nights.killed += 1;
}

/** In the middle of a chain of ours: Cinder takes it as the parent of nothing of ours. */
function foreignBackup(): Backup {
  const [db] = volumes;
  if (db === undefined) throw new Error('no volume');
  const { state, clock } = world.cloud;
  const like = [...state.backups.values()].find(({ volumeId }) => volumeId === db.id);
  if (like === undefined) throw new Error('no backup of db');
  const at = clock.now();
  const made: Backup = {
    ...like,
    id: crypto.randomUUID(),
    name: "somebody's",
    metadata: {},
    parentId: null,
    createdAt: at,
    dataTimestamp: at,
  };
  state.backups.set(made.id, made);
  return made;
}

/** What each new backup holds: nobody wrote to the volumes since. */
function note(): void {
  for (const backup of world.cloud.state.backups.values()) {
    const volume = volumes.find(({ id }) => id === backup.volumeId);
    if (volume === undefined || contents.has(backup.id) || readTags(asSeen(backup)) === undefined) continue;
    const at = backup.dataTimestamp.getTime();
    // A killed run's backup may be of the same night: it was made of the same bytes.
    const { size } = volume.data;
    contents.set(backup.id, { volume: volume.id, at, size, digest: volume.data.fingerprint(size) });
  }
}

function asSeen({ id, metadata }: Backup) {
  return { id, metadata: metadata as Record<string, string> };
}

const oursOf = (volume: Volume) =>
  [...world.cloud.state.backups.values()]
    .filter((backup) => backup.volumeId === volume.id && readTags(asSeen(backup)) !== undefined)
    .sort((a, b) => b.dataTimestamp.getTime() - a.dataTimestamp.getTime());

function expectFloor(night: number): void {
  for (const volume of volumes) {
    const ever = [...contents.values()].filter((one) => one.volume === volume.id).length;
    const whole = oursOf(volume).filter(({ status }) => status === 'available').length;
    expect([night, volume.name, whole]).toEqual([night, volume.name, expect.any(Number)]);
    expect(whole).toBeGreaterThanOrEqual(Math.min(2, ever));
  }
}

/** The newest of each of the last days, and nothing else but what they need, and what is in their chains. */
function expectKept(volume: Volume): void {
  const all = [...contents].filter(([, one]) => one.volume === volume.id).sort(([, a], [, b]) => b.at - a.at);
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  const newest = new Map<string, string>();
  for (const [id, { at }] of all) if (!newest.has(day(at))) newest.set(day(at), id);
  const ruled = [...newest.values()].slice(0, KEEP);
  const there = oursOf(volume);
  const ids = there.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(ruled));
  const chains = new Set(
    there.filter(({ id }) => ruled.includes(id)).map((backup) => readTags(asSeen(backup))?.chain),
  );
  const extra = there.filter((backup) => !chains.has(readTags(asSeen(backup))?.chain));
  // A foreign backup in a chain keeps that one.
  expect(extra.filter(({ volumeId }) => volumeId !== foreign.volumeId).map(({ id }) => id)).toEqual([]);
}

async function restoreOne(night: number): Promise<void> {
  const there = [...world.cloud.state.backups.keys()].filter((id) => contents.has(id));
  const id = there[Math.floor(random() * there.length)];
  const saved = id === undefined ? undefined : contents.get(id);
  if (id === undefined || saved === undefined) return;
  const directory = join(world.directory, 'openstack-backups');
  for (const name of (await readdir(directory)).filter((one) => one !== 'payloads')) {
    const text = await import('node:fs/promises').then((fs) =>
      fs.readFile(join(directory, name, 'manifest.json'), 'utf8').catch(() => ''),
    );
    if (!text.includes(`"id": "${id}"`)) continue;
    const told = await run(restoreVolume, {
      manifest: join(directory, name),
      volume: saved.volume,
      'allow-unsigned': 'true',
    });
    expect([night, told.code, told.error]).toEqual([night, 0, '']);
    const made = String(told.outputs['volume-id']);
    expect([night, await world.digest(made, saved.size)]).toEqual([night, saved.digest]);
    await world.removeVolume(made);
    nights.restored += 1;
    return;
  }
  throw new Error(`no manifest has backup ${id}`);
}

/** The same numbers in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
