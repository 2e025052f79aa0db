import { reportInputs } from '../inputs/report.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  coverage: {
    json: true,
    description:
      'JSON: every server, volume, image and key of the project, a list of {kind, id, name, entry, status, newest, why, key, chain, verified, proved, restore, unproved, begun}, the worst first; status: failing, uncovered, stale, covered, excluded; key: saved or unsaved, if the resource is encrypted; chain: how many backups, of at most `max-chain`; verified: how deep `verify` found a point good, and how old that point is; proved: how deep the newest drill that passed proved it, and when; restore: how long restores took in drills; unproved: true if that is longer ago than the plan allows; begun: true while the first backup is under way, and the report is not red for it.',
  },
  counts: { json: true, description: 'JSON: how many resources have each status.' },
  quota: {
    json: true,
    description:
      'JSON: the quota of backups, a list of {quota, used, max, perNight, nights}; `nights` is how many more runs fit if nothing is deleted.',
  },
  alarms: {
    json: true,
    description:
      'JSON: the disks that may have been encrypted or wiped, a list of {kind, resource, name, point, taken, what, why}, the newest first; point: the restore point that found it; what: rewritten or emptied.',
  },
  doubts: {
    json: true,
    description: 'JSON: what is probably a mistake, such as a selector that matches nothing.',
  },
} as const satisfies Outputs;

export const report = defineCommand({
  name: 'report',
  summary: 'Report which resources of a project are backed up as its plan says, and which are not.',
  examples: [
    {
      does: 'Report, and fail if something is uncovered, stale or failing',
      words: 'report --cloud production',
    },
    { does: 'Report, and fail only if something is uncovered', words: 'report --fail-on uncovered' },
  ],
  inputs: reportInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).reportCoverage(context, given),
});
