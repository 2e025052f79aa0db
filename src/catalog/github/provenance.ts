import type { Doubt } from '../../errors.ts';
import type { GitHub, Here, Repository, WorkflowRun } from '../../ports/github.ts';

/** Which runs may be believed. */
export interface Trust {
  /** A file's name, ".github/workflows/backup.yml" or "backup.yml"; undefined for any. */
  readonly workflow: string | undefined;
  readonly branch: string;
}

/**
 * Why a run's manifest is not taken; undefined when it is. A fork's run is one of this repository too, with artifacts
 * of any name: what tells is where its code came from and what started it.
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
  // The run that we are in runs the very code that asks: its branch and workflow are ours, and it is not over, but what an
  // earlier job or step of it has published is whole.
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
 * Why the commit that a run ran is not taken: what GitHub calls the run's branch is the name of a tag where a tag
 * started it, and whoever may push a tag may call it as the branch is called.
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

/** "backup.yml" of ".github/workflows/backup.yml": names of files are unique there, titles are not. */
export function workflowFile(workflow: string): string {
  return workflow.split('/').at(-1) ?? workflow;
}

function isWorkflow(path: string, named: string): boolean {
  return path === `.github/workflows/${workflowFile(named)}`;
}
