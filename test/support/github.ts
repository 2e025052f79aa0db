/** What the tests of actions have in common: a cloud, a GitHub, a job on a runner. */
import { generateKeyPairSync } from 'node:crypto';
import { type EmbeddedCloud, type EmbeddedCloudOptions, startEmbeddedCloud } from '../fakes/cloud/index.ts';
import { type FakeGitHub, type Run, startFakeGitHub } from '../fakes/github/index.ts';
import { type Job, type Outcome, startJob } from './step.ts';

export interface World extends AsyncDisposable {
  readonly cloud: EmbeddedCloud;
  readonly github: FakeGitHub;
  /** The run that the job is of: not over, of backup.yml on main. */
  readonly run: Run;
  readonly job: Job;
}

export async function startWorld(
  options: { readonly run?: Partial<Run>; readonly cloud?: EmbeddedCloudOptions } = {},
): Promise<World> {
  const cloud = await startEmbeddedCloud(options.cloud);
  const github = await startFakeGitHub();
  const run = github.state.addRun({ status: 'in_progress', started: new Date(), ...options.run });
  const job = await startJob({ ...github.environment(run), ...cloud.openrc() });
  return {
    cloud,
    github,
    run,
    job,
    async [Symbol.asyncDispose]() {
      await cloud.close();
      await github.close();
      await job[Symbol.asyncDispose]();
    },
  };
}

const pair = generateKeyPairSync('ed25519');
export const SIGN_KEY = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
export const VERIFY_KEY = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** Requests that would change something in the cloud. */
export function touched({ cloud }: World): string[] {
  return cloud.requests
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/auth/tokens'))
    .map(({ method, path }) => `${method} ${path}`);
}

/** All that a person sees of a step: masks are swallowed by the runner, and debug is hidden. */
export function visible({ stdout, stderr, summary, outputs, state }: Outcome): string {
  const shown = stdout
    .split('\n')
    .filter((line) => !line.startsWith('::add-mask::') && !line.startsWith('::debug::'));
  return [...shown, stderr, summary, JSON.stringify(outputs), JSON.stringify(state)].join('\n');
}
