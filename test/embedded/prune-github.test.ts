import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { makeKeeper } from '../scenarios/sealed.ts';
import { startWorld, type World } from '../support/github.ts';
import { errorsOf, type Outcome, runStep } from '../support/step.ts';

jest.setTimeout(60_000);

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.cloud.seed.addVolume({ name: 'db' });
});
afterEach(async () => {
  expect(world.github.errors).toEqual([]);
  await world[Symbol.asyncDispose]();
});

async function step(action: string, inputs: Record<string, string>): Promise<Outcome> {
  const outcome = await runStep(world.job, { action, inputs });
  world.run.status = 'completed';
  return outcome;
}

async function threeNights(publish: string, ...more: readonly Record<string, string>[]): Promise<string[]> {
  const backups: string[] = [];
  for (let night = 0; night < 3; night += 1) {
    world.cloud.clock.shift(86_400_000);
    const { code, outputs } = await step('backup-volume', {
      volumes: 'db',
      mode: 'full',
      publish,
      ...more[night],
    });
    expect(code).toBe(0);
    const [point] = JSON.parse(outputs['restore-points'] ?? '[]') as { backup: string }[];
    backups.push(point?.backup ?? '');
  }
  return backups;
}

const KEEP = { 'keep-last': '1', 'min-copies': '1', 'allow-over-half': 'true' };
const dataOf = ({ outputs }: Outcome) =>
  (JSON.parse(outputs['points'] ?? '[]') as { data: string }[]).map(({ data }) => data);

test('artifacts: the record is one too, and no catalog offers what was deleted', async () => {
  const backups = await threeNights('artifact');
  const pruned = await step('prune', KEEP);
  expect([pruned.code, errorsOf(pruned)]).toEqual([0, '']);
  expect([...world.cloud.state.backups.keys()]).toEqual(backups.slice(2));
  expect(pruned.outputs['manifest']).toMatch(/^artifact:/);
  expect(pruned.summary).toContain('2 restore points deleted, 1 kept');
  const listed = await step('list', { offline: 'true' });
  expect(dataOf(listed)).toEqual(backups.slice(2));
  const again = await step('prune', KEEP);
  expect([again.code, again.outputs['deleted'], again.outputs['manifest']]).toEqual([0, '[]', undefined]);
});

test('releases: the record is one too', async () => {
  const backups = await threeNights('release');
  const unsigned = await step('prune', KEEP);
  expect([unsigned.code, world.cloud.state.backups.size]).toEqual([2, 3]);
  const pruned = await step('prune', { ...KEEP, 'allow-unsigned': 'true' });
  expect([pruned.code, errorsOf(pruned)]).toEqual([0, '']);
  expect([...world.cloud.state.backups.keys()]).toEqual(backups.slice(2));
  expect(pruned.outputs['manifest']).toMatch(/^release:/);
  const offered = async () => dataOf(await step('list', { offline: 'true', manifest: 'release' }));
  expect(await offered()).toEqual(backups.slice(2));
  // The next run removes the manifests of what is gone, and the one behind it the record, which nothing refers to then.
  for (const releases of [4, 2, 1, 1]) {
    expect(world.github.state.releases).toHaveLength(releases);
    expect((await step('prune', { ...KEEP, 'allow-unsigned': 'true' })).code).toBe(0);
    expect(await offered()).toEqual(backups.slice(2));
  }
});

test('a gone volume whose points were all pruned is not found by `latest`', async () => {
  await threeNights('artifact');
  world.cloud.state.volumes.clear();
  world.cloud.clock.shift(10 * 86_400_000);
  const pruned = await step('prune', { ...KEEP, gone: '5d' });
  expect([pruned.code, world.cloud.state.backups.size]).toEqual([0, 0]);
  const restored = await step('restore-volume', { manifest: 'latest', volume: 'db' });
  expect(restored.code).toBe(2);
  expect(errorsOf(restored)).toContain('no manifest');
});

test('the tags in sealed manifests keep what has them; without the identity nobody knows them, and nothing is deleted', async () => {
  const { recipient: recipients, environment } = await makeKeeper();
  const tagged = { recipients, tag: 'release' };
  const backups = await threeNights('artifact', tagged, { recipients }, { recipients });
  const rules = { ...KEEP, 'keep-tag': 'release' };
  const closed = await step('prune', rules);
  expect([closed.code, world.cloud.state.backups.size]).toEqual([2, 3]);
  const opened = await step('prune', { ...rules, recipients, identity: environment.IDENTITY });
  expect([opened.code, errorsOf(opened)]).toEqual([0, '']);
  expect([...world.cloud.state.backups.keys()]).toEqual([backups[0], backups[2]]);
});
