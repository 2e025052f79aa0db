import { applyInputs } from '../inputs/apply.ts';
import { savingOutputs } from '../inputs/saving.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  ...savingOutputs,
  due: {
    description:
      'How many resources were due. If 0, there is a manifest only if the run records what earlier runs left to the cloud.',
  },
  started: {
    json: true,
    description:
      'JSON: the Cinder backups that `start-only` left to the cloud, a list of {id, kind, resource, name}; id is that of the backup.',
  },
  pruned: { json: true, description: 'JSON: what was deleted, a list of {kind, id, point}.' },
  coverage: {
    json: true,
    description: 'JSON: the coverage of each resource after the run, as `report` shows it.',
  },
} as const satisfies Outputs;

export const apply = defineCommand({
  name: 'apply',
  summary: 'Carry out a plan: save what is due, delete what no rule keeps, and report.',
  examples: [
    {
      does: 'Carry out the plan of the repository',
      words: 'apply --plan .github/openstack-backup.yml',
    },
    { does: 'Show what another plan would do, and why', words: 'apply --plan new.yml --dry-run' },
  ],
  inputs: applyInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).applyPlan(context, given),
});
