import { applyInputs } from '../inputs/apply.ts';
import { savingOutputs } from '../inputs/saving.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  ...savingOutputs,
  due: { description: 'How many resources were due. If 0, nothing was saved and there is no manifest.' },
} as const satisfies Outputs;

export const apply = defineCommand({
  name: 'apply',
  summary: 'Carry out a plan: save what is due.',
  examples: [
    {
      does: 'Save everything that the plan says is due',
      words: 'apply --plan .github/openstack-backup.yml',
    },
    { does: 'Show what another plan would save, and why', words: 'apply --plan new.yml --dry-run' },
  ],
  inputs: applyInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).applyPlan(context, given),
});
