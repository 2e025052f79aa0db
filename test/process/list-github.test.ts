import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
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

/** A backup by a scheduled run that is over then. */
async function backedUp(publish: string): Promise<string> {
  const { code, outputs } = await runStep(world.job, {
    action: 'backup-volume',
    inputs: { volumes: 'db', publish },
  });
  expect(code).toBe(0);
  world.run.status = 'completed';
  return outputs['manifest'] ?? '';
}

/** In a run of another workflow, with no credentials for the cloud. */
function list(inputs: Record<string, string> = {}): Promise<Outcome> {
  const { owner, name } = world.github.state;
  const entries = Object.entries(world.job.environment).filter(([key]) => !key.startsWith('OS_'));
  return runStep(
    { ...world.job, environment: Object.fromEntries(entries) },
    {
      action: 'list',
      inputs,
      environment: {
        GITHUB_RUN_ID: '1',
        GITHUB_WORKFLOW_REF: `${owner}/${name}/.github/workflows/list.yml@refs/heads/main`,
      },
    },
  );
}

const pointsOf = ({ outputs }: Outcome) =>
  JSON.parse(outputs['points'] ?? '') as { name: string; manifest: string; doubt: string }[];

test('artifacts and releases: each manifest once, with every place that has it', async () => {
  const manifest = await backedUp('artifact,release');
  const asked = world.cloud.requests.length;
  const listed = await list({ workflow: 'backup.yml' });
  expect([listed.code, listed.outputs['unread']]).toEqual([0, '[]']);
  const [release] = world.github.state.releases;
  // The artifact is beyond doubt, and so the manifest is.
  expect(pointsOf(listed)).toMatchObject([{ name: 'db', doubt: '' }]);
  expect(pointsOf(listed)[0]?.manifest.split(', ').sort()).toEqual(
    [manifest, `release:${release?.tag}`].sort(),
  );
  expect(listed.summary).toContain('### 1 restore point');
  expect(listed.summary).toMatch(/\| db \|/);
  expect(world.cloud.requests).toHaveLength(asked);
});

test('only releases, which need no workflow', async () => {
  await backedUp('artifact,release');
  const [point] = pointsOf(await list({ manifest: 'release' }));
  expect(point).toMatchObject({
    manifest: `release:${world.github.state.releases[0]?.tag}`,
    doubt: 'is not signed',
  });
});

test('an expired artifact is named, and the step fails', async () => {
  await backedUp('artifact');
  const broken = Buffer.from('no archive');
  Object.assign(world.github.state.artifacts[0] ?? {}, { archive: broken });
  const listed = await list({ workflow: 'backup.yml' });
  expect([listed.code, pointsOf(listed)]).toEqual([1, []]);
  expect(errorsOf(listed)).toContain('1 of 1 manifests could not be read');
  expect(listed.summary).toContain('Could not be read');
});

test('where there is nothing, the workflow is named that makes the backups', async () => {
  await backedUp('artifact');
  const listed = await list();
  expect(listed.code).toBe(2);
  expect(errorsOf(listed)).toContain('backup.yml');
});
