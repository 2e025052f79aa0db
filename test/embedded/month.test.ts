import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { apply as applyCommand } from '../../src/commands/apply.ts';
import { drill as drillCommand } from '../../src/commands/drill.ts';
import { list as listCommand } from '../../src/commands/list.ts';
import { report as reportCommand } from '../../src/commands/report.ts';
import { forMarkdown } from '../../src/text/escape.ts';
import { SparseBytes, type Volume } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import type { Told } from '../support/in-process.ts';
import { fractions } from '../support/random.ts';
import { writePlan } from '../support/shop.ts';
import { type Drill, lastProof, longestWait, newestProved, percentile, Records } from './month/records.ts';
import { type Row, rtoTable } from './month/table.ts';

jest.setTimeout(300_000);

const NIGHTS = 30;
const [HOUR, DAY] = [3_600_000, 86_400_000];
const MAX_AGE = 16 * DAY;
/** What happens in a night besides. */
const KILLED = new Set([4, 17]);
const FULL = new Set([9]);
const BROKEN = new Set([12, 24]);
const LOST = new Set([15]);
const TOGETHER = new Set([6, 13, 20, 27]);
/** From then on a restore takes long. */
const SLOW = 25;
const STORE = 'directory:openstack-backups/payloads';
const DB = { volume: 'db', level: 'volume', store: STORE };

const keeper = await makeKeeper();
const identity = keeper.environment.IDENTITY;
const PLAN = `recipients: [${keeper.recipient}]
store: ${STORE}
keep: {daily: 3, min-copies: 2}
back-up:
  - {name: cinder, select: [db, vault], kinds: [volume], method: cinder-backup, max-chain: 3, every: 1d}
  - {name: away, select: all, kinds: [server, volume], method: image, every: 1d}
  - {name: rest, select: all, kinds: [image, secret], every: 7d}
drill: {every: 1d, level: volume, pick: random, max-age: 16d, rto: 2min}
`;

const random = fractions(2026);
let world: EmbeddedWorld;
let clock: HandClock;
/** Slower than the cloud's work, if told. */
let slowness = 0;
let run: Runner;
let records: Records;
let volumes: Volume[];
let began: number;
const seen = {
  drills: 0,
  failed: 0,
  killed: 0,
  refused: 0,
  lost: 0,
  together: 0,
  red: 0,
  green: 0,
  slow: 0,
  pruned: 0,
};

beforeAll(async () => {
  const within = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const capabilities = { luksHeaderInside: true };
  world = await embeddedWorld({ tickMs: 'manual', gibBytes: SMALL_GIB, capabilities }, { within });
  const { seed } = world.cloud;
  const hand = handClock(world.cloud);
  clock = {
    ...hand,
    async sleep(ms, signal) {
      await hand.sleep(ms, signal);
      if (slowness > 0) hand.pass(Math.round(ms * slowness));
    },
  };
  run = runnerOf(world, () => clock);
  records = new Records(join(world.directory, 'openstack-backups'));
  const disk = (name: string, type: string, size: number) =>
    seed.addVolume({ name, type, size, bytes: swap() });
  const [db, vault] = [disk('db', 'standard', 2), disk('vault', 'luks', 1)];
  const [ledger, chest] = [disk('ledger', 'standard', 3), disk('chest', 'luks', 1)];
  const root = disk('root', 'standard', 1);
  seed.addServer({ name: 'shop', volumes: [root] });
  volumes = [db, vault, ledger, chest, root];
  await seed.addImage(SparseBytes.from(swap()), { name: 'golden' });
  seed.addSecret(randomBytes(32), { name: 'backup-key' });
  await writePlan(world, PLAN);
  began = clock.now();
}, 60_000);
afterAll(() => world.close());

/** Something that is recognised. */
function swap(): Buffer {
  const bytes = randomBytes(20_000);
  bytes.write('SWAPSPACE2', 4086);
  return bytes;
}

test(`${NIGHTS} nights of backups and drills: each has its turn, the report is right, and nothing is left`, async () => {
  const started = performance.now();
  for (let night = 0; night < NIGHTS; night += 1) await live(night);
  const rows = rowsOf();
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`a month: ${JSON.stringify({ ...seen, seconds })}\n${rtoTable(rows)}`);
  for (const [what, count] of Object.entries(seen)) expect([what, count > 0]).toEqual([what, true]);
  const all = [...new Set([...records.points.values()].map(({ of }) => of))];
  expect([all.length, rows.length]).toEqual([10, 10]);
  // Each had its turn, and none waited for ever.
  for (const { name, drills, wait } of rows)
    expect([name, drills > 0, wait < 24 * DAY]).toEqual([name, true, true]);
});

async function live(night: number): Promise<void> {
  clock.pass(DAY + Math.floor((random() - 0.5) * 2 * HOUR));
  for (const volume of volumes) world.cloud.writePlain(volume, 8192, randomBytes(64));
  slowness = night >= SLOW ? 80 : Math.floor(random() * 10);
  if (TOGETHER.has(night)) {
    const [saved, drilled] = await Promise.all([apply('alive'), drillOne(night, 'alive')]);
    expectPassed(night, saved);
    expectDrilled(night, drilled);
    seen.together += 1;
  } else {
    expectPassed(night, await apply());
    clock.pass(HOUR);
    if (KILLED.has(night)) await killed();
    if (FULL.has(night)) await full(night);
    if (BROKEN.has(night)) await broken(night);
    const before = new Set(await manifests());
    expectDrilled(night, await drillOne(night));
    if (LOST.has(night)) await lose(before);
    // Whatever the others draw, one restore is slow.
    if (night === SLOW + 1) expectDrilled(night, await run(drillCommand, { ...DB, identity }));
  }
  if (night % 2 === 1) expectDrilled(night, await opened(night));
  // As examples/drill.yml does it once a month.
  if (night === 21) await everything(night);
  // What is being deleted is gone a moment later.
  await world.cloud.ticks.advance(20);
  await records.read();
  await expectNothingLeft(night);
  await expectReport(night);
  if (night % 3 === 2) await expectListed(night);
}

const apply = async (others: 'ended' | 'alive' = 'ended') => {
  const ran = await run(applyCommand, { plan: 'plan.yml', 'allow-unsigned': 'true' }, { others });
  seen.pruned += (JSON.parse(ran.outputs['pruned'] ?? '[]') as unknown[]).length;
  return ran;
};

const drillOne = (night: number, others: 'ended' | 'alive' = 'ended') =>
  run(drillCommand, { plan: 'plan.yml', identity, seed: String(night) }, { others });

const opened = (night: number, more: Readonly<Record<string, string>> = {}) =>
  run(drillCommand, {
    store: STORE,
    level: 'bytes',
    offline: 'true',
    identity,
    seed: String(night),
    ...more,
  });

/** Of a report of a failure: no more than this. */
const saidIn = ({ log }: Told) =>
  log
    .split('\n')
    .filter((line) => /^(error|warning): /.test(line))
    .join('\n');

function expectPassed(night: number, ran: Told): void {
  // Red for want of proofs is no failure of what was saved.
  const failed = JSON.parse(ran.outputs['failed'] ?? '[]') as unknown[];
  expect([night, failed, ran.error]).toEqual([night, [], '']);
}

function expectDrilled(night: number, ran: Told): void {
  const said = ran.code === 0 ? '' : saidIn(ran);
  expect([night, ran.code, ran.error, said, ran.outputs['passed']]).toEqual([night, 0, '', '', 'true']);
  seen.drills += 1;
}

async function everything(night: number): Promise<void> {
  const words = { store: STORE, level: 'volume', pick: 'latest', each: 'true', identity };
  const ran = await run(drillCommand, words);
  const drills = JSON.parse(ran.outputs['drills'] ?? '[]') as { id: string }[];
  expect([night, ran.code, ran.error, ran.outputs['passed'], drills.length]).toEqual([
    night,
    0,
    '',
    'true',
    10,
  ]);
  seen.drills += drills.length;
}

/** A process of its own, killed while it reads back; the night's own drill removes what it leaves. */
async function killed(): Promise<void> {
  const preload = pathToFileURL(join(import.meta.dirname, '../support/clock-preload.mjs')).href;
  const working = setInterval(() => void world.cloud.ticks.advance(), 1);
  const ran = await world.tool(['drill', '--volume', 'db', '--level', 'volume'], {
    environment: {
      NODE_OPTIONS: `--import=${preload}`,
      CLOCK_AHEAD_MS: String(clock.now() - Date.now()),
    },
    onOutput: (text, kill) => {
      if (/ is being (read back|made)/.test(text)) kill('SIGKILL');
    },
  });
  clearInterval(working);
  expect([ran.code, ran.stderr]).toEqual([null, expect.any(String)]);
  expect(temporaries()).not.toEqual([]);
  // What the cloud works on when the next run looks waits for the one after it.
  await world.cloud.ticks.advance(100);
  clock.pass(HOUR);
  seen.killed += 1;
}

/** No gigabyte is free: refused, and nothing made. */
async function full(night: number): Promise<void> {
  const { project } = (await world.session('demo')).scope;
  const quota = world.cloud.state.projects.get(project.id)?.quota;
  if (quota === undefined) throw new Error('the project has no quota');
  const { gigabytes } = quota;
  quota.gigabytes = volumes.reduce((sum, { size }) => sum + size, 0);
  const ran = await run(drillCommand, { ...DB, identity });
  quota.gigabytes = gigabytes;
  expect([night, ran.code, ran.error]).toEqual([
    night,
    2,
    expect.stringContaining('GiB of quota that are free'),
  ]);
  seen.refused += 1;
}

/** An object of the store has other bytes: the drill says so, and the proof of that point is taken back. */
async function broken(night: number): Promise<void> {
  const ledger = volumes.find(({ name }) => name === 'ledger');
  const folder = join(world.directory, 'openstack-backups/payloads', `volume-${ledger?.id}`, 'data');
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  const whole = await Promise.all(paths.map((path) => readFile(path)));
  for (const [nth, path] of paths.entries()) {
    const bytes = Buffer.from(whole[nth] ?? []);
    bytes[bytes.length - 60] = (bytes[bytes.length - 60] ?? 0) ^ 1;
    await writeFile(path, bytes);
  }
  const ran = await opened(night, { volume: 'ledger', pick: 'latest' });
  for (const [nth, path] of paths.entries()) await writeFile(path, whole[nth] ?? '');
  expect([ran.code, ran.outputs['result'], ran.outputs['reached']]).toEqual([1, 'failed', '']);
  await records.read();
  seen.failed += 1;
  // The schedule's own drill is not due for another day.
  clock.pass(DAY);
}

const manifests = () => readdir(join(world.directory, 'openstack-backups'));

/** Somebody removed what the night's drill recorded: the next run does another. */
async function lose(before: ReadonlySet<string>): Promise<void> {
  const made = (await manifests()).filter((name) => !before.has(name));
  expect(made).toHaveLength(1);
  for (const name of made) await rm(join(world.directory, 'openstack-backups', name), { recursive: true });
  seen.lost += 1;
}

const temporaries = () => {
  const { volumes: all, images, snapshots, servers } = world.cloud.state;
  const known = new Set(volumes.map(({ id }) => id));
  return [
    ...[...all.values()].filter(({ id }) => !known.has(id)),
    ...[...images.values()].filter(({ name }) => name !== 'golden' && name !== 'tiny'),
    ...snapshots.values(),
    ...[...servers.values()].filter(({ name }) => name !== 'shop'),
  ].map(({ name }) => name);
};

async function expectNothingLeft(night: number): Promise<void> {
  expect([night, temporaries()]).toEqual([night, []]);
  // What a drill made was never saved.
  const names = new Set([...records.points.values()].map(({ name }) => name));
  expect([night, [...names].filter((name) => name.startsWith('drill of'))]).toEqual([night, []]);
}

interface Covered {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly why: string;
  readonly proved?: string;
  readonly restore?: string;
  readonly unproved?: true;
  readonly restoreSeconds?: { readonly p50: number; readonly p95: number; readonly count: number };
}

async function expectReport(night: number): Promise<void> {
  const ran = await run(reportCommand, { plan: 'plan.yml' });
  const rows = (JSON.parse(ran.outputs['coverage'] ?? '[]') as Covered[]).filter(
    ({ why }) => !why.startsWith('with server'),
  );
  const now = clock.now();
  const expected = rows.map(({ kind, id, name }) => {
    const own = records.drills.filter(({ of }) => of === `${kind} ${id}`);
    const last = lastProof(own);
    // A disk is proved with its server, or by itself: nobody waits for it.
    const isUnproved = name !== 'root' && (last === undefined || last <= now - MAX_AGE);
    return [name, isUnproved, restoreOf(own)];
  });
  expect([
    night,
    rows.map(({ name, unproved, restoreSeconds }) => [name, unproved === true, restoreSeconds]),
  ]).toEqual([night, expected]);
  const isRed = expected.some(([, unproved]) => unproved);
  seen[isRed ? 'red' : 'green'] += 1;
  // Nothing else makes it red.
  expect([night, ran.code]).toEqual([night, isRed ? 1 : 0]);
  for (const { restore } of rows.filter((row) => row.restore !== undefined)) {
    expect(ran.printed).toContain(restore);
    expect(ran.summary).toContain(forMarkdown(restore ?? ''));
  }
  expect(rows.map(({ name }) => name)).not.toContainEqual(expect.stringMatching(/^drill of/));
  const isOver = rows.some(({ restoreSeconds }) => (restoreSeconds?.p95 ?? 0) > 120);
  expect([night, ran.summary.includes('over the rto of 2min')]).toEqual([night, isOver]);
  if (isOver) seen.slow += 1;
}

const restoreOf = (drills: readonly Drill[]) => {
  const times = drills.flatMap(({ passed, seconds }) => (passed ? (seconds ?? []) : []));
  if (times.length === 0) return undefined;
  return { p50: percentile(times, 50), p95: percentile(times, 95), count: times.length };
};

interface Listed {
  readonly point: string;
  readonly name: string;
  readonly state: string;
}

/** Nothing that a drill made is offered, and the newest proved point of each level is. */
async function expectListed(night: number): Promise<void> {
  const ran = await run(listCommand, { store: STORE });
  const points = JSON.parse(ran.outputs['points'] ?? '[]') as Listed[];
  expect([night, points.filter(({ state }) => state !== 'whole')]).toEqual([night, []]);
  expect(points.filter(({ name }) => name.startsWith('drill of'))).toEqual([]);
  const there = new Set(points.map(({ point }) => point));
  const own = records.drills.filter(({ point }) => records.points.get(point)?.isPart === false);
  const lost = [...newestProved(own)].filter((point) => !there.has(point));
  expect([night, lost.map((point) => records.points.get(point))]).toEqual([night, []]);
}

function rowsOf(): Row[] {
  const names = new Map([...records.points.values()].map(({ of, name }) => [of, name]));
  return [...Map.groupBy(records.drills, ({ of }) => of)].map(([of, own]) => ({
    kind: of.split(' ')[0] ?? '',
    name: names.get(of) ?? '',
    drills: own.length,
    reached:
      own
        .map(({ reached }) => reached)
        .sort()
        .at(-1) ?? '',
    restore: restoreOf(own),
    wait: longestWait(
      own.map(({ time }) => time),
      began,
      clock.now(),
    ),
  }));
}
