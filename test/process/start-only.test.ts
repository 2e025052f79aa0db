import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { commands } from '../../src/commands/index.ts';
import type { Raw } from '../../src/inputs/table.ts';
import type { Liveness } from '../../src/ports/owner.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { isWrite } from '../support/every-request.ts';
import { fastClock, runInProcess, type Told } from '../support/in-process.ts';
import { pointsIn } from '../support/manifests.ts';

const keeper = await makeKeeper();
const HOUR = 3_600_000;
/** Of the volumes that are saved. */
const content = { db: randomBytes(5000), vault: randomBytes(5000) };
let world: EmbeddedWorld;
let ids: { readonly db: string; readonly vault: string };
let later = 0;

function pass(hours: number): void {
  later += hours * HOUR;
  world.cloud.clock.shift(hours * HOUR);
}

interface Started {
  readonly id: string;
  readonly kind: string;
  readonly resource: string;
  readonly name: string;
}

async function run(name: string, inputs: Raw, dryRun = false, others: Liveness = 'ended'): Promise<Told> {
  const command = await commands[name]?.();
  if (command === undefined) throw new Error(`there is no command ${name}`);
  const { sleep } = fastClock();
  const clock = { now: () => Date.now() + later, sleep };
  const told = await runInProcess(command, inputs, {
    environment: world.environment('demo'),
    directory: world.directory,
    clock,
    dryRun,
    others,
  });
  world.heard(told.log);
  return told;
}
const apply = (more: Raw = {}, others: Liveness = 'ended') =>
  run('apply', { plan: 'plan.yml', 'allow-unsigned': 'true', ...more }, false, others);
const startOnly = (others: Liveness = 'ended') => apply({ 'start-only': 'true' }, others);
const started = ({ outputs }: Told) => JSON.parse(outputs['started'] ?? '') as Started[];
const restorePoints = ({ outputs }: Told) =>
  JSON.parse(outputs['restore-points'] ?? '[]') as {
    kind: string;
    name: string;
    mode?: string;
    backup?: string;
  }[];
const saved = (told: Told) =>
  restorePoints(told)
    .map(({ kind, name, mode }) => `${kind} ${name}${mode === undefined ? '' : ` ${mode}`}`)
    .sort();
const coverage = ({ outputs }: Told) =>
  (JSON.parse(outputs['coverage'] ?? '[]') as { name: string; status: string; why: string }[]).map(
    ({ name, status, why }) => [name, status, why],
  );
const begun = (from: number) =>
  world.cloud.requests.slice(from).filter(({ method, path }) => method === 'POST' && /\/backups$/.test(path))
    .length;
/** The cloud does all that it has to do. */
const settle = () => world.cloud.ticks.settle();
/** It works while the run waits for it. */
async function flowing<T>(work: Promise<T>): Promise<T> {
  const flow = setInterval(() => void world.cloud.ticks.advance(1), 2);
  return work.finally(() => clearInterval(flow));
}

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 'manual', gibBytes: 9 << 20 });
  const { seed } = world.cloud;
  const project = (await world.session('demo')).scope.project.id;
  ids = {
    db: seed.addVolume({ name: 'db', bytes: content.db }).id,
    vault: seed.addVolume({ name: 'vault', type: 'luks', bytes: content.vault }).id,
  };
  await writeFile(
    join(world.directory, 'plan.yml'),
    `version: 1
project: ${project}
recipients: [${keeper.recipient}]
store: directory:openstack-backups/payloads
publish: ["directory:openstack-backups"]
keep: {daily: 30}
back-up:
  - {name: all, select: all, kinds: [volume], method: cinder-backup, every: 1d, max-age: 2d, max-chain: 30}
`,
  );
}, 60_000);
afterAll(() => world.close());

let first: Told;

test('a night that only starts ends at once, with the key saved and nothing red', async () => {
  first = await startOnly();
  expect([first.code, first.error]).toEqual([0, '']);
  expect(started(first).map(({ kind, resource, name }) => [kind, resource, name])).toEqual(
    expect.arrayContaining([
      ['volume', ids.db, 'db'],
      ['volume', ids.vault, 'vault'],
    ]),
  );
  for (const { id } of started(first)) expect(world.cloud.state.backups.get(id)?.status).toBe('creating');
  expect(saved(first)).toEqual([expect.stringMatching(/^secret /)]);
  expect(first.log).toContain('is left to the cloud; a later run records it');
  expect(first.summary).toContain('2 due, all started');
  expect(first.summary).toContain('Left to the cloud');
  expect(coverage(first).toSorted()).toEqual(
    started(first)
      .map(({ id, name }) => [
        name,
        'stale',
        expect.stringMatching(
          new RegExp(`^never saved, .*being backed up since .* by an earlier run \\(backup ${id}\\)`),
        ),
      ])
      .toSorted(),
  );
});

test.each<Liveness>(['ended', 'alive', 'unknown'])(
  'what is under way is neither due, nor failed, nor touched, its maker being %s',
  async (others) => {
    for (const more of [{}, { 'start-only': 'true' }]) {
      const from = world.cloud.requests.length;
      const told = await apply(more, others);
      expect([told.code, told.error, told.outputs['due']]).toEqual([0, '', '0']);
      expect(told.log).toMatch(/volume "db" .* is being backed up since .* by an earlier run \(backup /);
      expect(world.cloud.requests.slice(from).filter(isWrite)).toEqual([]);
    }
  },
);

test('a plan and a dry run say that it is under way', async () => {
  for (const told of [
    await run('plan show', { plan: 'plan.yml' }),
    await run('apply', { plan: 'plan.yml', 'start-only': 'true' }, true),
  ]) {
    expect([told.code, told.error]).toEqual([0, '']);
    expect(told.summary).toContain('0 of 2 due');
    expect(told.summary.match(/under way .*being backed up since/g)).toHaveLength(2);
  }
});

test('the next night records it, whoever lives, as of when it was asked for, and starts increments on it', async () => {
  const asked = started(first).map(({ id }) => world.cloud.state.backups.get(id)?.createdAt.toISOString());
  await settle();
  pass(25);
  const told = await startOnly('alive');
  expect([told.code, told.error]).toEqual([0, '']);
  expect(saved(told)).toEqual([
    expect.stringMatching(/^secret /),
    expect.stringMatching(/^secret /),
    'volume db full',
    'volume vault full',
  ]);
  expect(told.log).toContain('recorded for the run that left it to the cloud');
  const points = await pointsIn(told.outputs['manifest'] ?? '', world.directory);
  const backups = points.flatMap((point) => (point.method === 'cinder-backup' ? [point] : []));
  expect(backups.map(({ backup }) => new Date(backup.created).toISOString()).sort()).toEqual(asked.sort());
  expect(backups.map(({ consistency }) => consistency)).toEqual(['offline', 'offline']);
  const vault = backups.find(({ resource }) => resource.id === ids.vault);
  expect(vault?.resource.encryption?.key.worth).toBe('sealed, unproved');
  expect(points.some(({ id }) => id === vault?.resource.encryption?.key.point)).toBe(true);
  const now = started(told).map(({ id }) => world.cloud.state.backups.get(id));
  expect(now.map((backup) => backup?.parentId).sort()).toEqual(
    started(first)
      .map(({ id }) => id)
      .sort(),
  );
  expect(coverage(told).map(([, status]) => status)).toEqual(['covered', 'covered']);
});

test('two that only start, at the same time, start each once', async () => {
  await settle();
  pass(25);
  const from = world.cloud.requests.length;
  const both = await Promise.all([startOnly('alive'), startOnly('alive')]);
  expect(both.map(({ code, error }) => [code, error])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  expect(begun(from)).toBeGreaterThanOrEqual(2);
  expect(both.flatMap(started)).toHaveLength(2);
  await settle();
});

test('a part of a matrix records only what it is for', async () => {
  pass(25);
  const asked = started(await startOnly());
  await settle();
  pass(25);
  const part = await apply({ 'start-only': 'true', only: `volume:${ids.db}` });
  expect([part.code, part.error, started(part).map(({ name }) => name)]).toEqual([0, '', ['db']]);
  const backups = (told: Told) => restorePoints(told).flatMap(({ backup }) => backup ?? []);
  expect(backups(part)).toEqual(asked.flatMap(({ id, name }) => (name === 'db' ? id : [])));
  const rest = await startOnly();
  expect([rest.code, started(rest).map(({ name }) => name)]).toEqual([0, ['vault']]);
  expect(backups(rest)).toEqual(asked.flatMap(({ id, name }) => (name === 'vault' ? id : [])));
});

test('who asks for a backup now waits for the one that is under way, and leaves it to `apply`', async () => {
  await settle();
  pass(25);
  const asked = started(await startOnly()).find(({ name }) => name === 'db')?.id ?? '';
  const from = world.cloud.requests.length;
  const waiting = run('backup-volume', { volumes: ids.db }, false, 'alive');
  while (!world.cloud.requests.slice(from).some(({ path }) => path.endsWith(`/backups/${asked}`)))
    await new Promise((resolve) => setTimeout(resolve, 5));
  const told = await flowing(waiting);
  expect([told.code, told.error]).toEqual([0, '']);
  expect(told.log).toContain(
    `backup ${asked} of volume ${ids.db} was left to the cloud by an earlier run, and is still being made: waiting until it is done`,
  );
  expect(restorePoints(told).map(({ name, backup }) => [name, backup === asked])).toEqual([['db', false]]);
  expect(told.log).toMatch(
    /\d backups? that `apply` left to the cloud (is|are) complete: the next `apply` records/,
  );
  const next = await apply();
  expect(restorePoints(next).map(({ backup }) => backup)).toContain(asked);
  await settle();
});

test('what a run that waits was stopped at is under way, too, and recorded', async () => {
  await settle();
  pass(25);
  const waits = /\/backups\/[0-9a-f-]{36}$|sort=created_at/;
  world.cloud.faults.add({
    when: { method: 'GET', path: waits, times: Number.POSITIVE_INFINITY },
    do: { status: 403 },
  });
  const told = await apply();
  world.cloud.faults.clear();
  expect([told.code, started(told)]).toEqual([1, []]);
  const again = await startOnly();
  expect([again.outputs['due'], started(again)]).toEqual(['0', []]);
  await settle();
  const collecting = await apply();
  expect([collecting.code, collecting.outputs['due']]).toEqual([0, '0']);
  expect(saved(collecting).filter((line) => line.startsWith('volume'))).toEqual([
    'volume db incremental',
    'volume vault incremental',
  ]);
});

test('one that fails is told with the reason, removed, and made again', async () => {
  pass(25);
  world.cloud.faults.add({
    when: { method: 'POST', path: /\/backups$/, body: (body) => JSON.stringify(body).includes(ids.db) },
    do: { failLater: 'the disks are full' },
  });
  const told = await startOnly();
  world.cloud.faults.clear();
  const failing = started(told).find(({ name }) => name === 'db')?.id ?? '';
  expect(told.code).toBe(0);
  await settle();
  expect(world.cloud.state.backups.get(failing)?.status).toBe('error');
  // A run that may not live any more keeps it.
  const early = await flowing(startOnly('alive'));
  expect(early.code).toBe(1);
  expect(world.cloud.state.backups.has(failing)).toBe(true);
  const again = started(early).find(({ name }) => name === 'db');
  expect(JSON.parse(early.outputs['failed'] ?? '')).toEqual([
    {
      id: ids.db,
      name: 'db',
      error: expect.stringMatching(/left to the cloud by an earlier run, failed: .*the disks are full/),
    },
  ]);
  expect(again).toBeDefined();
  await settle();
  const next = await flowing(apply());
  expect(world.cloud.state.backups.has(failing)).toBe(false);
  expect(restorePoints(next).map(({ backup }) => backup)).toContain(again?.id);
  expect(coverage(await apply()).map(([, status]) => status)).toEqual(['covered', 'covered']);
});

test('one that never ends is stale by and by, and the report says since when', async () => {
  pass(25);
  world.cloud.faults.add({
    when: { method: 'POST', path: /\/backups$/, body: (body) => JSON.stringify(body).includes(ids.db) },
    do: 'stuck',
  });
  const told = await startOnly();
  world.cloud.faults.clear();
  const hanging = started(told).find(({ name }) => name === 'db')?.id ?? '';
  await settle();
  pass(25);
  const next = await startOnly();
  expect(started(next).map(({ name }) => name)).toEqual(['vault']);
  expect(next.code).toBe(1);
  expect(coverage(next)).toContainEqual([
    'db',
    'stale',
    expect.stringContaining(`by an earlier run (backup ${hanging})`),
  ]);
  const report = await run('report', { plan: 'plan.yml' });
  expect(report.code).toBe(1);
  expect(report.summary).toContain(hanging);
  expect(world.cloud.state.backups.get(hanging)?.status).toBe('creating');
  world.cloud.state.backups.delete(hanging);
  const volume = world.cloud.state.volumes.get(ids.db);
  if (volume !== undefined) volume.status = 'available';
  await settle();
});

test('a volume that is gone before its backup is recorded: its key is not lost, and the backup is told', async () => {
  await flowing(apply());
  pass(25);
  const told = await startOnly();
  await settle();
  const backup = started(told).find(({ name }) => name === 'vault')?.id ?? '';
  await world.removeVolume(ids.vault);
  const [key] = restorePoints(told).filter(({ kind }) => kind === 'secret');
  expect(key).toBeDefined();
  const next = await flowing(apply());
  expect(next.log).toContain(
    `backup ${backup}, left to the cloud by an earlier run, is complete, but its volume is gone`,
  );
  const opened = await flowing(
    run('restore-secret', {
      manifest: told.outputs['manifest'] ?? '',
      store: 'directory:openstack-backups/payloads',
      identity: keeper.environment.IDENTITY,
      'allow-unsigned': 'true',
    }),
  );
  expect([opened.code, opened.error]).toEqual([0, '']);
});

test('what was recorded is restored with its bytes when its volume is gone', async () => {
  await world.removeVolume(ids.db);
  const told = await flowing(
    run('restore-volume', {
      manifest: 'latest',
      volume: ids.db,
      name: 'back',
      identity: keeper.environment.IDENTITY,
      'allow-unsigned': 'true',
    }),
  );
  expect([told.code, told.error]).toEqual([0, '']);
  const back = await world.content(told.outputs['volume-id'] ?? '', content.db.length);
  expect(back.equals(content.db)).toBe(true);
  expect(await readdir(join(world.directory, 'openstack-backups', 'payloads'))).not.toContainEqual(
    expect.stringMatching(/^\.partial-/),
  );
});
