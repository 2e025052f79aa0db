import { deepStrictEqual, doesNotMatch, match, notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { startEmbeddedCloud } from '../fakes/cloud/index.ts';
import { startFakeGitHub } from '../fakes/github/index.ts';
import { unsigned } from '../fakes/github/results.ts';
import { type FakeS3, startS3 } from '../fakes/s3/index.ts';
import { type Environment, environmentsOf } from './environments.ts';
import { overwriteBytes, printedRestores, restore, restoredVolume, SIZE, sameBytes } from './look.ts';
import { allowedTo, policiesAgree, trustedBy } from './roles.ts';
import { type Ended, step, succeeds, type Wish, type World, writePlan } from './world.ts';

const HOUR = 3_600_000;
const NIGHTLY: Wish = { event: 'schedule', example: 'nightly-off-cloud.yml' };

/** All that becomes of a store in S3, by roles that can do what docs/permissions.md says and no more. */
export async function offCloudStory(others: Pick<World, 'directory' | 'keys' | 'identity'>): Promise<void> {
  policiesAgree();
  await using cloud = await startEmbeddedCloud({ gibBytes: 2 * SIZE });
  await using github = await startFakeGitHub();
  const world = { ...others, cloud, github, environments: await environmentsOf(cloud) };
  // The second night is not in the future: `at: 0h` is the newest by the clock of whoever asks no cloud.
  cloud.clock.shift(-25 * HOUR);
  await using s3 = await startS3('backups', []);
  const variables = {
    BACKUP_STORE: `s3://backups/production?endpoint=${s3.url}&region=us-east-1`,
    BACKUP_ROLE: 'arn:aws:iam::123456789012:role/backup',
  };
  /** The role of an environment takes the tokens of its jobs alone. */
  const as = (environment: Environment, wish: Wish): Promise<Ended> => {
    const { owner, name, repositoryId } = github.state;
    const sub = trustedBy(environment, `${owner}/${name}`);
    const claims = { aud: '127.0.0.1', sub, repository_id: String(repositoryId) };
    s3.identities = new Map([[unsigned(claims), HOUR]]);
    s3.keys = [];
    s3.allowed = allowedTo(environment);
    return succeeds(world, { ...wish, variables, runner: { AWS_ENDPOINT_URL_STS: s3.url } });
  };
  /** Where a service has no roles. */
  const withKeys = (environment: Environment, wish: Wish): Promise<Ended> => {
    const keys = { id: 'AKIDEXAMPLE', secret: randomBytes(20).toString('hex') };
    s3.keys = [keys];
    s3.allowed = allowedTo(environment);
    const secrets = { BACKUP_S3_ACCESS_KEY: keys.id, BACKUP_S3_SECRET_KEY: keys.secret };
    return succeeds(world, { ...wish, variables: { BACKUP_STORE: variables.BACKUP_STORE }, secrets });
  };
  const [old, bytes] = [randomBytes(SIZE), randomBytes(SIZE)];
  // `verify` looks for a file system.
  old.write('XFSB');
  old.copy(bytes, 0, 0, SIZE / 2);
  const volume = cloud.seed.addVolume({ name: 'ledger', bytes: old, metadata: { backup: 'nightly' } });
  const keep = { daily: 1, 'min-copies': 1 };
  const entry = { name: 'everything', select: 'all', kinds: ['volume'], every: '1d' };
  await writePlan(world, { project: volume.projectId, keep, 'back-up': [entry] });
  const between: string[] = [];

  await step('every night what changed goes to S3, sealed, and the manifests with it', async () => {
    const { log } = await as('backup', NIGHTLY);
    match(log, /attested manifest\.json sha256:[0-9a-f]{64}/);
    const first = dataIn(s3);
    ok(first > SIZE, `${first} bytes`);
    between.push(new Date(cloud.clock.ms).toISOString());
    cloud.clock.shift(24 * HOUR);
    overwriteBytes(world, volume.id, bytes);
    const { log: second } = await as('backup', NIGHTLY);
    ok(dataIn(s3) - first < 0.6 * SIZE, `${dataIn(s3) - first} bytes in the second night`);
    const [printed, ...more] = printedRestores(second);
    deepStrictEqual([printed?.example, more], ['manual-restore.yml', []]);
    const { log: restored } = await as('restore', printed as Wish);
    notStrictEqual(restoredVolume(restored), volume.id);
    sameBytes(world, restoredVolume(restored), bytes);
    strictEqual(
      [...s3.objects.values()].filter(({ bytes: one }) => one.includes(bytes.subarray(64, 128))).length,
      0,
    );
  });

  await step('what lies in S3 is found again by itself: the newest, and as of a time', async () => {
    const { log } = await withKeys('restore', restore({ manifest: 'latest:store', name: 'newest' }));
    sameBytes(world, restoredVolume(log), bytes);
    const inputs = { manifest: 'store', at: between[0] ?? '', volume: 'ledger', name: 'past' };
    const { log: past } = await as('restore', restore(inputs));
    sameBytes(world, restoredVolume(past), old);
  });

  await step(
    'what lies in S3 is verified: a part of it unopened, and the newest opened, each at its time',
    async () => {
      const wish: Wish = { event: 'schedule', example: 'verify.yml' };
      const { log } = await as('verify', { ...wish, schedule: '13 5 * * 0' });
      match(log, /L1a/);
      doesNotMatch(log, /Newest restore points, opened/);
      const { log: deep } = await as('verify-deep', { ...wish, schedule: '13 6 1 * *' });
      match(deep, /ledger/);
      match(deep, /L2/);
      doesNotMatch(deep, /Stored bytes/);
    },
  );

  await step('all that lies in S3 is drilled once a month, where the identity is', async () => {
    const held = () => [cloud.state.volumes, cloud.state.images, cloud.state.secrets].map(({ size }) => size);
    const before = held();
    const wish: Wish = { event: 'schedule', example: 'drill.yml', schedule: '13 7 1 * *' };
    const { log } = await as('drill-sealed', wish);
    match(log, /volume "ledger".*: drawn with seed \d+/);
    match(log, /[1-9]\d* resources? drilled, 0 failed/);
    doesNotMatch(log, /One restore point, restored/);
    deepStrictEqual(held(), before);
  });

  await step('prune removes from S3 what the plan does not keep', async () => {
    const maps = () => [...s3.objects.keys()].filter((key) => key.includes(`${volume.id}/maps/`)).length;
    strictEqual(maps(), 2);
    await as('prune', { event: 'workflow_dispatch', example: 'prune.yml' });
    strictEqual(maps(), 2);
    await as('prune', { event: 'schedule', example: 'prune.yml' });
    strictEqual(maps(), 1);
  });
}

/** Bytes of blocks. */
function dataIn({ objects }: FakeS3): number {
  return [...objects].reduce(
    (sum, [key, { bytes }]) => (key.includes('/data/') ? sum + bytes.length : sum),
    0,
  );
}
