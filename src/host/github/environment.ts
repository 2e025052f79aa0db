import { randomUUID } from 'node:crypto';
import type { Here } from '../../ports/github.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The running step, as the runner's variables describe it. */
export function hereOf(environment: Environment): Here {
  return {
    repository: environment['GITHUB_REPOSITORY'] ?? '',
    repositoryId: whole(environment['GITHUB_REPOSITORY_ID']),
    runId: whole(environment['GITHUB_RUN_ID']) ?? 0,
    attempt: whole(environment['GITHUB_RUN_ATTEMPT']) ?? 1,
    workflow: workflowFile(environment['GITHUB_WORKFLOW_REF'], environment['GITHUB_REPOSITORY'] ?? ''),
    event: environment['GITHUB_EVENT_NAME'],
    ref: environment['GITHUB_REF'],
    vanishes: environment['RUNNER_ENVIRONMENT'] !== 'self-hosted',
    retentionDays: whole(environment['GITHUB_RETENTION_DAYS']),
  };
}

/** "o/r/.github/workflows/backup.yml@refs/heads/main" → ".github/workflows/backup.yml"; undefined for another repository's. */
function workflowFile(ref: string | undefined, repository: string): string | undefined {
  const path = ref?.split('@')[0];
  return path?.startsWith(`${repository}/`) ? path.slice(repository.length + 1) : undefined;
}

/**
 * Detects GitHub Enterprise Server as @actions/artifact and @actions/cache do; neither exports its check.
 * https://github.com/actions/toolkit/blob/main/packages/artifact/src/internal/shared/config.ts
 */
export function isEnterpriseServer(environment: Environment): boolean {
  const url = environment['GITHUB_SERVER_URL'] || 'https://github.com';
  const host = URL.canParse(url) ? new URL(url).hostname.toLowerCase() : '';
  return !(host === 'github.com' || host.endsWith('.ghe.com') || host.endsWith('.localhost'));
}

/** Unique for each step, because several may run at once. */
export function scratchName(): string {
  return `openstack-backup-${randomUUID()}`;
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
