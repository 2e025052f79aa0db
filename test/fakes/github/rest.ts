/** The part of GitHub's REST API that manifests need: the repository, runs, artifacts. */
import type { Call, Reply } from './http.ts';
import { match } from './http.ts';
import { issues, userOf } from './issues.ts';
import { releases } from './releases.ts';
import { need, page } from './rules.ts';
import type { Artifact, GitHubState, Run } from './state.ts';

/** The API's path as on GitHub Enterprise: a client that ignores GITHUB_API_URL finds nothing. */
export const API = '/api/v3';

export function rest(call: Call): Reply | undefined {
  if (!call.path.startsWith(`${API}/`) && !call.path.startsWith('/uploads/')) return undefined;
  if (call.headers.authorization !== `token ${call.tokens.job}`)
    return { status: 401, json: { message: 'Bad credentials' } };
  const { owner, name } = call.state;
  const home = `${API}/repos/${owner}/${name}`;
  if (call.path === `${API}/user`) return userOf(call.state);
  if (call.path === home) return { status: 200, json: repositoryOf(call.state) };
  if (call.path.startsWith(`${home}/actions/`)) {
    need(call, 'actions', 'read');
    return actions(call, call.path.slice(`${home}/actions`.length));
  }
  return (
    commits(call, call.path.slice(home.length)) ?? releases(call, home) ?? issues(call, home) ?? NOT_FOUND
  );
}

const NOT_FOUND: Reply = {
  status: 404,
  json: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' },
};

function repositoryOf(state: GitHubState): unknown {
  return {
    id: state.repositoryId,
    full_name: `${state.owner}/${state.name}`,
    private: state.isPrivate,
    visibility: state.isPrivate ? 'private' : 'public',
    default_branch: state.defaultBranch,
  };
}

/** Branches and their histories. A bare name is a tag first, as git has it. */
function commits(call: Call, path: string): Reply | undefined {
  const { state } = call;
  const branch = match('/branches/:branch', path);
  const compared = match('/compare/:basehead', path);
  if (branch === undefined && compared === undefined) return undefined;
  need(call, 'contents', 'read');
  if (branch !== undefined) {
    const commit = state.branches.get(branch['branch'] ?? '')?.at(-1);
    return commit === undefined
      ? NOT_FOUND
      : { status: 200, json: { name: branch['branch'], commit: { sha: commit } } };
  }
  const [base, head] = (compared?.['basehead'] ?? '').split('...').map((name) => state.commitOf(name));
  if (base === undefined || head === undefined) return NOT_FOUND;
  const history = [...state.branches.values()].find((commits) => commits.includes(base)) ?? [base];
  const [from, to] = [history.indexOf(base), history.indexOf(head)];
  const status = to === -1 ? 'diverged' : to === from ? 'identical' : to < from ? 'behind' : 'ahead';
  return { status: 200, json: { status } };
}

function actions({ state, origin, query }: Call, path: string): Reply {
  const attempt = match('/runs/:run/attempts/:attempt', path);
  const run = match('/runs/:run', path) ?? attempt;
  if (run !== undefined) {
    const found = state.runs.find(({ id }) => id === Number(run['run']));
    if (found === undefined || Number(attempt?.['attempt'] ?? 1) > found.attempt) return NOT_FOUND;
    return { status: 200, json: runOf(state, found) };
  }
  const ofRun = match('/runs/:run/artifacts', path);
  if (ofRun !== undefined || path === '/artifacts') {
    const all = state.artifacts
      .filter(({ runId }) => ofRun === undefined || runId === Number(ofRun['run']))
      .sort((a, b) => b.created.getTime() - a.created.getTime());
    return page(
      query,
      'artifacts',
      all.map((artifact) => artifactOf(state, artifact)),
    );
  }
  const archive = match('/artifacts/:id/zip', path);
  if (archive !== undefined) return archiveOf(state, origin, Number(archive['id']));
  const workflow = match('/workflows/:file/runs', path);
  if (workflow !== undefined) return runsOf(state, query, workflow['file'] ?? '');
  return NOT_FOUND;
}

function runsOf(state: GitHubState, query: URLSearchParams, file: string): Reply {
  const ofWorkflow = state.runs.filter(({ path }) => path === `.github/workflows/${file}`);
  if (ofWorkflow.length === 0) return NOT_FOUND;
  const [branch, status] = [query.get('branch'), query.get('status')];
  const wanted = ofWorkflow
    .filter((run) => (branch === null || run.branch === branch) && (status === null || run.status === status))
    .sort((a, b) => b.started.getTime() - a.started.getTime());
  return page(
    query,
    'workflow_runs',
    wanted.map((run) => runOf(state, run)),
  );
}

function archiveOf(state: GitHubState, origin: string, id: number): Reply {
  const artifact = state.artifacts.find((each) => each.id === id);
  if (artifact === undefined) return NOT_FOUND;
  if (artifact.expired) return { status: 410, json: { message: 'Artifact has expired' } };
  const secret = state.signedDownload(artifact.archive, 'application/zip');
  // Another host than the API's, so that a client has to drop its token.
  const location = `${origin.replace('127.0.0.1', 'localhost')}/blob/out/artifact.zip?sig=${secret}`;
  return { status: 302, headers: { location } };
}

function runOf(state: GitHubState, run: Run): unknown {
  const { owner, name, repositoryId } = state;
  return {
    id: run.id,
    run_attempt: run.attempt,
    status: run.status,
    conclusion: run.conclusion,
    event: run.event,
    head_branch: run.branch,
    head_sha: run.commit,
    path: run.path,
    created_at: run.started.toISOString(),
    run_started_at: run.started.toISOString(),
    updated_at: new Date(
      Math.max(run.started.getTime(), ...ofRun(state, run).map(({ created }) => created.getTime())),
    ).toISOString(),
    repository: { id: repositoryId, full_name: `${owner}/${name}` },
    head_repository:
      run.headRepositoryId === null ? null : { id: run.headRepositoryId, full_name: `someone/${name}` },
  };
}

function ofRun({ artifacts }: GitHubState, { id }: Run): Artifact[] {
  return artifacts.filter(({ runId }) => runId === id);
}

function artifactOf(state: GitHubState, artifact: Artifact): unknown {
  const run = state.runs.find(({ id }) => id === artifact.runId);
  return {
    id: artifact.id,
    name: artifact.name,
    size_in_bytes: artifact.claims ?? artifact.archive.length,
    expired: artifact.expired,
    created_at: artifact.created.toISOString(),
    expires_at: artifact.expires.toISOString(),
    digest: artifact.digest,
    workflow_run: {
      id: artifact.runId,
      repository_id: state.repositoryId,
      head_repository_id: run?.headRepositoryId ?? null,
      head_branch: run?.branch ?? null,
    },
  };
}
