import { cloudInputs } from '../inputs/cloud.ts';
import { planLookInputs } from '../inputs/plan-file.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  resources: {
    json: true,
    description:
      'JSON: every resource of the project and what each entry asks of it, a list of {kind, name, id, entry, state, newest, way, why}; state: due, not due, refused, excluded, not in the plan.',
  },
  quota: {
    json: true,
    description: 'JSON: {before, after}, each a list of texts: "9 of 10 backups".',
  },
  doubts: {
    json: true,
    description: 'JSON: what is probably not meant, such as a selector that finds nothing.',
  },
} as const satisfies Outputs;

export const planShow = defineCommand({
  name: 'plan show',
  bare: 'plan',
  summary:
    'Show what of a plan is due now, which way it would be saved and why, and the quota before and after.',
  examples: [
    {
      does: "Show what is due of the repository's plan",
      words: 'plan show --plan .github/openstack-backup.yml',
    },
    {
      does: 'Show the same of manifests that were downloaded',
      words: 'plan show --manifest directory:downloads --identity file:identity.txt',
    },
  ],
  inputs: { ...planLookInputs, ...cloudInputs },
  outputs,
  run: async (context, given) => (await import('../run/plan-show.ts')).showPlan(context, given),
});
