import { reportInputs } from '../inputs/report.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  coverage: {
    json: true,
    description:
      'JSON: every server, volume, image and key of the project, a list of {kind, id, name, entry, status, newest, why, key, chain}, the worst first; status: failing, uncovered, stale, covered, excluded; key: saved or unsaved, of what is encrypted; chain: how many backups of at most `max-chain`.',
  },
  counts: { json: true, description: 'JSON: how many have each status.' },
  quota: {
    json: true,
    description:
      'JSON: the quota of backups, a list of {quota, used, max, perNight, nights}; nights that it is enough for while nothing is deleted.',
  },
  doubts: {
    json: true,
    description: 'JSON: what is probably not meant, such as a selector that finds nothing.',
  },
} as const satisfies Outputs;

export const report = defineCommand({
  name: 'report',
  summary: 'Report what of a project is backed up as its plan says, and what is not.',
  examples: [
    {
      does: 'Report, and fail where something is not covered, stale or failing',
      words: 'report --cloud production',
    },
    { does: 'Report, and fail only where nothing covers something', words: 'report --fail-on uncovered' },
  ],
  inputs: reportInputs,
  outputs,
  run: async (context, given) => (await import('../run/report.ts')).reportCoverage(context, given),
});
