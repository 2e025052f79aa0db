import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import type { DrilledPoint, Manifest } from '../../src/manifest/schema.ts';
import type { Liveness } from '../../src/ports/owner.ts';
import { SMALL_GIB } from '../scenarios/embedded.ts';
import { bootDisk } from '../support/boot-sector.ts';
import { SIGN_KEY, startWorld, touched, VERIFY_KEY, visible, type World } from '../support/github.ts';
import { runInProcess } from '../support/in-process.ts';
import { newIn, standing } from '../support/standing.ts';
import {
  errorsOf,
  type Outcome,
  runPost,
  runStep,
  type Step,
  startStep,
  warningsOf,
} from '../support/step.ts';

jest.setTimeout(60_000);

let world: World;
let before: ReadonlyMap<string, string>;

beforeAll(async () => {
  world = await startWorld({ cloud: { tickMs: 2, gibBytes: SMALL_GIB } });
  const { seed } = world.cloud;
  seed.addVolume({ name: 'greets', bootable: true, bytes: bootDisk('Welcome to greets', 64 * 1024) });
  seed.addVolume({ name: 'data', bytes: randomBytes(1000) });
  const inputs = { volumes: 'greets,data', method: 'cinder-backup', 'sign-key': SIGN_KEY };
  const saved = await runStep(world.job, {
    action: 'backup-volume',
    inputs: { ...inputs, publish: 'directory:manifests', expiry: 'any' },
  });
  expect([saved.code, errorsOf(saved)]).toEqual([0, '']);
  before = standing(world.cloud);
});
afterEach(() => {
  expect(world.github.errors).toEqual([]);
});
afterAll(async () => world[Symbol.asyncDispose]());

/** A drill as the runner starts it; `verdict` is what the runner makes of the state of the job then. */
const drill = (inputs: Readonly<Record<string, string>> = {}): Step => ({
  action: 'drill',
  inputs: {
    level: 'boot',
    manifest: 'directory:manifests',
    volume: 'greets',
    network: 'private',
    expect: 'Welcome',
    hold: '30',
    verdict: 'success',
    'sign-key': SIGN_KEY,
    'verify-key': VERIFY_KEY,
    ...inputs,
  },
});

/** The main step, which leaves the server. */
async function heldServer(inputs?: Readonly<Record<string, string>>): Promise<Outcome> {
  const main = await runStep(world.job, drill(inputs));
  expect([main.code, errorsOf(main), main.stderr]).toEqual([0, '', '']);
  return main;
}

/** The post step, by what the runner says then; after it nothing is left, whatever it said. */
async function ended(main: Outcome, verdict: string, inputs: Readonly<Record<string, string>> = {}) {
  const recorded = records().length;
  const post = await runPost(world.job, drill({ verdict, ...inputs }), main);
  await world.cloud.ticks.settle();
  expect(newIn(world.cloud, before)).toEqual([]);
  expect(post.stderr).toBe('');
  return { post, recorded: records().slice(recorded) };
}

/** What drills recorded, in the order in which they did. */
function records(): DrilledPoint[] {
  const directory = join(world.job.workspace, 'manifests');
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Manifest)
    .flatMap(({ drilled = [] }) => drilled)
    .toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

describe('a server that stands for the later steps', () => {
  test('is told in the outputs; a job whose steps succeed proves it, and the record is signed', async () => {
    const main = await heldServer();
    const { servers, volumes } = world.cloud.state;
    const { outputs } = main;
    const server = servers.get(outputs['server-id'] ?? '');
    expect(server).toMatchObject({ name: 'drill of greets', status: 'ACTIVE' });
    expect(outputs).toMatchObject({ result: 'held', address: expect.stringMatching(/^10\.0\.0\./) });
    expect(outputs['passed']).toBeUndefined();
    expect(outputs['console']).toBe(`openstack console log show ${server?.id}`);
    expect(volumes.has(outputs['volume-id'] ?? '')).toBe(true);
    expect(JSON.parse(outputs['volume-ids'] ?? '')).toEqual([outputs['volume-id']]);
    expect((Date.parse(outputs['held-until'] ?? '') - Date.now()) / 60_000).toBeCloseTo(30, 0);
    // A disk, a server, a port and its security group.
    expect(newIn(world.cloud, before)).toHaveLength(4);
    for (const secret of [world.cloud.openrc()['OS_PASSWORD'] ?? '', SIGN_KEY.split('\n')[1] ?? '-'])
      expect(visible(main)).not.toContain(secret);

    const { post, recorded } = await ended(main, 'success');
    expect([post.code, errorsOf(post), warningsOf(post)]).toEqual([0, '', '']);
    expect(recorded).toMatchObject([{ result: 'passed', reached: 'L5', level: 'boot' }]);
    expect(recorded[0]?.seen).toEqual([
      'the server ran with flavor tiny, isolated in 1 network',
      expect.stringMatching(/^"Welcome" on its console after \d+ s$/),
      'the check said yes: no later step of the job failed',
    ]);
    expect(Object.keys(recorded[0]?.seconds ?? {})).toEqual([
      'found',
      'restored',
      'booted',
      'checked',
      'removed',
    ]);
    expect(post.summary).toMatch(/^### Drill of volume .* passed$/m);
    const list = await runStep(world.job, {
      action: 'list',
      inputs: {
        manifest: 'directory:manifests',
        volume: 'greets',
        offline: 'true',
        'verify-key': VERIFY_KEY,
      },
    });
    expect(list.outputs['points']).toContain('"L5"');
  });

  test('a later step that fails is a check that says no', async () => {
    const { post, recorded } = await ended(await heldServer({ expect: '' }), 'failure');
    expect(post.code).toBe(1);
    expect(errorsOf(post)).toMatch(/failed: the check said no: a later step of the job failed/);
    expect(recorded).toMatchObject([
      { result: 'failed', reached: null, why: 'the check said no: a later step of the job failed' },
    ]);
  });

  test.each([
    ['cancelled', 'the job was cancelled'],
    ['', 'did not say how the later steps ended'],
  ])('a verdict %j decides nothing, and is recorded as nothing', async (verdict, said) => {
    const { post, recorded } = await ended(await heldServer({ expect: '' }), verdict);
    expect([post.code, recorded]).toEqual([0, []]);
    expect(warningsOf(post)).toContain(`decides nothing: interrupted: `);
    expect(warningsOf(post)).toContain(said);
  });

  test('that is gone before they end proves nothing', async () => {
    const main = await heldServer({ expect: '' });
    const { servers, volumes, network } = world.cloud.state;
    servers.delete(main.outputs['server-id'] ?? '');
    for (const volume of volumes.values()) if (!before.has(volume.id)) volumes.delete(volume.id);
    for (const port of network.ports.values()) if (!before.has(port.id)) network.ports.delete(port.id);
    const { post, recorded } = await ended(main, 'failure');
    expect([post.code, recorded]).toEqual([0, []]);
    expect(warningsOf(post)).toContain('the server was gone before');
  });

  test('that is not proved by steps that took longer than it was held', async () => {
    const main = await heldServer({ expect: '', hold: '5' });
    world.cloud.clock.shift(6 * 60_000);
    const { post, recorded } = await ended(main, 'success');
    expect([post.code, recorded]).toEqual([0, []]);
    expect(warningsOf(post)).toContain('longer than the 5 min that the server was held');
  });
});

test('a step that fails leaves its post nothing to do', async () => {
  world.cloud.faults.add({ when: { method: 'POST', path: /\/servers$/ }, do: { status: 403 } });
  const main = await runStep(world.job, drill());
  expect([main.code, main.outputs['result']]).toEqual([1, 'failed']);
  const asked = world.cloud.requests.length;
  const { post, recorded } = await ended(main, 'failure');
  expect([post.code, post.lines, recorded]).toEqual([0, [], []]);
  expect(world.cloud.requests).toHaveLength(asked);
});

test('of a step that is killed, the post step removes what it had made, and nothing is decided', async () => {
  const running = await startStep(world.job, drill());
  await running.said('server "drill of greets" is being made');
  running.process.kill('SIGKILL');
  const main = await running.done;
  expect(newIn(world.cloud, before)).not.toEqual([]);
  const { post, recorded } = await ended(main, 'failure');
  expect([post.code, recorded]).toEqual([0, []]);
  expect(warningsOf(post)).toContain('interrupted before its server stood');
});

describe('while no process of ours runs', () => {
  const ANOTHER = {
    volumes: 'data',
    method: 'cinder-backup',
    mode: 'full',
    publish: 'directory:others',
    expiry: 'any',
  };
  /** Those are none of the drill's. */
  async function withoutBackups(): Promise<void> {
    await world.cloud.ticks.settle();
    const { backups } = world.cloud.state;
    for (const id of newIn(world.cloud, before)) backups.delete(id);
  }
  /** A run by somebody else, who knows this of the run that holds the server. */
  async function another(others: Liveness): Promise<void> {
    const where = { environment: world.cloud.openrc(), directory: world.job.workspace };
    const told = await runInProcess(backupVolume, ANOTHER, { ...where, others });
    expect([told.code, told.error]).toEqual([0, '']);
    await withoutBackups();
  }
  const MINUTE = 60_000;

  test('another step of the same run leaves it alone', async () => {
    const main = await heldServer({ expect: '' });
    const held = newIn(world.cloud, before);
    const other = await runStep(world.job, { action: 'backup-volume', inputs: ANOTHER });
    expect([other.code, errorsOf(other)]).toEqual([0, '']);
    await withoutBackups();
    expect(newIn(world.cloud, before)).toEqual(held);
    await ended(main, 'success');
  });

  test('who cannot see its run keeps off until its time is over, and then removes it; the post decides nothing', async () => {
    const main = await heldServer({ expect: '', hold: '120' });
    const held = newIn(world.cloud, before);
    expect(held).toHaveLength(4);
    // Longer than any record is valid that a process renews.
    world.cloud.clock.shift(119 * MINUTE);
    await another('unknown');
    expect(newIn(world.cloud, before)).toEqual(held);
    world.cloud.clock.shift(12 * MINUTE);
    await another('alive');
    expect(newIn(world.cloud, before)).toEqual(held);
    await another('unknown');
    expect(newIn(world.cloud, before)).toEqual([]);
    const { post, recorded } = await ended(main, 'success');
    expect([post.code, recorded]).toEqual([0, []]);
    expect(warningsOf(post)).toContain('the server was gone');
  });

  test('the next run that sees that its run is over, as of a runner that died, removes it at once', async () => {
    await heldServer({ expect: '' });
    expect(newIn(world.cloud, before)).toHaveLength(4);
    await another('ended');
    expect(newIn(world.cloud, before)).toEqual([]);
  });

  test('a post step that is killed leaves what the next run removes', async () => {
    const main = await heldServer({ expect: '' });
    const step = drill({ verdict: 'success' });
    const asked = world.cloud.requests.length;
    const post = await startStep(world.job, { ...step, environment: main.state }, 'post');
    while (!world.cloud.requests.slice(asked).some(({ method }) => method === 'DELETE'))
      await new Promise((resolve) => setTimeout(resolve, 5));
    post.process.kill('SIGKILL');
    await post.done;
    await world.cloud.ticks.settle();
    await another('ended');
    await another('ended');
    expect(newIn(world.cloud, before)).toEqual([]);
  });

  test('a post step that cannot log in says what stays, and fails', async () => {
    const main = await heldServer({ expect: '' });
    const post = await runPost(
      world.job,
      { ...drill({ verdict: 'success' }), environment: { OS_PASSWORD: 'wrong' } },
      main,
    );
    expect(post.code).not.toBe(0);
    expect(warningsOf(post)).toContain(`server ${main.outputs['server-id']}, made for the drill`);
    await another('ended');
    expect(newIn(world.cloud, before)).toEqual([]);
  });
});

describe('is refused before anything is made', () => {
  test.each([
    [{ plan: 'plan.yml' }, '`hold` and `plan` contradict each other'],
    [{ each: 'true' }, '`hold` and `each` contradict each other'],
    [{ 'by-hand': 'true' }, '`hold` and `by-hand` contradict each other'],
    [{ check: 'true' }, '`hold` and `check` contradict each other'],
    [{ level: 'volume' }, '`level: volume` makes no server'],
    [{ level: 'bytes' }, '`level: bytes` makes no server'],
    [{ hold: 'true' }, 'use a whole number from 0 to 360'],
    [{ verdict: 'failure' }, '`verdict` is "failure" before the drill begins'],
    [{ verdict: '$' + '{{ job.status }}' }, 'does not evaluate the default of `verdict`'],
  ])('%j', async (inputs, said) => {
    const writes = touched(world).length;
    const main = await runStep(world.job, drill(inputs));
    expect([main.code, errorsOf(main)]).toEqual([2, expect.stringContaining(said)]);
    expect([touched(world).length, main.state]).toEqual([writes, {}]);
  });

  test('where no runner keeps anything for a post step, `check` is named', async () => {
    const told = await runInProcess(
      (await import('../../src/commands/drill.ts')).drill,
      { level: 'boot', network: 'private', hold: '30' },
      { environment: world.cloud.openrc(), directory: world.job.workspace },
    );
    expect([told.code, told.error]).toEqual([2, expect.stringContaining('give a command as `check`')]);
  });
});
