import { cloudInputs } from '../inputs/cloud.ts';
import { planFileInputs } from '../inputs/plan-file.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  file: { description: 'The file that was written.' },
  text: { description: 'The text of the plan.' },
} as const satisfies Outputs;

export const planInit = defineCommand({
  name: 'plan init',
  bare: 'plan',
  summary: 'Write a first plan that fits the quota of a project.',
  examples: [
    { does: 'Write the plan of the repository', words: 'plan init --cloud production' },
    { does: 'Print a plan without writing it', words: 'plan init --cloud production --dry-run' },
  ],
  inputs: { ...planFileInputs, ...cloudInputs },
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).initPlan(context, given),
});
