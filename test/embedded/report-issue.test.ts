import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { startWorld, visible, type World } from '../support/github.ts';
import { errorsOf, type Outcome, runStep, warningsOf } from '../support/step.ts';

jest.setTimeout(120_000);

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.github.state.permissions['issues'] = 'write';
  world.cloud.seed.addVolume({ name: 'private-db' });
  const [project] = [...world.cloud.state.projects.values()].filter(({ name }) => name === 'demo');
  await writeFile(
    join(world.job.workspace, 'plan.yml'),
    `version: 1
project: ${project?.id}
publish: ["directory:openstack-backups"]
back-up: [{name: all, select: "name:private-*", kinds: [volume], every: 1d}]
report: {issue: true}
`,
  );
});
afterEach(async () => {
  expect(world.github.errors).toEqual([]);
  await world[Symbol.asyncDispose]();
});

const step = (
  inputs: Record<string, string> = {},
  environment: Record<string, string> = {},
  action = 'report',
) => runStep(world.job, { action, inputs: { plan: 'plan.yml', ...inputs }, environment });
const writes = () =>
  world.github.requests
    .filter(({ method, path }) => method !== 'GET' && path.includes('/issues'))
    .map(({ method, path }) => `${method} ${path.replace(/.*\/infra/, '')}`);
const issues = () => world.github.state.issues;

/** The run's own verdict: red for one that is stale, and nothing else. */
function expectStale(told: Outcome): void {
  expect([told.code, errorsOf(told)]).toEqual([1, '1 stale']);
}

test('opened once, left alone while it is the same, updated, closed, and reopened; others never touched', async () => {
  const { state } = world.github;
  state.addIssue({ title: 'Backups: 1 stale in project demo', body: 'What about these?' });
  state.addIssue({ title: 'Fix the backups', isPull: true });
  const opened = await step();
  expectStale(opened);
  expect(writes()).toEqual(['POST /issues']);
  const ours = issues()[2];
  expect(ours).toMatchObject({ title: 'Backups: 1 stale in project demo', state: 'open' });
  expect(ours?.body).toContain('| volume <code>private-db</code> | stale | none |');
  expect(opened.summary).toContain('- Issue [#3](https://github.com/acme/infra/issues/3)');
  // A person and another bot who copy it.
  const copies = [
    state.addIssue({
      title: ours?.title ?? '',
      body: ours?.body ?? '',
      user: { login: 'eve', type: 'User' },
    }),
    state.addIssue({ title: ours?.title ?? '', body: `> ${ours?.body}` }),
    state.addIssue({ title: 'other project', body: ours?.body?.replace(/report \S+/, 'report 00') ?? '' }),
  ];
  const before = structuredClone(copies);

  // The night after, in another run.
  expectStale(await step({}, { GITHUB_RUN_ID: '77' }));
  expect(writes()).toEqual(['POST /issues']);

  world.cloud.seed.addVolume({ name: 'new' });
  expect(errorsOf(await step())).toBe('1 not covered, 1 stale');
  expect(writes()).toEqual(['POST /issues', 'PATCH /issues/3']);
  expect(ours?.title).toBe('Backups: 1 not covered, 1 stale in project demo');
  expect(ours?.body).toContain('volume <code>new</code> | uncovered');

  for (const volume of world.cloud.state.volumes.values()) volume.name = `private-${volume.name}`;
  expect((await step({}, {}, 'apply')).code).toBe(0);
  expect(ours).toMatchObject({ state: 'closed', reason: 'completed' });

  world.cloud.seed.addVolume({ name: 'private-later' });
  expectStale(await step());
  expect(ours).toMatchObject({ state: 'open', title: 'Backups: 1 stale in project demo' });
  expect(ours?.body).toContain('private-later');
  expect(writes()).toEqual(['POST /issues', ...Array(3).fill('PATCH /issues/3')]);
  expect(copies).toEqual(before);
});

test('two runs at once: one issue stays', async () => {
  await Promise.all([step(), step(), step()]).then((all) => all.forEach(expectStale));
  const open = issues().filter(({ state }) => state === 'open');
  expect(open.map(({ number }) => number)).toEqual([1]);
  // And if they had not seen each other, the next one does.
  world.github.state.addIssue({ body: open[0]?.body ?? '' });
  await step();
  expect(issues().filter(({ state }) => state === 'open')).toHaveLength(1);
});

test.each([
  [
    'without the permission',
    () => delete world.github.state.permissions['issues'],
    'permissions: issues: write',
  ],
  [
    'with issues disabled',
    () => Object.assign(world.github.state, { hasIssues: false }),
    'issues are disabled in acme/infra. Enable them in its settings',
  ],
  [
    'where GitHub has none of it',
    () => world.github.fault({ path: '/issues', reply: { status: 404, json: { message: 'Not Found' } } }),
    'cannot list the issues: GitHub said 404',
  ],
  [
    'where GitHub fails',
    () => world.github.fault({ path: '/issues', times: 9, reply: { status: 500, json: {} } }),
    'cannot list the issues: GitHub said 500',
  ],
  [
    'where GitHub says nonsense',
    () => world.github.fault({ path: '/issues', reply: { status: 200, json: {} } }),
    'issues is not a list',
  ],
  [
    'without a token',
    () => Object.assign(world.job.environment, { 'INPUT_GITHUB-TOKEN': '' }),
    '`github-token` is empty',
  ],
])('%s: a warning, and the report is what it is', async (_, mischief, said) => {
  mischief();
  const told = await step();
  expectStale(told);
  expect(warningsOf(told)).toContain('no issue was written about this report: ');
  expect(warningsOf(told)).toContain(said);
  expect(issues()).toEqual([]);
});

test('in a public repository it names nothing', async () => {
  world.github.state.isPrivate = false;
  expectStale(await step());
  const { title, body } = issues()[0] ?? {};
  expect(title).toBe('Backups: 1 stale');
  for (const hidden of [
    'private-db',
    'demo',
    ...world.cloud.state.volumes.keys(),
    ...world.cloud.state.projects.keys(),
  ])
    expect(body).not.toContain(hidden);
});

test.each([
  ['a pull request', { GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/1/merge' }],
  ['a pull request, with the rights of the base', { GITHUB_EVENT_NAME: 'pull_request_target' }],
  ['another branch', { GITHUB_REF: 'refs/heads/try' }],
])('%s: none is written, not even read', async (_, environment) => {
  const told = await step({}, environment);
  expectStale(told);
  expect(visible(told)).toContain('no issue is written: this run is not on main');
  expect(world.github.requests.filter(({ path }) => path.includes('/issues'))).toEqual([]);
});

test('a dry run writes none, and a token of a person knows its own', async () => {
  expectStale(await step({ 'dry-run': 'true' }));
  expect(issues()).toEqual([]);
  world.github.state.tokenUser = 'carol';
  expectStale(await step());
  expectStale(await step());
  expect(writes()).toEqual(['POST /issues']);
});
