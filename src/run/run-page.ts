import type { Here } from '../ports/github.ts';
import type { Host } from '../ports/host.ts';

/** The page of the workflow's run, where whoever is told of it finds the rest. */
export function runPage({ environment }: Pick<Host, 'environment'>, { repository, runId }: Here): string {
  const server = environment['GITHUB_SERVER_URL'] || 'https://github.com';
  return `${server}/${repository}/actions/runs/${runId}`;
}
