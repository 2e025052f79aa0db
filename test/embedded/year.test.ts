import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readTags } from '../../src/chain/tags.ts';
import { apply as applyCommand } from '../../src/commands/apply.ts';
import { list } from '../../src/commands/list.ts';
import { restoreImage } from '../../src/commands/restore-image.ts';
import { restoreSecret } from '../../src/commands/restore-secret.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import {
  type Backup,
  type Fault,
  type Image,
  type Secret,
  SparseBytes,
  type Volume,
} from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import type { Told as Ran } from '../support/in-process.ts';
import { fractions } from '../support/random.ts';
import { writePlan } from '../support/shop.ts';
import { History, type Told } from './year/history.ts';
import { verdict } from './year/verdict.ts';

jest.setTimeout(600_000);

/** The same in every run, but for how two runs at once meet. Fewer: `NIGHTS=60`. */
const NIGHTS = Number(process.env['NIGHTS'] ?? 400);
const [HOUR, DAY] = [3_600_000, 86_400_000];
const QUOTA = 40;
const RESTORES = 30;
const FOREIGN_AT = Math.floor(NIGHTS / 4);
const GROWN_AT = Math.floor(NIGHTS / 2) - 5;
const GONE_AT = Math.floor(NIGHTS / 2);

const NIGHTLY = { policy: { daily: 2 }, zone: 'UTC', minCopies: 2 };
/** Several rules that overlap. What they keep takes no quota. */
const REST = { policy: { last: 2, monthly: 4, yearly: 2 }, zone: 'UTC', minCopies: 2 };
const termsOf = ({ kind }: Told) => (kind === 'server' || kind === 'volume' ? NIGHTLY : REST);

const keeper = await makeKeeper();

const PLAN = `recipients: [${keeper.recipient}]
store: directory:openstack-backups/payloads
keep: {daily: ${NIGHTLY.policy.daily}, min-copies: ${NIGHTLY.minCopies}}
back-up:
  - {name: nightly, select: all, kinds: [server, volume], method: cinder-backup, max-chain: 2, every: 1d}
  - {name: rest, select: all, kinds: [image, secret], every: 30d, keep: ${JSON.stringify(REST.policy)}}
`;

const random = fractions(2026);
let world: EmbeddedWorld;
let clock: HandClock;
let run: Runner;
let volumes: Volume[];
let image: Image;
let foreign: Backup;
let history: History;
/** Of the volume that was deleted: what had to be there then, and stays. */
let left: readonly string[] = [];

/** What each backup was made of, by its id. */
const contents = new Map<
  string,
  { readonly volume: string; readonly digest: string; readonly size: number }
>();
const seen = {
  nights: 0,
  dropped: 0,
  killed: 0,
  faults: 0,
  twice: 0,
  short: 0,
  saved: 0,
  deleted: 0,
  kept: 0,
  restored: 0,
  most: 0,
};

beforeAll(async () => {
  // What is written there is synced, and a disk would be waited for.
  const within = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  world = await embeddedWorld({ tickMs: 'manual', gibBytes: SMALL_GIB }, { within });
  const { cloud, directory } = world;
  const { seed, state } = cloud;
  clock = handClock(cloud);
  run = runnerOf(world, () => clock);
  history = new History(join(directory, 'openstack-backups'));
  const { project } = (await world.session('demo')).scope;
  const quota = { volumes: 100, snapshots: 100, gigabytes: 1000, backups: QUOTA, backupGigabytes: 1000 };
  Object.assign(state.projects.get(project.id) ?? {}, { quota });
  const disk = (name: string, type = 'standard') => seed.addVolume({ name, type, bytes: randomBytes(4096) });
  const [db, web, logs] = [disk('db'), disk('web'), disk('logs')];
  const [vault, safe] = [disk('vault', 'luks'), disk('safe', 'luks')];
  seed.addServer({ name: 'app', volumes: [db] });
  const disks = ['root', 'data-1', 'data-2'].map((name) => disk(name));
  seed.addServer({ name: 'shop', volumes: disks });
  volumes = [db, web, logs, vault, safe, ...disks];
  image = await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'golden' });
  seed.addSecret(randomBytes(32), { name: 'backup-key' });
  await writePlan(world, PLAN);
}, 60_000);
afterAll(() => world.close());

test(`${NIGHTS} nights: nothing blocks, no chain is cut, what is foreign stays, what is restored is right`, async () => {
  const [started, used] = [performance.now(), process.cpuUsage()];
  for (let night = 0; night < NIGHTS; night += 1) await live(night);
  const listed = await run(list, { store: 'directory:openstack-backups/payloads' });
  const points = JSON.parse(listed.outputs['points'] ?? '[]') as {
    point: string;
    state: string;
    why: string;
  }[];
  Object.assign(seen, { saved: history.points.size, kept: points.length });
  const seconds = Math.round((performance.now() - started) / 1000);
  const { user, system } = process.cpuUsage(used);
  const cpu = Math.round((user + system) / 1e6);
  process.stdout.write(`a year: ${JSON.stringify({ ...seen, seconds, cpu })}\n`);
  // Of this process alone: others may be at work on the machine.
  expect(cpu).toBeLessThan(120);
  expect(points.filter(({ state }) => state !== 'whole').map(({ why }) => why)).toEqual([]);
  // From the history alone, whatever was deleted when.
  const here = [...history.points.values()].filter(({ resource }) => isThere(resource));
  const expected = [...verdict(here, termsOf, clock.now()), ...left];
  expect(points.map(({ point }) => named(point)).sort()).toEqual(expected.map(named).sort());
  expect(world.cloud.state.backups.has(foreign.id)).toBe(true);
  expect(seen.most).toBeLessThanOrEqual(QUOTA);
  expect(seen.short).toBeLessThanOrEqual(Math.ceil(NIGHTS / 100));
  expect(seen.restored).toBeGreaterThanOrEqual(Math.floor((RESTORES * NIGHTS) / 400));
  for (const what of ['dropped', 'killed', 'faults', 'twice'] as const) expect(seen[what]).toBeGreaterThan(0);
});

const isThere = (resource: string) => left.length === 0 || resource !== gone?.id;
let gone: Volume | undefined;

/** A year has many points: what differs is to be read. */
function named(point: string): string {
  const { kind, name, time } = history.points.get(point) ?? { kind: '', name: '', time: 0 };
  return `${kind} ${name} of ${new Date(time).toISOString()} ${point}`;
}

async function live(night: number): Promise<void> {
  const { seed, state } = world.cloud;
  // GitHub starts schedules hours late.
  clock.pass(DAY + Math.floor((random() - 0.5) * 6 * HOUR));
  for (const volume of volumes) volume.data.write(0, randomBytes(64));
  if (night === FOREIGN_AT) foreign = foreignBackup();
  if (night === GROWN_AT && volumes[1] !== undefined) volumes[1].size += 1;
  if (night === GONE_AT) {
    gone = volumes.splice(2, 1)[0] as Volume;
    left = [...verdict([...history.points.values()], termsOf, clock.now())].filter(
      (id) => history.points.get(id)?.resource === gone?.id,
    );
    seed.removeVolume(gone);
  }
  const luck = random();
  if (luck < 0.05) {
    seen.dropped += 1;
    return;
  }
  const isTwice = luck > 0.93 && luck < 0.96;
  if (luck < 0.08) await killed();
  else if (isTwice) await twice();
  else if (luck > 0.96) await failing(night);
  // Half an hour later the schedule starts one that goes well.
  clock.pass(HOUR / 2);
  let ran = await apply();
  if (isShort(ran)) {
    // What made the room short goes at the end of a run: the next one of the same night has it.
    seen.short += 1;
    clock.pass(HOUR);
    ran = await apply();
  }
  const failed = failuresOf(ran);
  // A report of the failure may show no more than this.
  const said = ran.code === 0 ? '' : [saidIn(ran), ...ran.summary.split('\n').slice(0, 1)].join('\n');
  expect([night, ran.code, failed, ran.error, said]).toEqual([night, 0, [], '', '']);
  seen.nights += 1;
  seen.most = Math.max(seen.most, state.backups.size);
  expectFloor(night);
  if (random() < 0.085) await restoreOne(night);
}

const failuresOf = ({ outputs }: Ran) => JSON.parse(outputs['failed'] ?? '[]') as { error: string }[];

const isShort = (ran: Ran) => {
  const failed = failuresOf(ran);
  return failed.length > 0 && failed.every(({ error }) => error.startsWith('the quota is too small'));
};

const saidIn = ({ log }: Ran) =>
  log
    .split('\n')
    .filter((line) => /^(error|warning): /.test(line))
    .join('\n');

const FAULTS: readonly Fault['do'][] = [
  { failLater: 'the disk is full' },
  'lost-response',
  { status: 500 },
  'connection-reset',
];

/** A run while the cloud fails. */
async function failing(night: number): Promise<void> {
  const { faults } = world.cloud;
  const deed = FAULTS[seen.faults % FAULTS.length] ?? 'stuck';
  const planted = faults.add({ when: { method: 'POST', path: /\/backups$/, times: 3 }, do: deed });
  const ran = await apply();
  faults.clear();
  const isRed = planted.hits > 0 && typeof deed !== 'string';
  expect([night, ran.code]).toEqual([night, isRed ? 1 : 0]);
  if (planted.hits > 0) seen.faults += 1;
}

const IN_OTHER_HANDS = /backing-up|already being backed up/;
/** The disks of servers are saved by both, and on two such nights in a row there is no room for that. */
const NO_ROOM = /^the quota is too small|BackupLimitExceeded/;

async function twice(): Promise<void> {
  const both = await Promise.all([apply('alive'), apply('alive')]);
  for (const ran of both) {
    expect(saidIn(ran)).not.toMatch(/nothing was pruned|was not deleted/);
    // What is in the hands of the other is not waited for; nothing else may fail.
    const failed = failuresOf(ran).map(({ error }) => error);
    const told = failed.filter((error) => !IN_OTHER_HANDS.test(error));
    expect(told.filter((error) => !NO_ROOM.test(error))).toEqual([]);
    if (told.length > 0) seen.short += 1;
  }
  seen.twice += 1;
}

async function apply(others: 'ended' | 'alive' = 'ended'): Promise<Ran> {
  const ran = await run(applyCommand, { plan: 'plan.yml', 'allow-unsigned': 'true' }, { others });
  await history.read();
  note();
  seen.deleted += (JSON.parse(ran.outputs['pruned'] ?? '[]') as unknown[]).length;
  return ran;
}

/** A process of its own, killed while its backups are being made. */
async function killed(): Promise<void> {
  const { ticks } = world.cloud;
  const preload = pathToFileURL(join(import.meta.dirname, '../support/clock-preload.mjs')).href;
  const ahead = String(clock.now() - Date.now());
  // It has a clock of its own.
  const working = setInterval(() => void ticks.advance(), 1);
  const ran = await world.tool(['apply', '--plan', 'plan.yml', '--allow-unsigned', '--verbose'], {
    environment: { NODE_OPTIONS: `--import=${preload}`, CLOCK_AHEAD_MS: ahead },
    onOutput: (text, kill) => {
      if (/POST \S+\/backups: 202/.test(text)) kill('SIGKILL');
    },
  });
  clearInterval(working);
  // Where nothing was due, it has ended by itself.
  expect([null, 0]).toContain(ran.code);
  if (ran.code === null) seen.killed += 1;
}

/** In the middle of a chain of ours: Cinder takes it as the parent of nothing of ours. */
function foreignBackup(): Backup {
  const [db] = volumes;
  if (db === undefined) throw new Error('no volume');
  const { state } = world.cloud;
  const like = [...state.backups.values()].find(({ volumeId }) => volumeId === db.id);
  if (like === undefined) throw new Error('no backup of db');
  const at = world.cloud.clock.now();
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
    if (volume === undefined || contents.has(backup.id) || !isOurs(backup)) continue;
    const { size } = volume.data;
    contents.set(backup.id, { volume: volume.id, size, digest: volume.data.fingerprint(size) });
  }
}

const isOurs = ({ id, metadata }: Backup) =>
  readTags({ id, metadata: metadata as Record<string, string> }) !== undefined;

function expectFloor(night: number): void {
  const there = [...world.cloud.state.backups.values()].filter(isOurs);
  const ever = Map.groupBy(contents.values(), ({ volume }) => volume);
  for (const { id, name } of gone === undefined ? volumes : [...volumes, gone]) {
    const good = there.filter(({ volumeId, status }) => volumeId === id && status === 'available').length;
    const least = Math.min(NIGHTLY.minCopies, ever.get(id)?.length ?? 0);
    expect([night, name, good >= least]).toEqual([night, name, true]);
  }
}

/** A server's bytes are those of its disks. */
const RESTORES_OF = { volume: restoreVolume, image: restoreImage, secret: restoreSecret, server: undefined };

/** Any point that is there, and its bytes are those of its night. */
async function restoreOne(night: number): Promise<void> {
  const store = join(world.directory, 'openstack-backups/payloads');
  const { backups } = world.cloud.state;
  const there = [...history.points.values()].filter(
    ({ data }) => data !== undefined && (backups.has(data) || existsSync(join(store, data))),
  );
  const point = there[Math.floor(random() * there.length)];
  if (point === undefined) throw new Error('there is no point');
  const { id, kind, manifest } = point;
  const ran = await run(RESTORES_OF[kind], {
    manifest,
    [kind === 'secret' ? 'secrets' : kind]: id,
    'allow-unsigned': 'true',
    ...(kind === 'volume' ? {} : { store: 'directory:openstack-backups/payloads' }),
    identity: keeper.environment.IDENTITY,
  });
  expect([night, kind, ran.code, ran.error]).toEqual([night, kind, 0, '']);
  await expectBytes(night, point, String(ran.outputs[`${kind}-id`]));
  seen.restored += 1;
}

async function expectBytes(night: number, { kind, resource, data }: Told, made: string): Promise<void> {
  const { images, secrets } = world.cloud.state;
  if (kind === 'volume') {
    const saved = contents.get(data ?? '');
    expect([night, await world.digest(made, saved?.size)]).toEqual([night, saved?.digest]);
    await world.removeVolume(made);
  } else if (kind === 'image') {
    const restored = images.get(made)?.data;
    expect([night, restored != null && image.data?.equals(restored)]).toEqual([night, true]);
    images.delete(made);
  } else {
    const payloadOf = (secret: Secret | undefined) => secret?.payload?.toString('hex');
    expect([night, payloadOf(secrets.get(made))]).toEqual([night, payloadOf(secrets.get(resource))]);
    secrets.delete(made);
  }
}
