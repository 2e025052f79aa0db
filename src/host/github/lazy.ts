import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, messageOf, OperationError } from '../../errors.ts';
import type { GitHub, Here } from '../../ports/github.ts';
import type { Log } from '../../ports/log.ts';
import type { Liveness, WorkflowOwner } from '../../ports/owner.ts';
import type { Runner } from './commands.ts';
import { isEnterpriseServer, scratchName } from './environment.ts';
import { inputOf } from './inputs.ts';
import type { Rest } from './rest.ts';

export interface Dependencies {
  readonly here: Here;
  readonly token: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly secret: (value: string) => void;
  readonly runner: Runner;
}

/** GitHub's services. Each client is loaded on first use, so that a refused input pays for none. */
export function lazyGitHub(dependencies: Dependencies): {
  readonly services: GitHub;
  liveness(owner: WorkflowOwner): Promise<Liveness>;
  identityToken(audience: string): Promise<string>;
} {
  const { here, environment, log } = dependencies;
  let opened: Promise<Rest> | undefined;
  const rest = () => {
    opened ??= import('./rest.ts').then(({ openRest }) => openRest(dependencies));
    return opened;
  };
  let scratch: Promise<string> | undefined;
  const tips = new Map<string, Promise<string | undefined>>();
  const answers = new Map<string, Promise<boolean>>();
  const isOn = async (branch: string, commit: string): Promise<boolean> => {
    const { isBehind, tipOf } = await import('./branches.ts');
    const tip = await once(tips, branch, async () => tipOf(await rest(), branch));
    if (tip === undefined)
      throw new InputError(
        `there is no branch ${branch} in ${here.repository}`,
        'Use `branch` to name the branch whose runs make the backups.',
      );
    return once(answers, `${tip} ${commit}`, async () => isBehind(await rest(), commit, tip));
  };
  const services: GitHub = {
    here,
    verdict: inputOf('verdict', environment),
    repository: async () => (await import('./repository.ts')).readRepository(await rest()),
    artifacts: {
      problem: artifactProblem(environment),
      upload: async (name, files, days) => {
        const { uploadArtifact } = await import('./artifacts.ts');
        return uploadArtifact(name, files, days, await services.scratch());
      },
      of: async (run) => (await import('./runs.ts')).artifactsOf(await rest(), run),
      newest: async () => (await import('./runs.ts')).newestArtifacts(await rest()),
      download: async (id, limit) =>
        (await rest()).download(
          'GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/zip',
          { artifact_id: id },
          {
            doing: `download artifact ${id}`,
            permission: 'actions: read',
            limit,
          },
        ),
    },
    runs: {
      get: async (id) => (await import('./runs.ts')).getRun(await rest(), id),
      isOn,
      completed: async (workflow, branch) =>
        (await import('./runs.ts')).completedRuns(await rest(), workflow, branch),
    },
    releases: {
      byTag: async (tag) => (await import('./releases.ts')).releaseByTag(await rest(), tag),
      async *published() {
        yield* (await import('./releases.ts')).publishedReleases(await rest());
      },
      draft: async (tag, title, text) =>
        (await import('./releases.ts')).draftRelease(await rest(), tag, title, text),
      get: async (id) => (await import('./releases.ts')).getRelease(await rest(), id),
      attach: async (id, name, bytes) =>
        (await import('./releases.ts')).attachAsset(await rest(), id, name, bytes),
      publish: async (id) => (await import('./releases.ts')).publishRelease(await rest(), id),
      remove: async (id) => (await import('./releases.ts')).removeRelease(await rest(), id),
      download: async (id, limit) =>
        (await rest()).download(
          'GET /repos/{owner}/{repo}/releases/assets/{asset_id}',
          { asset_id: id },
          {
            doing: `download release asset ${id}`,
            permission: 'contents: read',
            limit,
          },
        ),
    },
    issues: {
      beginning: async (start, which) =>
        (await import('./issues.ts')).issuesBeginning(await rest(), start, which),
      open: async (title, body) => (await import('./issues.ts')).openIssue(await rest(), title, body),
      change: async (number, change) =>
        (await import('./issues.ts')).changeIssue(await rest(), number, change),
    },
    scratch: () => {
      scratch ??= makeScratch(environment);
      return scratch;
    },
    remember: (name, value) => dependencies.runner.state(name, value),
  };
  return {
    services,
    liveness: async (owner) => {
      // Attempts of a run never overlap.
      if (owner.repository === here.repository && owner.run === String(here.runId))
        return Number(owner.attempt) < here.attempt ? 'ended' : 'alive';
      // This token cannot see runs of other repositories.
      if (owner.repository !== here.repository || dependencies.token === undefined) return 'unknown';
      try {
        return await (await import('./runs.ts')).livenessOfRun(await rest(), owner);
      } catch (error) {
        log.debug(`run ${owner.run}: ${messageOf(error)}`);
        return 'unknown';
      }
    },
    identityToken: (audience) => identityToken(audience, dependencies),
  };
}

function once<T>(answers: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const answer = answers.get(key) ?? ask();
  answers.set(key, answer);
  return answer;
}

function artifactProblem(environment: Dependencies['environment']): GitHub['artifacts']['problem'] {
  if (isEnterpriseServer(environment))
    return {
      what: 'GitHub Enterprise Server has no artifact service that this action can use',
      hint: 'Use `publish: release`, or `publish: directory:PATH` and upload that directory in a later step.',
    };
  if (!environment['ACTIONS_RUNTIME_TOKEN'] || !environment['ACTIONS_RESULTS_URL'])
    return {
      what: 'this step has no ACTIONS_RUNTIME_TOKEN, so it cannot upload an artifact',
      hint: 'Run it as an action (`uses:`): a `run:` step gets no such token. Elsewhere use `publish: directory:PATH`.',
    };
  return undefined;
}

async function makeScratch(environment: Dependencies['environment']): Promise<string> {
  const path = join(environment['RUNNER_TEMP'] || tmpdir(), scratchName());
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new OperationError(
      `cannot make the directory ${path}: ${messageOf(error)}`,
      'The runner must be able to write to RUNNER_TEMP.',
      error,
    );
  }
  return path;
}

async function identityToken(audience: string, { environment, secret }: Dependencies): Promise<string> {
  if (!environment['ACTIONS_ID_TOKEN_REQUEST_URL'] || !environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN'])
    throw new InputError(
      'this job may not ask for an identity token',
      'Add to the job: permissions: id-token: write. Workflows of forks never get one.',
    );
  try {
    const { getIDToken } = await import('@actions/core');
    const token = await getIDToken(audience);
    secret(token);
    return token;
  } catch (error) {
    throw new OperationError(
      `GitHub gave no identity token: ${messageOf(error)}`,
      'Run the job again; if it fails again, see githubstatus.com.',
      error,
    );
  }
}
