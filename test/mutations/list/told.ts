import type { Mutation } from '../mutation.ts';

/** What a run tells others: heartbeats, the issue, the badge. */
export const told: readonly Mutation[] = [
  {
    id: 'told/issue-public',
    file: 'planfile/issue.ts',
    what: 'the issue of a public repository names what is red',
    find: '...(red.isPublic ? [PUBLIC] : tableOf(rows, red)),',
    put: '...tableOf(rows, red),',
    tests: ['unit/planfile/issue.test.ts'],
  },
  {
    id: 'told/issue-same',
    file: 'planfile/issue.ts',
    what: 'the issue is changed every night',
    find: 'digestIn(first.body) === red.digest',
    put: 'first.body === red.body',
    tests: ['unit/planfile/issue.test.ts', 'embedded/report-issue.test.ts'],
  },
  {
    id: 'told/issue-author',
    file: 'host/github/issues.ts',
    what: "a person's copy of the issue is taken for ours",
    find: "userOf(issue)['type'] === 'Bot'",
    put: "userOf(issue)['type'] !== ''",
    tests: ['embedded/report-issue.test.ts'],
  },
  {
    id: 'told/issue-pull-request',
    file: 'run/report/issue.ts',
    what: 'a pull request changes the issue',
    find: "event?.startsWith('pull_request') || ",
    put: '',
    tests: ['embedded/report-issue.test.ts'],
  },
  {
    id: 'told/heartbeat-parts',
    file: 'run/report/heartbeat.ts',
    what: 'a part of the URL is shown where something repeats it',
    find: '...heartbeatSecrets(url), ',
    put: '',
    tests: ['embedded/heartbeat.test.ts'],
  },
  {
    id: 'told/heartbeat-dry-run',
    file: 'run/report/heartbeat.ts',
    what: 'a dry run says that backups were made',
    find: '  if (dryRun) return work();\n',
    put: '',
    tests: ['embedded/heartbeat.test.ts'],
  },
];
