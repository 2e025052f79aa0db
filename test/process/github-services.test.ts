import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { GitHubHost } from '../../src/host/github/host.ts';
import { cloudInputs } from '../../src/inputs/cloud.ts';
import { storeInputs } from '../../src/inputs/store.ts';
import { parseInputs } from '../../src/inputs/table.ts';
import type { GitHub } from '../../src/ports/github.ts';
import { silentLog } from '../../src/ports/log.ts';
import { publishFiles } from '../../src/publish/github/release.ts';
import type { Context } from '../../src/run/context.ts';
import { deleteManifests } from '../../src/run/prune/delete.ts';
import { type FakeGitHub, type Run, startFakeGitHub } from '../fakes/github/index.ts';

jest.setTimeout(60_000);

/** The real clients in this process; they read process.env. */
let fake: FakeGitHub;
let run: Run;
const said: string[] = [];
let open: (environment?: Record<string, string>) => GitHubHost;

beforeAll(async () => {
  fake = await startFakeGitHub();
  run = fake.state.addRun({ status: 'in_progress' });
  Object.assign(process.env, fake.environment(run));
  const { githubHost } = await import('../../src/host/github/host.ts');
  open = (environment = {}) =>
    githubHost({
      stdout: { write: (text) => said.push(text) },
      environment: { ...process.env, ...environment },
      directory: '/',
      signal: new AbortController().signal,
      title: 'test',
    });
});
afterAll(() => fake.close());
beforeEach(() => {
  said.length = 0;
  fake.state.permissions = { actions: 'read', contents: 'write', 'id-token': 'write' };
});

const github = (environment?: Record<string, string>): GitHub => {
  const services = open(environment).github;
  if (services === undefined) throw new Error('a workflow has GitHub');
  return services;
};

describe('whether the maker of a leftover lives', () => {
  const owner = (fields: object = {}) =>
    ({ kind: 'github', repository: 'acme/infra', run: String(run.id), attempt: '1', ...fields }) as const;

  test('this run does, and its earlier attempts do not', async () => {
    expect(await open().liveness(owner())).toBe('alive');
    expect(await open({ GITHUB_RUN_ATTEMPT: '2' }).liveness(owner())).toBe('ended');
  });

  test('a run that is over does not, one under way does', async () => {
    const over = fake.state.addRun();
    const other = fake.state.addRun({ status: 'queued' });
    expect(await open().liveness(owner({ run: String(over.id) }))).toBe('ended');
    expect(await open().liveness(owner({ run: String(other.id) }))).toBe('alive');
  });

  test.each([
    ['of another repository', { repository: 'o/r' }],
    ['that was deleted', { run: '1' }],
  ])('of a run %s is not known', async (_which, fields) =>
    expect(await open().liveness(owner(fields))).toBe('unknown'),
  );

  test('is not known without a token, or the permission', async () => {
    const over = owner({ run: String(fake.state.addRun().id) });
    expect(await open({ 'INPUT_GITHUB-TOKEN': '' }).liveness(over)).toBe('unknown');
    fake.state.permissions = {};
    expect(await open().liveness(over)).toBe('unknown');
  });

  test('of a process is not known from here', async () =>
    expect(
      await open().liveness({ kind: 'host', machine: 'm', boot: 'b', namespace: '1', pid: 1, start: '1' }),
    ).toBe('unknown'));
});

describe('an identity token', () => {
  test('is of the audience, and masked', async () => {
    const host = open();
    const token = await host.identityToken('keystone');
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      aud: 'keystone',
      repository_id: '4711',
    });
    expect(said.join('')).toContain(`::add-mask::${token}`);
    expect(host.secrets.redact(`x ${token}`)).toBe('x ***');
  });

  test('without the permission names it', async () => {
    await expect(open({ ACTIONS_ID_TOKEN_REQUEST_URL: '' }).identityToken('keystone')).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining('permissions: id-token: write'),
    });
  });
});

describe('a release that was cut short', () => {
  const files = { a: Buffer.from('one'), b: Buffer.from('two') };

  test('gets what is missing, and half an upload is made anew', async () => {
    const { releases } = github();
    const { id } = await releases.draft('t1', 'title', 'text');
    const kept = fake.state.releases.find((release) => release.id === id);
    kept?.assets.push(
      { ...fake.state.asset('a', Buffer.from('one')) },
      { ...fake.state.asset('b', Buffer.from('t')), state: 'starter' },
    );
    const release = await publishFiles(releases, id, files);
    expect(release).toMatchObject({ draft: false, tag: 't1' });
    expect(kept?.assets.map(({ name, bytes }) => [name, String(bytes)])).toEqual([
      ['a', 'one'],
      ['b', 'two'],
    ]);
  });

  test('and was published after all is left alone', async () => {
    const { releases } = github();
    const { id } = await releases.draft('t2', 'title', 'text');
    await publishFiles(releases, id, files);
    const before = fake.requests.length;
    await publishFiles(releases, id, files);
    expect(fake.requests.slice(before).map(({ method }) => method)).toEqual(['GET']);
  });
});

describe('a release that is to be removed', () => {
  const notFound = { status: 404, json: { message: 'Not Found' } };
  const drafted = async (tag: string) => (await github().releases.draft(tag, 'title', 'text')).id;
  const isThere = (id: number) => fake.state.releases.some((release) => release.id === id);

  test('is gone afterwards, and also if another run was faster', async () => {
    const id = await drafted('r1');
    await github().releases.remove(id);
    expect(isThere(id)).toBe(false);
    await expect(github().releases.remove(id)).resolves.toBeUndefined();
  });

  test('and is still there although GitHub said 404 is a failure, which says what to do', async () => {
    const id = await drafted('openstack-backup/r2');
    await publishFiles(github().releases, id, { 'manifest.json': Buffer.from('{}') });
    fake.fault({ method: 'DELETE', path: `/releases/${id}`, reply: notFound, times: 2 });
    await expect(github().releases.remove(id)).rejects.toMatchObject({
      exitCode: 2,
      message: `cannot remove release ${id}: GitHub said 404, but it is still there`,
      hint: expect.stringContaining('permissions: contents: write'),
    });
    const lines: string[] = [];
    const log = { ...silentLog, error: (line: string) => void lines.push(line) };
    const context = { host: { log, github: github() } } as unknown as Context;
    const failed = await deleteManifests(
      context,
      ['release:openstack-backup/r2'],
      parseInputs({ ...cloudInputs, ...storeInputs }, {}),
    );
    expect(failed).toMatchObject([{ kind: 'manifest', error: expect.stringContaining('still there') }]);
    expect(lines).toEqual([
      expect.stringMatching(/Add to the job: permissions: contents: write\. The next run/),
    ]);
    expect(isThere(id)).toBe(true);
  });
});

describe('the repository', () => {
  test('is asked what it is now', async () => {
    expect(await github().repository()).toEqual({ id: 4711, isPublic: false, defaultBranch: 'main' });
    fake.state.isPrivate = false;
    expect((await github().repository()).isPublic).toBe(true);
  });

  test('that does not answer at once is asked again, as long as asking changes nothing', async () => {
    fake.fault({ path: '/repos/', reply: 'reset', times: 2 });
    expect((await github().repository()).id).toBe(4711);
    fake.fault({
      path: '/repos/',
      reply: { status: 429, headers: { 'retry-after': '1' }, json: { message: 'slow' } },
    });
    expect((await github().repository()).id).toBe(4711);
    fake.fault({ method: 'POST', path: '/releases', reply: { status: 502, json: { message: 'bad' } } });
    const before = fake.requests.length;
    await expect(github().releases.draft('t3', 'title', 'text')).rejects.toThrow(
      'cannot make a release t3: GitHub said 502',
    );
    expect(fake.requests.slice(before)).toHaveLength(1);
  });
});

test('no token was sent where it does not belong, and the fake did nothing wrong', () => {
  expect(fake.errors).toEqual([]);
});
