import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { parse } from 'yaml';
import { type EmbeddedCloud, SparseBytes, startEmbeddedCloud } from '../fakes/cloud/index.ts';
import { type FakeGitHub, type Run, startFakeGitHub } from '../fakes/github/index.ts';

/**
 * `npm run test:act`: the examples as they stand, carried out by act on this machine, with what is published (`dist/` and
 * `actions/`) as OWNER/openstack-backup@v1. GitHub's services are the fake's, the cloud is the embedded one, so the real
 * clients run. act has the workflow's side: inputs, outputs, secrets, jobs, post steps.
 */
const root = join(import.meta.dirname, '../..');
const act = join(root, 'build/tools/act');

interface World {
  readonly cloud: EmbeddedCloud;
  readonly github: FakeGitHub;
  readonly directory: string;
  readonly keys: { readonly sign: string; readonly verify: string };
  /** Of age. */
  readonly identity: string;
}

interface Wish {
  readonly event: 'schedule' | 'workflow_dispatch';
  readonly example: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly verifyKey?: string;
}

interface Ended {
  readonly exit: number;
  readonly log: string;
  readonly run: Run;
}

/** What users get: no source, no node_modules. */
async function publish(directory: string): Promise<void> {
  const published = join(directory, 'published');
  await mkdir(published);
  for (const name of ['action.yml', 'actions', 'dist'])
    await cp(join(root, name), join(published, name), { recursive: true });
  const workflows = join(directory, 'repository/.github/workflows');
  await mkdir(workflows, { recursive: true });
  // act 0.2.89 knows no `queue`, and takes no notice of groups: test/unit/docs/workflows.test.ts looks at them.
  for (const name of await readdir(join(root, 'examples'))) {
    const text = await readFile(join(root, 'examples', name), 'utf8');
    await writeFile(join(workflows, name), text.replaceAll(/^ *queue: max\n/gm, ''));
  }
  // Without it, act asks on its first start which image to use.
  await mkdir(join(directory, 'config/act'), { recursive: true });
  await writeFile(join(directory, 'config/act/actrc'), '');
}

/** A run of an example, from its event to its last post step. */
async function carryOut(world: World, wish: Wish): Promise<Ended> {
  const { cloud, github, directory, keys, identity } = world;
  const { example, event, inputs = {}, verifyKey = keys.verify } = wish;
  const run = github.state.addRun({
    path: `.github/workflows/${example}`,
    event,
    status: 'in_progress',
    conclusion: null,
    started: new Date(),
  });
  github.state.permissions = await permissionsOf(example);
  // act gives the token as it does on GitHub, by the default of the input.
  const { 'INPUT_GITHUB-TOKEN': token = '', ...variables } = github.environment(run);
  const flag = (name: string) => (value: string) => [name, value];
  const words = [
    event,
    ...['--workflows', `.github/workflows/${example}`],
    ...['ubuntu-latest', 'self-hosted'].map((label) => `${label}=-self-hosted`).flatMap(flag('--platform')),
    ...['--no-cache-server', '--rm'],
    ...['--local-repository', `OWNER/openstack-backup@v1=${join(directory, 'published')}`],
    ...['--env', 'GITHUB_REF=refs/heads/main', '--env', 'SHA_REF=0000000000000000000000000000000000000000'],
    ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...['CLOUDS_YAML', 'BACKUP_SIGN_KEY', 'AGE_IDENTITY', 'GITHUB_TOKEN'].flatMap(flag('--secret')),
    ...[
      `BACKUP_VERIFY_KEY=${verifyKey}`,
      `BACKUP_DIRECTORY=${join(directory, 'disk')}`,
      `BACKUP_RECIPIENTS=${await identityToRecipient(identity)}`,
    ].flatMap(flag('--var')),
    ...Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`]),
  ];
  const environment = {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`,
    HOME: directory,
    XDG_CONFIG_HOME: join(directory, 'config'),
    XDG_CACHE_HOME: join(directory, 'cache'),
    CLOUDS_YAML: cloud.cloudsYaml('demo'),
    BACKUP_SIGN_KEY: keys.sign,
    AGE_IDENTITY: identity,
    GITHUB_TOKEN: token,
  };
  const { exit, log } = await spawned(words, environment, join(directory, 'repository'));
  Object.assign(run, { status: 'completed', conclusion: exit === 0 ? 'success' : 'failure' });
  for (const secret of [token, identity, keys.sign.split('\n')[1] ?? ''])
    ok(!log.includes(secret), 'a secret stands in the log');
  deepStrictEqual([cloud.errors, github.errors], [[], []]);
  return { exit, log, run };
}

/** act takes no notice of them, so the fake's token gets what the job that uses us asks for, and no more. */
async function permissionsOf(example: string): Promise<Record<string, 'read' | 'write'>> {
  const { jobs } = parse(await readFile(join(root, 'examples', example), 'utf8')) as Workflow;
  const ours = Object.values(jobs).filter(({ steps }) =>
    steps.some(({ uses }) => uses?.startsWith('OWNER/')),
  );
  strictEqual(ours.length, 1);
  return { ...ours[0]?.permissions };
}

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions: Readonly<Record<string, 'read' | 'write'>>;
        readonly steps: readonly { readonly uses?: string }[];
      }
    >
  >;
}

function spawned(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<{ exit: number; log: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(act, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 });
    let log = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (process.env['VERBOSE'] !== undefined) process.stdout.write(text);
      });
    child.on('error', reject);
    child.on('close', (code) => resolve({ exit: code ?? 1, log }));
  });
}

/** What a workflow prints for whoever must restore, word by word: `gh workflow run FILE -f INPUT=VALUE …`. */
function printedRestores(log: string): Wish[] {
  return [...log.matchAll(/\| gh workflow run (\S+)((?: -f \S+)+)/g)].map(([, example = '', words = '']) => ({
    event: 'workflow_dispatch',
    example,
    inputs: Object.fromEntries(
      [...words.matchAll(/-f ([^=\s]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  }));
}

/** The example's own deployment always succeeds; a user's may not. */
async function withDeploymentThatFails<T>({ directory }: World, work: () => Promise<T>): Promise<T> {
  const path = join(directory, 'repository/.github/workflows/pre-deployment.yml');
  const text = await readFile(path, 'utf8');
  const broken = text.replace('echo "Deploying.', 'exit 1; echo "Deploying.');
  notStrictEqual(broken, text);
  await writeFile(path, broken);
  try {
    return await work();
  } finally {
    await writeFile(path, text);
  }
}

async function succeeds(world: World, wish: Wish | undefined): Promise<Ended> {
  if (wish === undefined) throw new Error('nothing was printed that says how to restore');
  const ended = await carryOut(world, wish);
  if (ended.exit !== 0) throw new Error(`${wish.example} failed:\n${ended.log}`);
  return ended;
}

/** The first group of a pattern in the log. */
function found(log: string, pattern: RegExp): string {
  const value = pattern.exec(log)?.[1];
  if (value === undefined) throw new Error(`the log has nothing like ${pattern}:\n${log}`);
  return value;
}

/** As the user deletes it, by the API. */
async function deleteVolume({ cloud }: World, id: string): Promise<void> {
  const volume = cloud.state.volumes.get(id);
  const { OS_USERNAME: name, OS_PASSWORD: password, OS_PROJECT_NAME: project } = cloud.openrc('demo');
  const domain = { name: 'Default' };
  const auth = {
    identity: { methods: ['password'], password: { user: { name, password, domain } } },
    scope: { project: { name: project, domain } },
  };
  const login = await fetch(`${cloud.authUrl}/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth }),
  });
  const answer = await fetch(`${cloud.origin}/volume/v3/${volume?.projectId}/volumes/${id}`, {
    method: 'DELETE',
    headers: { 'x-auth-token': login.headers.get('x-subject-token') ?? '' },
  });
  strictEqual(answer.status, 202);
  while (cloud.state.volumes.has(id)) await new Promise((resolve) => setTimeout(resolve, 10));
}

const SIZE = 8 * 1024 * 1024;

function sameBytes({ cloud }: World, id: string, bytes: Buffer): void {
  const volume = cloud.state.volumes.get(id);
  ok(volume !== undefined, `volume ${id} is not there`);
  ok(cloud.readPlain(volume, 0, SIZE).equals(bytes), `volume ${id} has other bytes`);
}

/** A deployment spoils what is on the volume. */
function overwriteBytes({ cloud }: World, id: string, bytes: Buffer): void {
  const volume = cloud.state.volumes.get(id);
  ok(volume !== undefined, `volume ${id} is not there`);
  cloud.writePlain(volume, 0, bytes);
}

async function story(world: World): Promise<void> {
  const { cloud, github } = world;
  const bytes = randomBytes(SIZE);
  const source = cloud.seed.addVolume({ name: 'db', bytes });
  let nightly = '';

  await step('nightly backup, by its schedule, publishes an artifact and a release', async () => {
    const { log, run } = await succeeds(world, { event: 'schedule', example: 'nightly-backup.yml' });
    strictEqual(github.state.artifacts.filter(({ runId }) => runId === run.id).length, 1);
    strictEqual(github.state.releases.filter(({ draft, immutable }) => !draft && immutable).length, 1);
    match(log, new RegExp(`Manifest artifact:${run.id}/\\S+ \\(SHA-256 [0-9a-f]{64}\\)`));
    nightly = log;
    match(log, /Success - Post Back up/);
    match(log, /1 of 1 volumes backed up/);
  });

  await step('a restore with the very words that the nightly backup printed', async () => {
    const [printed, ...more] = printedRestores(nightly);
    deepStrictEqual(more, []);
    const { log } = await succeeds(world, printed);
    const id = found(log, /Volume ([0-9a-f-]{36})/);
    sameBytes(world, id, bytes);
    await deleteVolume(world, id);
  });

  await step('the volume is deleted, and restored from the artifact that `latest` finds', async () => {
    await deleteVolume(world, source.id);
    const releases = github.state.releases.splice(0);
    const { log } = await succeeds(world, restore({ manifest: 'latest', volume: 'db' }));
    github.state.releases.push(...releases);
    match(log, /\| artifact openstack-backup-.+: of 20/);
    const id = found(log, /Volume ([0-9a-f-]{36})/);
    notStrictEqual(id, source.id);
    sameBytes(world, id, bytes);
  });

  await step('the artifact expires, and `latest` finds the release', async () => {
    for (const artifact of github.state.artifacts) artifact.expired = true;
    const { log } = await succeeds(world, restore({ manifest: 'latest', volume: 'db', name: 'db-2' }));
    match(log, /\| release \S+: of 20/);
    sameBytes(world, found(log, /Volume ([0-9a-f-]{36})/), bytes);
  });

  await step('the release by its tag', async () => {
    const tag = github.state.releases[0]?.tag ?? '';
    const inputs = { manifest: `release:${tag}`, volume: 'db', name: 'db-3' };
    const { log } = await succeeds(world, restore(inputs));
    sameBytes(world, found(log, /Volume ([0-9a-f-]{36})/), bytes);
  });

  await step('a release signed with another key is refused, and nothing is made', async () => {
    const before = cloud.state.volumes.size;
    const wish = restore({ manifest: 'latest', volume: 'db', name: 'db-4' });
    const { exit, log } = await carryOut(world, { ...wish, verifyKey: signingKeys().verify });
    notStrictEqual(exit, 0);
    match(log, /a key other than|not signed|no manifest/);
    strictEqual(cloud.state.volumes.size, before);
  });

  await step('before a deployment: the restore point is handed on to the next job', async () => {
    const wish = {
      event: 'workflow_dispatch',
      example: 'pre-deployment.yml',
      inputs: { volume: 'db' },
    } as const;
    const { log, run } = await succeeds(world, wish);
    match(log, new RegExp(`The restore point before it: artifact:${run.id}/`));
    const backup = found(log, /db: backup ([0-9a-f-]{36}), (?:full|incremental)/);
    strictEqual(cloud.state.backups.get(backup)?.status, 'available');
  });

  await step('a deployment that fails prints two ways back, and both lead there', async () => {
    const db = [...cloud.state.volumes.values()].find(({ name }) => name === 'db')?.id ?? '';
    const wish = {
      event: 'workflow_dispatch',
      example: 'pre-deployment.yml',
      inputs: { volume: db },
    } as const;
    const { exit, log } = await withDeploymentThatFails(world, () => carryOut(world, wish));
    notStrictEqual(exit, 0);
    const [fresh, over] = printedRestores(log);
    overwriteBytes(world, db, randomBytes(SIZE));
    const { log: made } = await succeeds(world, fresh);
    const id = found(made, /Volume ([0-9a-f-]{36})/);
    notStrictEqual(id, db);
    sameBytes(world, id, bytes);
    const { log: written } = await succeeds(world, over);
    strictEqual(found(written, /Volume ([0-9a-f-]{36})/), db);
    sameBytes(world, db, bytes);
    await deleteVolume(world, id);
  });

  await step('a bare backup, where the manifest is lost', async () => {
    const backup = [...cloud.state.backups.keys()][0] ?? '';
    const { log } = await succeeds(world, restore({ backup, name: 'bare' }));
    const id = found(log, /Volume ([0-9a-f-]{36})/);
    sameBytes(world, id, bytes);
    await deleteVolume(world, id);
  });

  await step('a backup that fails stops the deployment', async () => {
    const inputs = { volume: 'there-is-none' };
    const wish = { event: 'workflow_dispatch', example: 'pre-deployment.yml', inputs } as const;
    const { exit, log } = await carryOut(world, wish);
    notStrictEqual(exit, 0);
    ok(!log.includes('Deploying.'), 'it was deployed all the same');
  });

  await step(
    'a server is saved out of the cloud, all of it deleted, keys too, and brought back',
    async () => {
      const { root, data } = await makeServer(world, bytes);
      const { log: weekly } = await succeeds(world, { event: 'schedule', example: 'weekly-offsite.yml' });
      const payloads = await readdir(join(world.directory, 'disk/payloads'));
      deepStrictEqual(payloads.map((name) => name.split('-')[0]).sort(), ['image', 'secret', 'volume']);
      for (const server of cloud.state.servers.values()) cloud.seed.detach(server, data);
      cloud.state.servers.clear();
      cloud.seed.removeVolume(data);
      strictEqual(cloud.state.secrets.size, 0);
      const [printed, ...more] = printedRestores(weekly);
      deepStrictEqual([printed?.example, more], ['manual-restore-server.yml', []]);
      const { log } = await succeeds(world, printed);
      const server = cloud.state.servers.get(found(log, /Server ([0-9a-f-]{36})/));
      deepStrictEqual(server?.root?.read(0, SIZE), root);
      sameBytes(world, server?.volumes[0]?.volumeId ?? '', bytes);
      match(log, /user data and injected files/);
    },
  );
}

/** One with a disk of its own and an encrypted volume. */
async function makeServer({ cloud }: World, bytes: Buffer) {
  const root = randomBytes(SIZE);
  root.fill(0, 0, 512);
  const image = await cloud.seed.addImage(SparseBytes.from(root), { name: 'debian' });
  const data = cloud.seed.addVolume({ name: 'data', type: 'luks', bytes });
  cloud.seed.addServer({ name: 'web', image, volumes: [data], metadata: { backup: 'weekly' } });
  return { root, data };
}

function restore(inputs: Readonly<Record<string, string>>): Wish {
  return { event: 'workflow_dispatch', example: 'manual-restore.yml', inputs };
}

function signingKeys(): World['keys'] {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    sign: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    verify: String(publicKey.export({ format: 'pem', type: 'spki' })),
  };
}

let passed = 0;

async function step(title: string, work: () => Promise<void>): Promise<void> {
  const begin = performance.now();
  await work();
  passed += 1;
  process.stdout.write(`✓ ${title} (${((performance.now() - begin) / 1000).toFixed(1)} s)\n`);
}

if (!existsSync(act)) throw new Error('act is not there: run npm run tools -- act');
const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-act-'));
try {
  await publish(directory);
  // What it calls a GiB is small: all of a server's disks are downloaded.
  await using cloud = await startEmbeddedCloud({
    gibBytes: 2 * SIZE,
    capabilities: { luksHeaderInside: true },
  });
  await using github = await startFakeGitHub();
  await story({ cloud, github, directory, keys: signingKeys(), identity: await generateIdentity() });
  process.stdout.write(`${passed} passed, 0 failed\n`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
