import type { Doubt } from '../../errors.ts';
import type { GitHub, Here, Repository, WorkflowRun } from '../../ports/github.ts';

/** Which runs to trust. */
export interface Trust {
  /** A file name, ".github/workflows/backup.yml" or "backup.yml"; undefined means any. */
  readonly workflow: string | undefined;
  readonly branch: string;
}

/**
 * Why a run's manifest is refused; undefined if it is not. A run of a fork counts as this repository's too, and may
 * name its artifacts as it likes: only the origin of its code and what started it tell.
 */
export function refuseRun(
  run: WorkflowRun,
  repository: Repository,
  here: Here,
  trust: Trust,
): Doubt | undefined {
  if (run.repositoryId !== repository.id || (here.repositoryId ?? repository.id) !== repository.id)
    return { what: 'belongs to another repository', hint: 'Use a run of this one.' };
  if (run.headRepositoryId !== repository.id)
    return {
      what: `ran the code of ${run.headRepositoryId === undefined ? 'a repository that is gone' : 'a fork'}, so anyone may have written its artifacts`,
      hint: 'Use a run of this repository that no fork started.',
    };
  if (run.event.startsWith('pull_request'))
    return {
      what: `was started by ${run.event}, so its artifacts may hold what nobody reviewed`,
      hint: 'Use a run that a schedule, a push or a person started.',
    };
  // Our own run has our branch and workflow. It is not over, but what its earlier jobs and steps published is complete.
  if (run.id === here.runId) return undefined;
  if (run.branch !== trust.branch)
    return {
      what: `ran on branch ${run.branch ?? 'none'}, not on ${trust.branch}`,
      hint: 'If you trust what runs there, name that branch with `branch`.',
    };
  if (trust.workflow !== undefined && !isWorkflow(run.workflow, trust.workflow))
    return {
      what: `belongs to workflow ${run.workflow}, not to ${trust.workflow}`,
      hint: 'Use `workflow` to name the workflow that makes the backups.',
    };
  if (run.status !== 'completed')
    return { what: `has not finished (${run.status})`, hint: 'Wait until it has, or use an earlier one.' };
  return undefined;
}

/**
 * Why a run's commit is refused. If a tag started the run, GitHub gives the tag's name as its branch, and whoever may
 * push a tag may name it like the branch.
 */
export async function refuseCommit(
  run: WorkflowRun,
  { here, runs }: GitHub,
  branch: string,
): Promise<Doubt | undefined> {
  if (run.id === here.runId || (await runs.isOn(branch, run.commit))) return undefined;
  return {
    what: `ran commit ${run.commit.slice(0, 12)}, which is not on branch ${branch}: a tag of that name started it, or somebody has force-pushed the branch since`,
    hint: 'Use a run of a commit that is on the branch now. If you trust this one, download it and give the path of its manifest.json, with `allow-unsigned`.',
  };
}

/** ".github/workflows/backup.yml" → "backup.yml": file names are unique there, titles are not. */
export function workflowFile(workflow: string): string {
  return workflow.split('/').at(-1) ?? workflow;
}

function isWorkflow(path: string, named: string): boolean {
  return path === `.github/workflows/${workflowFile(named)}`;
}
