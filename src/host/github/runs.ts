import {
  integer,
  type Json,
  list,
  moment,
  object,
  optionalMoment,
  optionalText,
  text,
} from '../../decode.ts';
import type { Artifact, WorkflowRun } from '../../ports/github.ts';
import type { Liveness, WorkflowOwner } from '../../ports/owner.ts';
import type { Rest } from './rest.ts';

const PERMISSION = 'actions: read';
const PAGE = 100;

export async function getRun(rest: Rest, id: number): Promise<WorkflowRun> {
  const doing = { doing: `read run ${id}`, permission: PERMISSION };
  return decodeRun(
    object(await rest.send('GET /repos/{owner}/{repo}/actions/runs/{run_id}', { run_id: id }, doing)),
  );
}

/** @param workflow a file name, as GitHub's URL takes it */
export async function completedRuns(
  rest: Rest,
  workflow: string,
  branch: string,
): Promise<AsyncIterable<readonly WorkflowRun[]> | undefined> {
  const page = (number: number) =>
    rest.find(
      'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs',
      {
        workflow_id: workflow,
        branch,
        status: 'completed',
        exclude_pull_requests: true,
        per_page: PAGE,
        page: number,
      },
      { doing: `list the runs of workflow ${workflow}`, permission: PERMISSION },
    );
  const first = await page(1);
  if (first === undefined) return undefined;
  return pages(first, page);
}

async function* pages(
  first: unknown,
  page: (number: number) => Promise<unknown>,
): AsyncGenerator<readonly WorkflowRun[]> {
  let answer: unknown = first;
  for (let number = 2; answer !== undefined; number += 1) {
    const runs = list(object(answer), 'workflow_runs', decodeRun);
    yield runs;
    answer = runs.length < PAGE ? undefined : await page(number);
  }
}

export async function artifactsOf(rest: Rest, run: number): Promise<Artifact[]> {
  return listArtifacts(
    rest,
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts',
    { run_id: run },
    `of run ${run}`,
  );
}

export async function newestArtifacts(rest: Rest): Promise<Artifact[]> {
  return listArtifacts(rest, 'GET /repos/{owner}/{repo}/actions/artifacts', {}, 'of the repository');
}

async function listArtifacts(
  rest: Rest,
  route: string,
  parameters: Record<string, unknown>,
  of: string,
): Promise<Artifact[]> {
  const doing = { doing: `list the artifacts ${of}`, permission: PERMISSION };
  return list(
    object(await rest.send(route, { ...parameters, per_page: PAGE }, doing)),
    'artifacts',
    decodeArtifact,
  );
}

/** Whether an attempt of a run is over. */
export async function livenessOfRun(rest: Rest, { run, attempt }: WorkflowOwner): Promise<Liveness> {
  const answer = await rest.find(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}',
    { run_id: run, attempt_number: attempt },
    { doing: `read run ${run}`, permission: PERMISSION },
  );
  if (answer === undefined) return 'unknown';
  return text(object(answer), 'status') === 'completed' ? 'ended' : 'alive';
}

function decodeRun(from: Json): WorkflowRun {
  const head = from['head_repository'];
  return {
    id: integer(from, 'id'),
    attempt: integer(from, 'run_attempt'),
    status: text(from, 'status'),
    event: text(from, 'event'),
    branch: optionalText(from, 'head_branch'),
    // The path of a reusable workflow ends with its ref.
    workflow: text(from, 'path').split('@')[0] ?? '',
    repositoryId: integer(object(from['repository'], 'repository'), 'id'),
    headRepositoryId:
      head === null || head === undefined ? undefined : integer(object(head, 'head_repository'), 'id'),
    commit: text(from, 'head_sha'),
    created: moment(from, 'created_at'),
    started: optionalMoment(from, 'run_started_at') ?? moment(from, 'created_at'),
    updated: moment(from, 'updated_at'),
  };
}

function decodeArtifact(from: Json): Artifact {
  const run = from['workflow_run'];
  return {
    id: integer(from, 'id'),
    name: text(from, 'name'),
    size: integer(from, 'size_in_bytes'),
    expired: from['expired'] === true,
    expires: optionalMoment(from, 'expires_at'),
    created: moment(from, 'created_at'),
    sha256: digestOf(from),
    runId: run === null || run === undefined ? undefined : integer(object(run, 'workflow_run'), 'id'),
  };
}

/** "sha256:…" → the hex; undefined if GitHub gives none. */
export function digestOf(from: Json): string | undefined {
  return /^sha256:([0-9a-f]{64})$/.exec(optionalText(from, 'digest') ?? '')?.[1];
}
