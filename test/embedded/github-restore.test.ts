import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { LARGEST_ARCHIVE } from '../../src/catalog/github/find.ts';
import { unzip } from '../../src/catalog/github/unzip.ts';
import { LARGEST_MANIFEST, sha256 } from '../../src/manifest/parse.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import type { Volume } from '../fakes/cloud/index.ts';
import type { Artifact, Run } from '../fakes/github/index.ts';
import { zip } from '../fakes/github/index.ts';
import { SIGN_KEY, startWorld, touched, VERIFY_KEY, type World } from '../support/github.ts';
import { errorsOf, type Outcome, runStep, warningsOf } from '../support/step.ts';

jest.setTimeout(60_000);

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.cloud.seed.addVolume({ name: 'db', bytes: Buffer.from('what must come back') });
});
afterEach(async () => {
  expect(world.github.errors).toEqual([]);
  await world[Symbol.asyncDispose]();
});

/** A backup by a scheduled run that is over then. */
async function backedUp(inputs: Record<string, string> = {}): Promise<Outcome> {
  const outcome = await runStep(world.job, { action: 'backup-volume', inputs: { volumes: 'db', ...inputs } });
  expect(outcome.code).toBe(0);
  world.run.status = 'completed';
  return outcome;
}

/** In a run of another workflow, by hand. */
function restore(inputs: Record<string, string>, environment: Record<string, string> = {}): Promise<Outcome> {
  const { owner, name } = world.github.state;
  return runStep(world.job, {
    action: 'restore-volume',
    inputs,
    environment: {
      GITHUB_RUN_ID: '1',
      GITHUB_WORKFLOW_REF: `${owner}/${name}/.github/workflows/restore.yml@refs/heads/main`,
      ...environment,
    },
  });
}

function bytesOf(outcome: Outcome): string {
  const volume = world.cloud.state.volumes.get(outcome.outputs['volume-id'] ?? '');
  if (volume === undefined) throw new Error(`nothing was restored:\n${outcome.stdout}${outcome.stderr}`);
  return world.cloud.readPlain(volume, 0, 19).toString();
}

/** Made since the backup. */
const restoredVolumes = () => touched(world).filter((line) => /restore|POST .*\/volumes$/.test(line));

function refused(outcome: Outcome, ...said: string[]): void {
  for (const text of said) expect(errorsOf(outcome)).toContain(text);
  expect(outcome.code).toBe(2);
  expect(restoredVolumes()).toEqual([]);
}

const artifactOf = (): Artifact => {
  const [artifact] = world.github.state.artifacts;
  if (artifact === undefined) throw new Error('there is no artifact');
  return artifact;
};

const filesOf = (artifact: Artifact) => unzip(artifact.archive, () => true, 1 << 20);

/** The same artifact with another manifest in it, its sidecar and GitHub's digest made to fit. */
function forge(change: (manifest: Manifest) => void): Record<string, Buffer> {
  const files = filesOf(artifactOf());
  const manifest = JSON.parse(String(files['manifest.json'])) as Manifest;
  change(manifest);
  const text = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
  return { 'manifest.json': text, 'manifest.json.sha256': Buffer.from(`${sha256(text)}  manifest.json\n`) };
}

function replaceArchive(archive: Buffer): void {
  Object.assign(artifactOf(), { archive, digest: `sha256:${sha256(archive)}` });
}

const packed = (files: Readonly<Record<string, Uint8Array>>) =>
  zip(Object.entries(files).map(([name, bytes]) => ({ name, bytes })));

describe('is found', () => {
  test('by its run', async () => {
    await backedUp();
    const outcome = await restore({ manifest: `artifact:${world.run.id}` });
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(bytesOf(outcome)).toBe('what must come back');
    expect(outcome.summary).toContain('Volume db restored');
  });

  test('by what the backup handed on, in the same run', async () => {
    const main = await runStep(world.job, { action: 'backup-volume', inputs: { volumes: 'db' } });
    const outcome = await runStep(world.job, {
      action: 'restore-volume',
      inputs: { manifest: main.outputs['manifest'] ?? '' },
    });
    expect(bytesOf(outcome)).toBe('what must come back');
  });

  test('by the artifacts of several steps, in one that has it, and not in what a later attempt saved', async () => {
    const { cloud, run } = world;
    const volume = [...cloud.state.volumes.values()][0] as Volume;
    cloud.seed.addVolume({ name: 'other' });
    const before = [await backedUp(), await backedUp({ volumes: 'other' })].map(
      ({ outputs }) => outputs['manifest'] ?? '',
    );
    const point = `${before[0]},${before[1]?.split('/')[1]}`;
    cloud.writePlain(volume, 0, Buffer.from('what a deployment wr'));
    await backedUp();
    const outcome = await restore({ manifest: point, volume: 'db', name: 'again' });
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(bytesOf(outcome)).toBe('what must come back');
    const inputs = { manifest: point, volume: 'db', name: 'in a later job' };
    expect(bytesOf(await runStep(world.job, { action: 'restore-volume', inputs }))).toBe(
      'what must come back',
    );
    const gone = await restore({ manifest: `${point},openstack-backup-x`, volume: 'db' });
    expect([gone.code, errorsOf(gone)]).toEqual([
      2,
      expect.stringContaining(`run ${run.id} has no artifact openstack-backup-x`),
    ]);
  });

  test('as the latest, among artifacts', async () => {
    await backedUp();
    const outcome = await restore({ manifest: 'latest', workflow: 'backup.yml', volume: 'db' });
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(bytesOf(outcome)).toBe('what must come back');
  });

  test('as the latest, as a release where the artifact is gone', async () => {
    await backedUp({ publish: 'artifact, release', 'sign-key': SIGN_KEY });
    artifactOf().expired = true;
    const inputs = { manifest: 'latest', workflow: 'backup.yml', volume: 'db', 'verify-key': VERIFY_KEY };
    const outcome = await restore(inputs);
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(outcome.lines.join('\n')).toContain('release openstack-backup/');
    expect(bytesOf(outcome)).toBe('what must come back');
  });

  test('as a release, unsigned only when told', async () => {
    const { outputs } = await backedUp({ publish: 'release' });
    const manifest = outputs['manifest'] ?? '';
    refused(await restore({ manifest }), 'is not signed');
    const outcome = await restore({ manifest, 'allow-unsigned': 'true' });
    expect(outcome.code).toBe(0);
    expect(warningsOf(outcome)).toContain('is not signed; restoring from it anyway');
  });

  test('as the latest in artifact and release, unsigned: the run vouches for both', async () => {
    await backedUp({ publish: 'artifact, release' });
    const outcome = await restore({ manifest: 'latest', workflow: 'backup.yml', name: 'again' });
    expect([outcome.code, warningsOf(outcome)]).toEqual([0, '']);
  });

  test('sealed, with the identity', async () => {
    world.github.state.isPrivate = false;
    const identity = await generateIdentity();
    await backedUp({ recipients: await identityToRecipient(identity) });
    const manifest = `artifact:${world.run.id}`;
    refused(await restore({ manifest }), 'is sealed', '`identity`');
    refused(await restore({ manifest, identity: await generateIdentity() }), 'not sealed to this');
    const outcome = await restore({ manifest, identity: `# a key file\n${identity}\n` });
    expect(bytesOf(outcome)).toBe('what must come back');
  });

  test('in a directory of the workspace', async () => {
    const { outputs } = await backedUp({ publish: 'directory:out', 'sign-key': SIGN_KEY });
    const verify = { 'verify-key': VERIFY_KEY };
    expect((await restore({ manifest: outputs['manifest'] ?? '', ...verify })).code).toBe(0);
    expect((await restore({ manifest: 'latest:out', volume: 'db', ...verify })).code).toBe(0);
  });
});

describe('the latest', () => {
  test('is the newest that has the volume, and copies spare downloads', async () => {
    await backedUp();
    const { state, requests } = world.github;
    // Newer runs that saved something else.
    for (let hour = 1; hour <= 5; hour += 1) {
      const run = state.addRun({ started: new Date(Date.now() + hour * 3_600_000) });
      const files = forge((manifest) => {
        for (const point of manifest.restorePoints) {
          point.resource.name = 'other';
          point.resource.id = '99999999-9999-4999-8999-999999999999';
        }
        manifest.run.started = run.started.toISOString();
        manifest.run.id = `0000000${hour}-0000-4000-8000-000000000000`;
      });
      state.addArtifact(run, files);
    }
    const downloads = () => requests.filter(({ path }) => path.endsWith('/zip')).length;
    const inputs = { manifest: 'latest', workflow: 'backup.yml', volume: 'db' };
    const first = await restore(inputs);
    expect([first.code, first.stderr, downloads()]).toEqual([0, '', 6]);
    expect(state.caches.map(({ key }) => key)).toEqual([
      expect.stringMatching(/^openstack-backup-catalogue-v1-[0-9a-f]{64}$/),
    ]);

    // Another machine: nothing is there but what the cache brings; the first is downloaded without it.
    const forget = () => rm(join(world.job.directory, 'temp'), { recursive: true });
    await forget();
    const second = await restore(inputs);
    expect([second.code, downloads()]).toEqual([0, 7]);

    // Lost or poisoned, it costs time only.
    for (const entry of state.caches) entry.bytes = Buffer.from('not what it was');
    await forget();
    const third = await restore(inputs);
    expect([third.code, downloads()]).toEqual([0, 13]);
    expect(bytesOf(third)).toBe('what must come back');
  });

  test('is kept no copy of where the run may only read: a line in the log', async () => {
    await backedUp();
    const { state } = world.github;
    state.readOnlyCache = true;
    const run = state.addRun({ started: new Date(Date.now() + 3_600_000) });
    state.addArtifact(
      run,
      forge((manifest) => manifest.restorePoints.splice(0)),
    );
    const outcome = await restore({ manifest: 'latest', workflow: 'backup.yml', volume: 'db' });
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(state.caches).toEqual([]);
  });

  test('of a workflow that makes none names the one that does', async () => {
    world.github.state.addRun({ path: '.github/workflows/restore.yml' });
    await backedUp();
    refused(await restore({ manifest: 'latest', volume: 'db' }), 'use `workflow: backup.yml`');
  });

  test('is never passed over in silence: a newer one in doubt is said, with the older that is not', async () => {
    await backedUp();
    const files = forge((manifest) => {
      manifest.run.started = new Date(Date.now() + 1000).toISOString();
      manifest.run.id = '00000001-0000-4000-8000-000000000000';
    });
    world.github.state.addRelease('nightly', files, { published: new Date(Date.now() + 60_000) });
    const outcome = await restore({ manifest: 'latest', workflow: 'backup.yml', volume: 'db' });
    refused(
      outcome,
      'release:nightly is not signed',
      `The newest that is certain is artifact:${world.run.id}/`,
    );
  });
});

describe('the latest, whatever the clocks say,', () => {
  /** A second backup, in a run of its own, of other bytes. */
  async function backedUpAgain(inputs: Record<string, string> = {}): Promise<Run> {
    const volume = [...world.cloud.state.volumes.values()].find(({ name }) => name === 'db');
    volume?.data.write(0, Buffer.from('what came after it!'));
    const run = world.github.state.addRun({ status: 'in_progress', started: new Date() });
    const outcome = await runStep(world.job, {
      action: 'backup-volume',
      inputs: { volumes: 'db', mode: 'full', ...inputs },
      environment: world.github.environment(run),
    });
    expect(outcome.code).toBe(0);
    run.status = 'completed';
    return run;
  }
  const later = (days: number) => new Date(Date.now() + days * 86_400_000);
  const inputs = { manifest: 'latest', workflow: 'backup.yml', volume: 'db' };

  test('is not hidden by a run before it whose clock was ahead', async () => {
    await backedUp();
    replaceArchive(
      packed(
        forge(({ run }) => {
          run.started = later(30).toISOString();
        }),
      ),
    );
    const next = await backedUpAgain();
    // GitHub's own times of the two do not overlap.
    world.run.started = later(-1);
    artifactOf().created = later(-0.9);
    const outcome = await restore(inputs);
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(outcome.lines.join('\n')).toContain(`of run ${next.id}`);
    expect(bytesOf(outcome)).toBe('what came after it!');
  });

  test('is in doubt where clocks contradict each other, and both are named', async () => {
    await backedUp();
    replaceArchive(
      packed(
        forge(({ run }) => {
          run.started = later(30).toISOString();
        }),
      ),
    );
    await sleep(1100);
    const next = await backedUpAgain();
    // Published so late, the first may have the newer data.
    artifactOf().created = later(0.01);
    next.started = world.run.started;
    refused(
      await restore(inputs),
      'cannot tell which manifest is the latest',
      `manifest: artifact:${next.id}/`,
      `manifest: artifact:${world.run.id}/`,
    );
  });

  test('is found behind a hundred releases of others', async () => {
    await backedUp();
    await backedUpAgain({ publish: 'release', 'sign-key': SIGN_KEY });
    const published = later(0.1);
    for (let made = 0; made < 120; made += 1)
      world.github.state.addRelease(`v${made}`, {}, { created: published, published });
    const outcome = await restore({ ...inputs, 'verify-key': VERIFY_KEY, 'allow-unsigned': 'true' });
    expect(outcome.code).toBe(0);
    expect(bytesOf(outcome)).toBe('what came after it!');
  });

  test('is found behind a hundred runs that saved something else', async () => {
    await backedUp();
    for (let made = 1; made <= 101; made += 1) world.github.state.addRun({ started: later(made / 100) });
    const outcome = await restore(inputs);
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(bytesOf(outcome)).toBe('what must come back');
  });

  test('in a directory is not one that is dated in the future', async () => {
    const publish = 'directory:out';
    const first = await backedUp({ publish });
    const future = join(world.job.workspace, 'out', '20991231T000000Z-00000000');
    await rename(dirname(resolve(world.job.workspace, first.outputs['manifest'] ?? '')), future);
    await sleep(1100);
    await backedUpAgain({ publish });
    const latest = { manifest: 'latest:out', volume: 'db', 'allow-unsigned': 'true' };
    const outcome = await restore(latest);
    expect(outcome.code).toBe(0);
    expect(bytesOf(outcome)).toBe('what came after it!');

    const file = join(future, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    manifest.run.started = '2099-12-31T00:00:00.000Z';
    await writeFile(file, JSON.stringify(manifest));
    await rm(`${file}.sha256`);
    const before = restoredVolumes();
    const doubted = await restore(latest);
    expect(errorsOf(doubted)).toContain('cannot tell which manifest is the latest');
    expect(errorsOf(doubted)).toContain(`manifest: ${future}`);
    expect([doubted.code, restoredVolumes()]).toEqual([2, before]);
  });
});

describe('is refused', () => {
  const cases: [string, Partial<Run>, string][] = [
    ["a fork's", { headRepositoryId: 666 }, 'ran the code of a fork'],
    ["a fork's that is gone", { headRepositoryId: null }, 'ran the code of a repository that is gone'],
    ["a pull request's", { event: 'pull_request' }, 'was started by pull_request'],
    ["a privileged pull request's", { event: 'pull_request_target' }, 'was started by pull_request_target'],
    ["another branch's", { branch: 'feature' }, 'ran on branch feature, not on main'],
    [
      "another workflow's",
      { path: '.github/workflows/ci.yml' },
      'belongs to workflow .github/workflows/ci.yml',
    ],
    ["an unfinished run's", { status: 'in_progress' }, 'has not finished'],
  ];
  test.each(cases)('%s artifact, by name and as the latest', async (_whose, run, said) => {
    await backedUp();
    Object.assign(world.run, run);
    const { state } = world.github;
    // A run that is beyond doubt, so that the workflow exists.
    state.addRun({ started: new Date(0) });
    const workflow = 'backup.yml';
    refused(await restore({ manifest: `artifact:${world.run.id}`, workflow }), said);
    refused(
      await restore({ manifest: 'latest', workflow, volume: 'db' }),
      'no manifest with what you ask for',
    );
  });

  test('what a tag started that is called as the branch is', async () => {
    await backedUp();
    const { state } = world.github;
    state.tags.set('main', 'f'.repeat(40));
    Object.assign(world.run, { event: 'push', branch: 'main', commit: 'f'.repeat(40) });
    const said = `ran commit ${'f'.repeat(12)}, which is not on branch main`;
    refused(await restore({ manifest: `artifact:${world.run.id}`, workflow: 'backup.yml' }), said);
    refused(await restore({ manifest: 'latest', workflow: 'backup.yml', volume: 'db' }), said);
  });

  test('no run of an older commit of the branch, for one request a commit', async () => {
    await backedUp();
    const { state, requests } = world.github;
    const [root = '', tip = ''] = state.branches.get('main') ?? [];
    world.run.commit = root;
    expect(tip).not.toBe(root);
    for (let hour = 1; hour <= 3; hour += 1) {
      const run = state.addRun({ started: new Date(Date.now() + hour * 3_600_000), commit: root });
      state.addArtifact(
        run,
        forge((manifest) => manifest.restorePoints.splice(0)),
      );
    }
    const outcome = await restore({ manifest: 'latest', workflow: 'backup.yml', volume: 'db' });
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(requests.filter(({ path }) => /\/(compare|branches)\//.test(path)).length).toBe(2);
  });

  test('another branch is taken when it is named', async () => {
    await backedUp();
    world.run.branch = 'release/1';
    world.github.state.branches.set('release/1', [world.run.commit]);
    const inputs = { manifest: `artifact:${world.run.id}`, branch: 'release/1' };
    expect((await restore(inputs)).code).toBe(0);
  });

  test('an expired artifact', async () => {
    await backedUp();
    Object.assign(artifactOf(), { expired: true, expires: new Date('2026-12-24T00:00:00Z') });
    refused(
      await restore({ manifest: `artifact:${world.run.id}` }),
      'expired on 2026-12-24',
      '`backup` takes the id',
    );
  });

  test('a zip bomb, whatever it says of its size', async () => {
    await backedUp();
    const bytes = Buffer.alloc(LARGEST_MANIFEST + (2 << 20));
    replaceArchive(zip([{ name: 'manifest.json', bytes, claims: 100 }]));
    expect(artifactOf().archive.length).toBeLessThan(300_000);
    const outcome = await restore({ manifest: `artifact:${world.run.id}` });
    refused(outcome, 'manifest.json unpacks to more than');
  });

  test('an archive that grows while it is downloaded', async () => {
    await backedUp();
    replaceArchive(Buffer.alloc(LARGEST_ARCHIVE + 1, 1));
    artifactOf().claims = 1000;
    refused(await restore({ manifest: `artifact:${world.run.id}` }), 'it is longer than');
    delete artifactOf().claims;
    refused(await restore({ manifest: `artifact:${world.run.id}` }), 'more than any manifest');
  }, 300_000);

  test('what is not what GitHub noted when it was uploaded', async () => {
    await backedUp();
    artifactOf().archive = packed(forge(() => undefined));
    refused(await restore({ manifest: `artifact:${world.run.id}` }), 'was altered', 'GitHub recorded');
  });

  test('unsigned, what GitHub noted no digest of', async () => {
    await backedUp();
    artifactOf().digest = null;
    refused(await restore({ manifest: `artifact:${world.run.id}` }), 'is not signed');
  });

  test('a manifest with swapped ids: signed, in the sidecar, and in the cloud', async () => {
    world.cloud.seed.addVolume({ name: 'web' });
    await backedUp({ volumes: 'db, web', 'sign-key': SIGN_KEY });
    const signed = filesOf(artifactOf());
    const swapped = forge(({ restorePoints: [one, other] }) => {
      if (one?.method !== 'cinder-backup' || other?.method !== 'cinder-backup')
        throw new Error('two were saved');
      [one.backup.id, other.backup.id] = [other.backup.id, one.backup.id];
    });
    const manifest = `artifact:${world.run.id}`;

    replaceArchive(packed({ ...signed, 'manifest.json': swapped['manifest.json'] ?? Buffer.alloc(0) }));
    refused(await restore({ manifest, volume: 'db' }), 'was altered: its SHA-256 is');

    const sig = signed['manifest.json.sig'] ?? Buffer.alloc(0);
    replaceArchive(packed({ ...swapped, 'manifest.json.sig': sig }));
    refused(
      await restore({ manifest, volume: 'db', 'verify-key': VERIFY_KEY }),
      'signed with a key other than',
    );

    replaceArchive(packed(swapped));
    const outcome = await restore({ manifest, volume: 'db' });
    expect(errorsOf(outcome)).toMatch(/backup \S+ is of volume \S+, but the manifest says/);
    expect(outcome.code).not.toBe(0);
    expect(restoredVolumes()).toEqual([]);
  });

  test.each([
    ['no archive', Buffer.from('<html>not found</html>'), 'not a complete zip archive'],
    [
      'an archive without a manifest',
      zip([{ name: 'x.txt', bytes: Buffer.from('x') }]),
      'holds no manifest.json',
    ],
    [
      'a path that leads out',
      zip([{ name: '../manifest.json', bytes: Buffer.from('{}') }]),
      'holds no manifest.json',
    ],
    ['no manifest', zip([{ name: 'manifest.json', bytes: Buffer.from('{}') }]), 'is not a manifest'],
  ])('%s', async (_what, archive, said) => {
    await backedUp();
    replaceArchive(archive);
    refused(await restore({ manifest: `artifact:${world.run.id}` }), said);
  });

  test('without the permission, which is named', async () => {
    await backedUp();
    world.github.state.permissions = { contents: 'read' };
    const said = ['Resource not accessible by integration', 'Add to the job: permissions: actions: read'];
    refused(await restore({ manifest: `artifact:${world.run.id}` }), ...said);
    refused(await restore({ manifest: 'latest', workflow: 'backup.yml' }), ...said);
    world.github.state.permissions = { actions: 'read' };
    refused(
      await restore({ manifest: `artifact:${world.run.id}` }),
      'Add to the job: permissions: contents: read',
    );
  });

  test('without a token', async () => {
    refused(await restore({ manifest: 'latest', 'github-token': '' }), '`github-token` is empty');
  });

  test.each([
    ['artifact:abc', 'does not name a run'],
    ['artifact:404', 'cannot read run 404: GitHub said 404'],
    ['release:none', 'there is no release none'],
    ['nowhere', 'there is no manifest at'],
  ])('%s', async (manifest, said) => {
    refused(await restore({ manifest }), said);
  });

  test('a file of the workspace that is no manifest', async () => {
    await writeFile(join(world.job.workspace, 'm.json'), '{}');
    refused(await restore({ manifest: 'm.json', 'allow-unsigned': 'true' }), 'is not a manifest');
  });
});

test('no token goes where a redirect leads, and GitHub that stumbles is asked again', async () => {
  await backedUp();
  world.github.fault({
    path: '/actions/runs/',
    reply: { status: 502, json: { message: 'Server Error' } },
    times: 2,
  });
  const outcome = await restore({ manifest: `artifact:${world.run.id}` });
  // The fake's blob store answers 400 to whoever brings a token.
  expect([outcome.code, outcome.stderr]).toEqual([0, '']);
});
