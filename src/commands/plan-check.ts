import { cloudInputs } from '../inputs/cloud.ts';
import { listInputs } from '../inputs/list.ts';
import { planFileInputs } from '../inputs/plan-file.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  entries: {
    json: true,
    description:
      'JSON: what the plan backs up, with every default filled in: a list of {name, select, kinds, also, method, max-chain, raw, every, max-age, consistency, keep}.',
  },
  warnings: {
    json: true,
    description: 'JSON: what is valid but probably not what you mean, a list of sentences.',
  },
} as const satisfies Outputs;

export const planCheck = defineCommand({
  name: 'plan check',
  bare: 'plan',
  summary: 'Check a plan file, show what it means, and whether the quota is large enough.',
  examples: [
    { does: 'Check the plan of the repository', words: 'plan check --plan .github/openstack-backup.yml' },
    { does: 'Check another plan, with JSON output', words: 'plan check new.yml --json' },
  ],
  inputs: {
    ...planFileInputs,
    offline: { ...listInputs.offline, description: 'Do not ask the cloud; the quota is then not checked.' },
    ...cloudInputs,
  },
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).checkPlan(context, given),
});
