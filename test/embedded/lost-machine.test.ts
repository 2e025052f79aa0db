import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { unzip } from '../../src/catalog/github/unzip.ts';
import { startWorld, type World } from '../support/github.ts';
import { type Outcome, runStep, type Step, startStep } from '../support/step.ts';

jest.setTimeout(60_000);

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const backup = (volumes: string, run = world.run.id): Step => ({
  action: 'backup-volume',
  inputs: { volumes, concurrency: '1' },
  environment: { GITHUB_RUN_ID: String(run) },
});
const states = () =>
  [...world.cloud.state.backups.values()].map(
    ({ name, metadata }) => `${name?.[0]} ${metadata['openstack-backup:state']}`,
  );
const namesIn = ({ outputs }: Outcome): string[] =>
  (JSON.parse(outputs['restore-points'] ?? '[]') as { name: string }[]).map(({ name }) => name);
const published = (): string[] =>
  world.github.state.artifacts.flatMap(({ archive }) => {
    const text = String(unzip(archive, () => true, 1 << 20)['manifest.json']);
    const { restorePoints } = JSON.parse(text) as { restorePoints: { resource: { name: string } }[] };
    return restorePoints.map(({ resource }) => resource.name);
  });

test('what a lost machine saved is taken up by the next run, and published', async () => {
  world.cloud.seed.addVolume({ name: 'a' });
  world.cloud.seed.addVolume({ name: 'b', size: 40 });
  const running = await startStep(world.job, backup('a,b'));
  await running.said('of volume "b"');
  // The machine is gone: no post, and what it had on its disks with it.
  running.process.kill('SIGKILL');
  expect((await running.done).signal).toBe('SIGKILL');
  world.run.status = 'completed';
  expect(states()).toEqual(['a started', 'b started']);
  expect(published()).toEqual([]);

  world.cloud.seed.addVolume({ name: 'c' });
  const run = world.github.state.addRun({ status: 'in_progress', started: new Date() });
  const next = await runStep(world.job, backup('c', run.id));
  expect(next.code).toBe(0);
  expect(namesIn(next)).toEqual(expect.arrayContaining(['a', 'c']));
  expect(published()).toEqual(expect.arrayContaining(['a', 'c']));
  expect(states()).toContain('a recorded');
});

test('what could not be uploaded is taken up by the next run', async () => {
  world.cloud.seed.addVolume({ name: 'a' });
  const fault = { path: '/CreateArtifact', reply: { status: 403, json: { msg: 'no' } } };
  world.github.fault(fault);
  expect((await runStep(world.job, backup('a'))).code).toBe(1);
  expect(states()).toEqual(['a started']);
  world.run.status = 'completed';
  const run = world.github.state.addRun({ status: 'in_progress', started: new Date() });
  world.cloud.seed.addVolume({ name: 'c' });
  expect(namesIn(await runStep(world.job, backup('c', run.id))).sort()).toEqual(['a', 'c']);
  expect(states().sort()).toEqual(['a recorded', 'c recorded']);
});

test('backups are marked when they are published, with one request each and one list', async () => {
  for (const name of ['a', 'b', 'c']) world.cloud.seed.addVolume({ name });
  expect((await runStep(world.job, backup('a,b,c'))).code).toBe(0);
  const requests = world.cloud.requests.map(
    ({ method, path }) => `${method} ${path.replace(/\?.*|[0-9a-f-]{32,36}/g, '')}`,
  );
  // When all is saved: a list, and then nothing but the marks.
  const list = requests.findLastIndex((request) => /^GET .*backups\/detail$/.test(request));
  const after = requests.slice(list + 1);
  expect(after.map((request) => /^PUT .*backups/.test(request))).toEqual([true, true, true]);
});
