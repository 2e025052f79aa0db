import type { Here } from '../../ports/github.ts';
import type { Host } from '../../ports/host.ts';

/** The URL of the workflow run's page, for messages that leave out the details. */
export function runPage({ environment }: Pick<Host, 'environment'>, { repository, runId }: Here): string {
  const server = environment['GITHUB_SERVER_URL'] || 'https://github.com';
  return `${server}/${repository}/actions/runs/${runId}`;
}
