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
function list(inputs: Record<string, string> = {}, action = 'list'): Promise<Outcome> {
  const { owner, name } = world.github.state;
  const entries = Object.entries(world.job.environment).filter(([key]) => !key.startsWith('OS_'));
  return runStep(
    { ...world.job, environment: Object.fromEntries(entries) },
    {
      action,
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

test('show: the lines that fetch the manifest from GitHub, and restore that one from it', async () => {
  await backedUp('artifact');
  const shown = await list({ workflow: 'backup.yml', volume: 'db' }, 'show');
  expect(shown.code).toBe(0);
  const point = JSON.parse(shown.outputs['point'] ?? '') as {
    point: string;
    restore: string[];
    state: string;
  };
  const { owner, name, artifacts } = world.github.state;
  expect(point.restore).toEqual([
    expect.stringMatching(
      new RegExp(
        `^gh run download \\d+ --repo ${owner}/${name} --name ${artifacts[0]?.name} --dir manifest$`,
      ),
    ),
    `npx openstack-backup restore-volume --manifest manifest --volume ${point.point} --allow-unsigned # db`,
  ]);
  expect(point.state).toBe('unknown');
  expect(shown.summary).toContain('### Restore point of volume');
});

test('restore as of a time takes the newest artifact that is not later', async () => {
  const manifest = await backedUp('artifact');
  const { owner, name } = world.github.state;
  const restored = await runStep(world.job, {
    action: 'restore-volume',
    inputs: { workflow: 'backup.yml', volume: 'db', name: 'back', at: '0h', manifest: 'artifact' },
    environment: {
      GITHUB_RUN_ID: '1',
      GITHUB_WORKFLOW_REF: `${owner}/${name}/.github/workflows/restore.yml@refs/heads/main`,
    },
  });
  expect([restored.code, errorsOf(restored)]).toEqual([0, '']);
  expect(manifest).toMatch(/^artifact:/);
  expect([...world.cloud.state.volumes.values()].map((volume) => volume.name).sort()).toEqual(['back', 'db']);
});
