import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { identityToRecipient } from 'age-encryption';
import { parse, stringify } from 'yaml';
import type { EmbeddedCloud } from '../fakes/cloud/index.ts';
import type { FakeGitHub, Run } from '../fakes/github/index.ts';
import { type Environment, OPENING } from './environments.ts';

const root = join(import.meta.dirname, '../..');
export const act = join(root, 'build/tools/act');
/** The only example that is no workflow. */
const PLAN = 'openstack-backup.yml';

export interface World {
  readonly cloud: EmbeddedCloud;
  readonly github: FakeGitHub;
  readonly directory: string;
  readonly keys: { readonly sign: string; readonly verify: string; readonly store: string };
  /** Of age. */
  readonly identity: string;
  /** The secret CLOUDS_YAML of each environment. */
  readonly environments: Readonly<Record<Environment, string>>;
}

export interface Wish {
  readonly event: 'schedule' | 'workflow_dispatch';
  readonly example: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly verifyKey?: string;
  /** The one that runs; all by default. */
  readonly job?: string;
  /** Of several schedules the one that starts it: which jobs run, their `if` says. */
  readonly schedule?: string;
  /** Of the repository. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Beside those that every example may have. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Of the runner. */
  readonly runner?: Readonly<Record<string, string>>;
  /** A directory of programs that its steps find before all others. */
  readonly programs?: string;
}

export interface Ended {
  readonly exit: number;
  readonly log: string;
  readonly run: Run;
}

/** What users get: no source, no node_modules. And what they copy. */
export async function publish(directory: string): Promise<void> {
  const published = join(directory, 'published');
  await mkdir(published);
  for (const name of ['action.yml', 'actions', 'dist', '.github/workflows'])
    await cp(join(root, name), join(published, name), { recursive: true });
  const workflows = join(directory, 'repository/.github/workflows');
  await mkdir(workflows, { recursive: true });
  // act 0.2.89 knows no `queue`, and takes no notice of groups: test/unit/docs/workflows.test.ts looks at them.
  for (const name of (await readdir(join(root, 'examples'))).filter((one) => one !== PLAN)) {
    const text = await readFile(join(root, 'examples', name), 'utf8');
    await writeFile(join(workflows, name), text.replaceAll(/^ *queue: max\n/gm, ''));
  }
  await mkdir(join(directory, 'attest'));
  await writeFile(join(directory, 'attest/action.yml'), ATTESTS);
  // Without it, act asks on its first start which image to use.
  await mkdir(join(directory, 'config/act'), { recursive: true });
  await writeFile(join(directory, 'config/act/actrc'), '');
}

/** GitHub's action, as the examples name it. */
const ATTEST = /actions\/attest@\w+/.exec(
  await readFile(join(root, 'examples/nightly-off-cloud.yml'), 'utf8'),
)?.[0];

/** In its place one that says what it was given: there is nobody here who attests. */
const ATTESTS = `name: attest
inputs: {subject-name: {required: true}, subject-digest: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      run: echo "attested $NAME $DIGEST"
      env: {NAME: '\${{ inputs.subject-name }}', DIGEST: '\${{ inputs.subject-digest }}'}
`;

/** The plan of the examples, with what a test needs to be otherwise. */
export async function writePlan({ directory }: World, changes: Readonly<Record<string, unknown>>) {
  const plan = parse(await readFile(join(root, 'examples', PLAN), 'utf8')) as Record<string, unknown>;
  await writeFile(join(directory, 'repository/.github', PLAN), stringify({ ...plan, ...changes }));
}

/** A run of an example, from its event to its last post step. */
export async function carryOut(world: World, wish: Wish): Promise<Ended> {
  const { cloud, github, directory, keys, identity, environments } = world;
  const { example, event, inputs = {}, verifyKey = keys.verify, variables = {}, job, schedule } = wish;
  const run = github.state.addRun({
    path: `.github/workflows/${example}`,
    event,
    status: 'in_progress',
    conclusion: null,
    started: new Date(),
  });
  const { environment: name, permissions } = await jobThatUsesUs(example, wish);
  github.state.environment = name;
  const secrets = {
    CLOUDS_YAML: environments[name],
    BACKUP_SIGN_KEY: keys.sign,
    BACKUP_STORE_KEY: keys.store,
    // The others would have no use for it.
    ...(OPENING.has(name) && { BACKUP_IDENTITY: identity }),
    ...wish.secrets,
  };
  // act takes no notice of them, so the fake's token gets what the job asks for, and no more.
  github.state.permissions = { ...permissions };
  // act gives the token as it does on GitHub, by the default of the input.
  const { 'INPUT_GITHUB-TOKEN': token = '', ...runner } = github.environment(run);
  const flag = (name: string) => (value: string) => [name, value];
  const words = [
    event,
    ...['--workflows', `.github/workflows/${example}`],
    ...['ubuntu-latest', 'self-hosted'].map((label) => `${label}=-self-hosted`).flatMap(flag('--platform')),
    ...['--no-cache-server', '--rm'],
    ...(job === undefined ? [] : ['--job', job]),
    ...(schedule === undefined ? [] : ['--eventpath', await eventOf(directory, { schedule })]),
    ...['--local-repository', `${ATTEST}=${join(directory, 'attest')}`],
    ...['--local-repository', `OWNER/openstack-backup@v1=${join(directory, 'published')}`],
    ...['--env', 'GITHUB_REF=refs/heads/main', '--env', 'SHA_REF=0000000000000000000000000000000000000000'],
    ...Object.entries({ ...runner, ...wish.runner }).flatMap(([name, value]) => [
      '--env',
      `${name}=${value}`,
    ]),
    ...[...Object.keys(secrets), 'GITHUB_TOKEN'].flatMap(flag('--secret')),
    ...[
      `BACKUP_VERIFY_KEY=${verifyKey}`,
      `BACKUP_RECIPIENTS=${await identityToRecipient(identity)}`,
      ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    ].flatMap(flag('--var')),
    ...Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`]),
  ];
  const environment = {
    PATH: [wish.programs, dirname(process.execPath), process.env['PATH']].filter(Boolean).join(delimiter),
    HOME: directory,
    XDG_CONFIG_HOME: join(directory, 'config'),
    XDG_CACHE_HOME: join(directory, 'cache'),
    ...secrets,
    GITHUB_TOKEN: token,
  };
  const { exit, log } = await spawned(words, environment, join(directory, 'repository'));
  Object.assign(run, { status: 'completed', conclusion: exit === 0 ? 'success' : 'failure' });
  const [secretOfCloud = ''] = /(?<="application_credential_secret":")[^"]+/.exec(environments[name]) ?? [];
  for (const secret of [
    token,
    identity,
    keys.sign.split('\n')[1],
    keys.store,
    secretOfCloud,
    ...Object.values(wish.secrets ?? {}),
  ])
    ok(secret !== undefined && secret !== '' && !log.includes(secret), 'a secret stands in the log');
  deepStrictEqual([cloud.errors, github.errors], [[], []]);
  return { exit, log, run };
}

interface Job {
  readonly environment: Environment;
  readonly permissions: Readonly<Record<string, 'read' | 'write'>>;
  readonly if?: string;
  readonly steps?: readonly { readonly uses?: string }[];
  /** A workflow that it calls, which takes the environment. */
  readonly uses?: string;
  readonly with?: { readonly environment?: Environment };
}

async function jobThatUsesUs(
  example: string,
  { job: wanted, schedule }: Pick<Wish, 'job' | 'schedule'>,
): Promise<Pick<Job, 'environment' | 'permissions'>> {
  const text = await readFile(join(root, 'examples', example), 'utf8');
  const { jobs } = parse(text) as { readonly jobs: Readonly<Record<string, Job>> };
  const ours = Object.entries(jobs).flatMap(([name, job]) =>
    (wanted ?? name) === name &&
    !isForAnother(job, schedule) &&
    [job, ...(job.steps ?? [])].some(({ uses }) => uses?.startsWith('OWNER/'))
      ? [job]
      : [],
  );
  strictEqual(ours.length, 1);
  const { environment, permissions, with: given } = ours[0] as Job;
  return { environment: given?.environment ?? environment, permissions };
}

/** Of two schedules, a job is left out at that of the other. */
function isForAnother({ if: condition = '' }: Job, schedule: string | undefined): boolean {
  const [, other] = /^github\.event\.schedule != '([^']+)'$/.exec(condition) ?? [];
  return schedule !== undefined && other === schedule;
}

/** What GitHub tells a run of its event. */
async function eventOf(directory: string, event: object): Promise<string> {
  const path = join(directory, 'event.json');
  await writeFile(path, JSON.stringify(event));
  return path;
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

export async function succeeds(world: World, wish: Wish | undefined): Promise<Ended> {
  if (wish === undefined) throw new Error('nothing was printed that says how to restore');
  const ended = await carryOut(world, wish);
  if (ended.exit !== 0) throw new Error(`${wish.example} failed:\n${ended.log}`);
  return ended;
}

export function signingKeys(): World['keys'] {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    sign: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    verify: String(publicKey.export({ format: 'pem', type: 'spki' })),
    store: randomBytes(32).toString('hex'),
  };
}

let passed = 0;

export async function step(title: string, work: () => Promise<void>): Promise<void> {
  const begin = performance.now();
  await work();
  passed += 1;
  process.stdout.write(`✓ ${title} (${((performance.now() - begin) / 1000).toFixed(1)} s)\n`);
}

export const stepsPassed = () => passed;
