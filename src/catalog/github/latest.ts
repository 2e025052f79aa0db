import { InputError } from '../../errors.ts';
import { ARTIFACT_PREFIX, MANIFEST_FILE, SEALED_FILE } from '../../manifest/files.ts';
import type { Release, WorkflowRun } from '../../ports/github.ts';
import { counted } from '../../text/words.ts';
import { type Candidate, type Candidates, laterFirst, newestWanted } from '../newest.ts';
import type { Read } from '../read.ts';
import { isBefore } from '../times.ts';
import { artifactCandidate, releaseCandidate, type Search } from './find.ts';
import { refuseCommit, refuseRun, workflowFile } from './provenance.ts';

/** How many runs `latest` searches. */
const MOST_RUNS = 300;
/** Pages of a hundred; GitHub lists no more runs of a branch. */
const MOST_PAGES = 10;

/**
 * The newest manifest of the repository that holds what is wanted, among the releases and the artifacts of a workflow's
 * runs. Uses our own workflow unless another is given: any other could have been made to upload what somebody else
 * wrote.
 */
export async function fromRepository(search: Search, from: Sought): Promise<Read> {
  const { candidates, among, hint } = await repositoryCandidates(search, from);
  return newestWanted(candidates, { ...search, among, hint });
}

/** Where in the repository to search. */
export interface Sought {
  readonly artifacts: boolean;
  readonly releases: boolean;
}

/** Where manifests of the repository may be. */
export interface RepositoryCandidates {
  readonly candidates: Candidates;
  /** For messages: what has been searched so far. */
  readonly among: () => string;
  /** What to do when nothing is found. */
  readonly hint: () => string | Promise<string>;
  /** Whether there were more runs than were searched. */
  readonly bounded: () => boolean;
}

/** @throws InputError if the repository has no such workflow */
export async function repositoryCandidates(search: Search, from: Sought): Promise<RepositoryCandidates> {
  const { github } = search;
  const repository = await github.repository();
  const workflow = from.artifacts ? (search.workflow ?? github.here.workflow) : undefined;
  const branch = search.branch ?? repository.defaultBranch;
  const runs = workflow === undefined ? none() : await trustedRuns(workflow, branch, search);
  const releases = from.releases ? await allReleases(search) : [];
  const bound = { looked: 0 };
  return {
    candidates: inTurn({ runs, releases, branch, bound }, search),
    among: () =>
      `${bound.looked === MOST_RUNS ? 'the last ' : ''}${counted(bound.looked, 'run')} of ${workflow === undefined ? 'no workflow' : workflowFile(workflow)} on ${branch}, and ${counted(releases.length, 'release')}`,
    hint: () =>
      search.workflow === undefined
        ? otherWorkflows(search)
        : 'Check that it publishes to an artifact or a release, and that those have not expired.',
    bounded: () => bound.looked === MOST_RUNS,
  };
}

interface Sources {
  /** By pages, newest first. */
  readonly runs: AsyncIterable<readonly WorkflowRun[]>;
  readonly releases: readonly Release[];
  readonly branch: string;
  /** How many runs were searched. */
  readonly bound: { looked: number };
}

/** A run lives for 35 days at most, and can be repeated for 30: https://docs.github.com/actions/reference/limits */
const LONGEST_RUN_MS = 65 * 86_400_000;

function inTurn(sources: Sources, search: Search): Candidates {
  const waiting = sources.releases.map((release) => releaseCandidate(release, search));
  return async function* each(floor) {
    for await (const run of maybeNewer(sources, floor, search)) {
      while (waiting[0] !== undefined && !isBefore(waiting[0].time, run.updated)) yield* waiting.splice(0, 1);
      yield* await candidatesOf(run, sources.branch, search);
    }
    yield* waiting;
  };
}

/** Each run costs a request, so asks one by one and stops when nothing newer can come. */
async function* maybeNewer(
  { runs, bound }: Sources,
  floor: () => string,
  { warn }: Search,
): AsyncGenerator<WorkflowRun> {
  for await (const page of runs) {
    for (const run of page) {
      if (isBefore(run.updated, floor())) continue;
      if (bound.looked === MOST_RUNS) {
        // If nothing is found, the error says so.
        if (floor() !== '')
          warn(`only the last ${MOST_RUNS} runs were searched: name an older one with artifact:RUN`);
        return;
      }
      bound.looked += 1;
      yield run;
    }
    if (isBefore(page.at(-1)?.created ?? '', longAgo(floor()))) return;
  }
}

function longAgo(floor: string): string {
  return floor === '' ? '' : new Date(Date.parse(floor) - LONGEST_RUN_MS).toISOString();
}

async function candidatesOf(run: WorkflowRun, branch: string, search: Search): Promise<Candidate[]> {
  const ours = (await search.github.artifacts.of(run.id)).filter(
    ({ name, expired }) => name.startsWith(ARTIFACT_PREFIX) && !expired,
  );
  // This costs a request, so only ask for a run that has a manifest.
  const doubt = ours.length === 0 ? undefined : await refuseCommit(run, search.github, branch);
  return ours.map((artifact) => {
    const candidate = artifactCandidate(artifact, run, search);
    return doubt === undefined ? candidate : { ...candidate, load: async () => doubt };
  });
}

/** Lists all, since GitHub does not order them by when they were published. */
async function allReleases({ github, warn }: Search): Promise<Release[]> {
  const ours: Release[] = [];
  let pages = 0;
  for await (const page of github.releases.published()) {
    if (pages === MOST_PAGES) {
      warn(`only ${MOST_PAGES * 100} releases were searched: name an older one with release:TAG`);
      break;
    }
    pages += 1;
    ours.push(...page.filter(isOurs));
  }
  return ours.sort((a, b) => laterFirst(a.updated, b.updated));
}

async function* none(): AsyncGenerator<readonly WorkflowRun[]> {}

/** The workflow's runs on the branch. Skips all others, since anybody can make them. */
async function trustedRuns(
  workflow: string,
  branch: string,
  search: Search,
): Promise<AsyncIterable<readonly WorkflowRun[]>> {
  const { github, log } = search;
  const repository = await github.repository();
  const pages = await github.runs.completed(workflowFile(workflow), branch);
  if (pages === undefined)
    throw new InputError(
      `there is no workflow ${workflowFile(workflow)} in ${github.here.repository}`,
      'Use `workflow` to name the workflow that makes the backups, by its file, such as backup.yml.',
    );
  const isTrusted = (run: WorkflowRun) => {
    const doubt = refuseRun(run, repository, github.here, { workflow, branch });
    if (doubt !== undefined) log.debug(`run ${run.id} ${doubt.what}`);
    return doubt === undefined;
  };
  return (async function* trusted() {
    let listed = 0;
    for await (const page of pages) {
      yield page.filter(isTrusted);
      listed += 1;
      if (listed === MOST_PAGES) return;
    }
  })();
}

function isOurs({ assets }: Release): boolean {
  return assets.some(({ name }) => name === MANIFEST_FILE || name === SEALED_FILE);
}

/** Names the workflows that make backups, for when ours does not. */
async function otherWorkflows({ github }: Search): Promise<string> {
  const ours = (await github.artifacts.newest()).filter(
    ({ name, runId }) => name.startsWith(ARTIFACT_PREFIX) && runId !== undefined,
  );
  const [newest] = ours;
  if (newest?.runId === undefined)
    return 'Use `workflow` to name the workflow that makes the backups, by its file.';
  const { workflow } = await github.runs.get(newest.runId);
  return `Run ${newest.runId} of ${workflowFile(workflow)} has one: if that workflow makes the backups, use \`workflow: ${workflowFile(workflow)}\`.`;
}
