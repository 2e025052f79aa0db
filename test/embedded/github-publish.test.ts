import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { unzip } from '../../src/catalog/github/unzip.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { signatureHolds, verifyingKey } from '../../src/manifest/sign.ts';
import { SIGN_KEY, startWorld, touched, VERIFY_KEY, visible, type World } from '../support/github.ts';
import { cancel, errorsOf, runPost, runStep, type Step, startStep, warningsOf } from '../support/step.ts';

jest.setTimeout(60_000);

const HOSTILE = 'x\n::error::y `id` ##[error]z';

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.cloud.seed.addVolume({ name: 'db' });
});
afterEach(async () => {
  expect(world.github.errors).toEqual([]);
  await world[Symbol.asyncDispose]();
});

const backup = (inputs: Record<string, string> = {}, environment: Record<string, string> = {}): Step => ({
  action: 'backup-volume',
  inputs: { volumes: 'db', ...inputs },
  environment,
});

const filesOf = (archive: Buffer | undefined) => unzip(archive ?? Buffer.alloc(0), () => true, 1 << 20);
const manifestOf = (bytes: Buffer | undefined) => JSON.parse(String(bytes)) as Manifest;
const requestsTo = (path: string) =>
  world.github.requests.filter((request) => request.path.includes(path)).map(({ method }) => method);

describe('an artifact', () => {
  test('holds the manifest, its digest and its signature, and is named for the next step', async () => {
    const main = await runStep(world.job, backup({ 'sign-key': SIGN_KEY }));
    expect([main.code, main.stderr]).toEqual([0, '']);
    const [artifact] = world.github.state.artifacts;
    const files = filesOf(artifact?.archive);
    expect(Object.keys(files).sort()).toEqual([
      'RESTORE.md',
      'manifest.json',
      'manifest.json.sha256',
      'manifest.json.sig',
    ]);
    expect(String(files['RESTORE.md'])).toContain(main.outputs['manifest-sha256']);
    const text = files['manifest.json'] ?? Buffer.alloc(0);
    expect(signatureHolds(text, String(files['manifest.json.sig']).trim(), verifyingKey(VERIFY_KEY))).toBe(
      true,
    );
    expect(String(files['manifest.json.sha256'])).toBe(`${main.outputs['manifest-sha256']}  manifest.json\n`);
    expect(manifestOf(text).restorePoints.map(({ resource }) => resource.name)).toEqual(['db']);
    expect(artifact?.name).toMatch(new RegExp(`^openstack-backup-${world.run.id}-1-[0-9a-f]{8}$`));
    expect(main.outputs).toMatchObject({
      manifest: `artifact:${world.run.id}/${artifact?.name}`,
      'artifact-id': String(artifact?.id),
      failed: '[]',
    });
    expect(main.summary).toContain('1 of 1 volumes backed up');
    expect(main.summary).toContain('To restore: `restore-volume` with `manifest:`');
  });

  test('is all that the post has nothing to do for', async () => {
    const main = await runStep(world.job, backup());
    const before = world.github.requests.length;
    const post = await runPost(world.job, backup(), main);
    expect([post.code, post.lines, post.stderr]).toEqual([0, [], '']);
    expect(world.github.requests).toHaveLength(before);
  });

  test('of two steps of one job are two', async () => {
    await Promise.all([runStep(world.job, backup()), runStep(world.job, backup({ mode: 'full' }))]);
    expect(new Set(world.github.state.artifacts.map(({ name }) => name)).size).toBe(2);
  });

  test('that would expire before the backups is warned of, once', async () => {
    const main = await runStep(world.job, backup({ 'expiry-days': '5' }));
    expect(warningsOf(main)).toContain(
      'expires after 5 days, but the backups do not. Add release or a store that lasts to `publish`',
    );
    const create = world.github.requests.find(({ path }) => path.endsWith('/CreateArtifact'));
    const { expires_at: expires } = JSON.parse(String(create?.body)) as { expires_at: string };
    expect((Date.parse(expires) - Date.now()) / 86_400_000).toBeCloseTo(5, 1);
  });

  test('alone is refused where the manifest must outlive it', async () => {
    const main = await runStep(world.job, backup({ expiry: 'outlive' }));
    expect(main.code).toBe(2);
    expect(errorsOf(main)).toContain('the artifact with the manifest expires after 90 days');
    expect(touched(world)).toEqual([]);
  });

  test.each([
    ['GitHub Enterprise Server', { GITHUB_SERVER_URL: 'https://github.example.org' }, 'no artifact service'],
    ['a run: step', { ACTIONS_RUNTIME_TOKEN: '' }, 'Run it as an action'],
  ])('is refused on %s before anything is touched', async (_where, environment, said) => {
    const main = await runStep(world.job, backup({}, environment));
    expect(main.code).toBe(2);
    expect(errorsOf(main)).toContain(said);
    expect(world.cloud.requests).toEqual([]);
  });

  const states = () =>
    [...world.cloud.state.backups.values()].map(({ metadata }) => metadata['openstack-backup:state']);

  test('is what its backups are recorded by', async () => {
    const main = await runStep(world.job, backup());
    expect([main.code, states()]).toEqual([0, ['recorded']]);
  });

  test('that cannot be uploaded fails the step, and its post tries again', async () => {
    world.github.fault({
      path: '/CreateArtifact',
      reply: { status: 403, json: { code: 'permission_denied', msg: 'no' } },
    });
    const main = await runStep(world.job, backup());
    expect(main.code).toBe(1);
    expect(errorsOf(main)).toContain('could not be uploaded');
    expect(main.outputs['restore-points']).toContain('"name":"db"');
    expect(states()).toEqual(['started']);
    const post = await runPost(world.job, backup(), main);
    expect([post.code, post.stderr]).toEqual([0, '']);
    expect(post.lines.join('\n')).toContain(
      'the step was interrupted, and what it had saved is published now',
    );
    const [artifact] = world.github.state.artifacts;
    expect(manifestOf(filesOf(artifact?.archive)['manifest.json']).restorePoints).toHaveLength(1);
    expect(states()).toEqual(['recorded']);
  });
});

describe('a release', () => {
  test('is a draft first, then its files, then published; and never the latest of the repository', async () => {
    const main = await runStep(world.job, backup({ publish: 'release', 'sign-key': SIGN_KEY }));
    expect([main.code, main.stderr]).toEqual([0, '']);
    const [release] = world.github.state.releases;
    expect(release).toMatchObject({ draft: false, prerelease: true, makeLatest: 'false' });
    expect(release?.tag).toMatch(/^openstack-backup\/\d{8}T\d{6}Z-[0-9a-f]{8}$/);
    expect(release?.assets.map(({ name }) => name)).toEqual([
      'manifest.json',
      'manifest.json.sha256',
      'manifest.json.sig',
      'RESTORE.md',
    ]);
    expect(main.outputs['manifest']).toBe(`release:${release?.tag}`);
    expect(main.outputs['release-url']).toContain(`/releases/tag/${release?.tag}`);
    const order = world.github.requests
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path.includes('/assets') ? 'asset' : 'release'}`);
    expect(order).toEqual([
      'POST release',
      'POST asset',
      'POST asset',
      'POST asset',
      'POST asset',
      'PATCH release',
    ]);
    expect(warningsOf(main)).toBe('');
  });

  test('outlives the artifact', async () => {
    const step = backup({ publish: 'artifact, release', expiry: 'outlive', 'release-tag': 'nightly/7' });
    const main = await runStep(world.job, step);
    expect(main.code).toBe(0);
    expect(warningsOf(main)).toBe('');
    expect(world.github.state.releases.map(({ tag }) => tag)).toEqual(['nightly/7']);
    expect(world.github.state.artifacts).toHaveLength(1);
  });

  test('without the permission is refused before anything is touched, and the message names it', async () => {
    world.github.state.permissions = { contents: 'read' };
    const main = await runStep(world.job, backup({ publish: 'release' }));
    expect(main.code).toBe(2);
    expect(errorsOf(main)).toContain('Resource not accessible by integration');
    expect(errorsOf(main)).toContain('Add to the job: permissions: contents: write');
    expect(touched(world)).toEqual([]);
  });

  test('whose tag is taken is refused', async () => {
    world.github.state.addRelease('v1', {});
    const main = await runStep(world.job, backup({ publish: 'release', 'release-tag': 'v1' }));
    expect(main.code).toBe(2);
    expect(errorsOf(main)).toContain('release v1 already exists');
    expect(world.cloud.requests).toEqual([]);
  });
});

describe('a public repository', () => {
  beforeEach(() => {
    world.github.state.isPrivate = false;
  });

  test.each(['artifact', 'release'])('takes no manifest in clear as %s', async (publish) => {
    const main = await runStep(world.job, backup({ publish }));
    expect(main.code).toBe(2);
    expect(errorsOf(main)).toContain(`publish: ${publish} would show the manifest to everybody`);
    expect(errorsOf(main)).toContain('recipients');
    expect(world.cloud.requests).toEqual([]);
    expect(world.github.state.artifacts).toEqual([]);
  });

  test('sees an envelope, and only whom it is sealed to opens it', async () => {
    const identity = await generateIdentity();
    const recipients = await identityToRecipient(identity);
    const main = await runStep(world.job, backup({ publish: 'artifact, release', recipients }));
    expect([main.code, main.stderr]).toEqual([0, '']);
    const files = filesOf(world.github.state.artifacts[0]?.archive);
    expect(Object.keys(files).sort()).toEqual([
      'RESTORE.md.age',
      'envelope.json',
      'manifest.json.age',
      'manifest.json.age.sha256',
    ]);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    const opened = await decrypter.decrypt(files['manifest.json.age'] ?? Buffer.alloc(0));
    expect(manifestOf(Buffer.from(opened)).restorePoints).toHaveLength(1);
    const clear = Object.entries(files).map(([name, bytes]) => (name.endsWith('.age') ? '' : String(bytes)));
    const assets = world.github.state.releases[0]?.assets ?? [];
    for (const { name, bytes } of assets) if (!name.endsWith('.age')) clear.push(String(bytes));
    const volume = [...world.cloud.state.volumes.values()][0];
    for (const told of ['db', volume?.id ?? '', world.cloud.authUrl, 'demo'])
      expect(clear.join('\n')).not.toContain(`"${told}"`);
  });

  test('what is no recipient is refused, and not shown', async () => {
    const identity = await generateIdentity();
    const main = await runStep(world.job, backup({ recipients: identity }));
    expect(main.code).toBe(2);
    expect(errorsOf(main)).toContain('`recipients`: number 1 of 1 is not an age recipient');
    expect(visible(main)).not.toContain(identity);
  });
});

describe('secrets', () => {
  test('are masked in every encoding, and seen nowhere', async () => {
    const password = 'hunt-me-p4ss+w/rd';
    const step = backup({
      'clouds-yaml': world.cloud.cloudsYaml('demo'),
      'sign-key': SIGN_KEY,
      cloud: 'demo',
    });
    const main = await runStep(world.job, { ...step, environment: { RUNNER_DEBUG: '1' } });
    expect(main.code).toBe(0);
    const masks = new Set(main.commands.filter(({ name }) => name === 'add-mask').map(({ text }) => text));
    const bytes = Buffer.from(password);
    const encodings = [
      password,
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      Buffer.from(bytes.toString('hex')).toString('hex'),
      bytes.toString('base64'),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      Buffer.from(bytes.toString('hex')).toString('base64'),
      encodeURIComponent(password),
    ];
    for (const encoding of encodings) expect(masks).toContain(encoding);
    // The key's own lines, and neither its frame nor the harmless lines of clouds.yaml.
    expect(masks).toContain(SIGN_KEY.split('\n')[1]);
    for (const harmless of ['-----BEGIN PRIVATE KEY-----', 'clouds:', 'demo'])
      expect(masks).not.toContain(harmless);
    expect(masks).toContain(world.github.tokens.job);
    for (const encoding of [...encodings, world.github.tokens.job, ...SIGN_KEY.split('\n').slice(1, 2)])
      expect(visible(main)).not.toContain(encoding);
    expect(main.stdout).toMatch(/::debug::POST \/volume\/v3\/[0-9a-f]+\/backups: 202/);
  });

  test('hostile names start no command', async () => {
    world.cloud.seed.addVolume({ name: HOSTILE });
    const main = await runStep(world.job, backup({ volumes: 'all' }));
    expect(main.code).toBe(0);
    expect(errorsOf(main)).toBe('');
    expect(main.stdout).not.toMatch(/^\s*::error|##\[/m);
    expect(main.summary).not.toMatch(/`id`/);
  });
});

describe('wrong input', () => {
  test('is refused with one line, and nobody is asked', async () => {
    const main = await runStep(world.job, backup({ mode: 'ful', concurrency: '0', volumes: '' }));
    expect(main.code).toBe(2);
    expect(main.commands.filter(({ name }) => name === 'error')).toHaveLength(1);
    for (const name of ['volumes', 'mode', 'concurrency']) expect(errorsOf(main)).toContain(`\`${name}\``);
    expect(world.cloud.requests).toEqual([]);
    expect(world.github.requests).toEqual([]);
  });

  test('dry-run changes nothing anywhere', async () => {
    const main = await runStep(world.job, backup({ 'dry-run': 'true', publish: 'artifact, release' }));
    expect(main.code).toBe(0);
    expect(touched(world)).toEqual([]);
    expect(world.github.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('a step that is stopped', () => {
  /** One volume is saved, the other never will be. */
  async function startStuck(publish: string) {
    world.cloud.seed.addVolume({ name: 'stuck' });
    world.cloud.faults.add({
      when: {
        service: 'volume',
        method: 'POST',
        path: '/backups',
        body: (body) => JSON.stringify(body).includes('stuck'),
      },
      do: 'stuck',
    });
    const running = await startStep(world.job, backup({ volumes: 'db, stuck', publish }));
    await running.said('of volume "db" is available');
    return running;
  }

  test('publishes what succeeded within the time that the runner gives it', async () => {
    const running = await startStuck('artifact');
    const from = Date.now();
    await cancel(running);
    const main = await running.done;
    expect(Date.now() - from).toBeLessThan(7_500);
    expect([main.code, main.signal]).toEqual([1, null]);
    const manifest = manifestOf(filesOf(world.github.state.artifacts[0]?.archive)['manifest.json']);
    expect(manifest.run.finished).toBeNull();
    expect(manifest.restorePoints.map(({ resource }) => resource.name)).toEqual(['db']);
    expect(manifest.failed.map(({ name }) => name)).toEqual(['stuck']);
    expect(main.outputs['manifest']).toContain(`artifact:${world.run.id}/`);
  });

  test.each(['artifact', 'release'])(
    'and killed leaves its manifest to the post, which publishes it as %s',
    async (publish) => {
      const running = await startStuck(publish);
      running.process.kill('SIGKILL');
      const main = await running.done;
      expect(main.signal).toBe('SIGKILL');
      const post = await runPost(world.job, backup(), main);
      expect([post.code, post.stderr]).toEqual([0, '']);
      const { artifacts, releases } = world.github.state;
      const bytes =
        publish === 'artifact'
          ? filesOf(artifacts[0]?.archive)['manifest.json']
          : releases[0]?.assets.find(({ name }) => name === 'manifest.json')?.bytes;
      expect(manifestOf(bytes).restorePoints.map(({ resource }) => resource.name)).toEqual(['db']);
      expect(releases.every(({ draft }) => !draft)).toBe(true);
    },
  );

  test('that hangs is killed after ten seconds, and its post publishes', async () => {
    const running = await startStuck('artifact');
    world.github.fault({ path: '/CreateArtifact', reply: 'hang' });
    const from = Date.now();
    await cancel(running);
    const main = await running.done;
    expect(main.signal).toBe('SIGKILL');
    expect(Date.now() - from).toBeGreaterThan(9_900);
    await runPost(world.job, backup(), main);
    const manifest = manifestOf(filesOf(world.github.state.artifacts[0]?.archive)['manifest.json']);
    expect(manifest.restorePoints.map(({ resource }) => resource.name)).toEqual(['db']);
    expect(manifest.failed.map(({ name }) => name)).toEqual(['stuck']);
  });

  test('before anything was saved leaves no draft behind', async () => {
    world.cloud.faults.add({ when: { service: 'volume', method: 'POST', path: '/backups' }, do: 'stuck' });
    const running = await startStep(world.job, backup({ publish: 'release' }));
    await running.said('started: full');
    running.process.kill('SIGKILL');
    const main = await running.done;
    expect(world.github.state.releases).toHaveLength(1);
    await runPost(world.job, backup(), main);
    expect(world.github.state.releases).toEqual([]);
  });

  test('a post that cannot publish warns, and fails no job', async () => {
    const running = await startStuck('artifact');
    running.process.kill('SIGKILL');
    const main = await running.done;
    world.github.fault({ path: '/CreateArtifact', reply: { status: 403, json: { msg: 'no' } } });
    const post = await runPost(world.job, backup(), main);
    expect(post.code).toBe(0);
    expect(warningsOf(post)).toContain('could not be published');
  });
});

test('a directory is one in the workspace, which is gone with a hosted runner', async () => {
  const main = await runStep(world.job, backup({ publish: 'directory:out' }));
  expect(main.code).toBe(0);
  expect(warningsOf(main)).toContain('only to a directory of this runner');
  expect(main.outputs['manifest']).toContain(join(world.job.workspace, 'out'));
  expect(manifestOf(await readFile(main.outputs['manifest'] ?? '')).restorePoints).toHaveLength(1);
  expect(requestsTo('/')).toEqual([]);
});
